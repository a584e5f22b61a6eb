"""What the risk pages and the insights read."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("SELECT 1")
