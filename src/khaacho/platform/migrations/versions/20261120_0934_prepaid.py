"""Prepaid credits: packages, prices, purchases and the events of payment gateways."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("SELECT 1")
