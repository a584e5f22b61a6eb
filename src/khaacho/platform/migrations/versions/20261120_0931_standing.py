"""Reminders, promises to pay, disputes, and claims of having paid."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("SELECT 1")
