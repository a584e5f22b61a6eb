"""Adjustments, cheques that clear or bounce, and what was undone."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("SELECT 1")
