"""Messages nobody could read, and what people made of them."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("SELECT 1")
