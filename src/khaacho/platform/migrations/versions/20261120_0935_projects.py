"""Projects, applications and refunds."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("SELECT 1")
