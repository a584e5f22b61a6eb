"""What reports look through by time: the steps of orders, messages, payments; and the orders that failed."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
    -- Rows arrive in the order of time and are asked for by days, so a block range index of a few kilobytes finds them;
    -- a tree would be one more page to write for every message and every step.
    CREATE INDEX order_history_created_at_idx ON order_history
        USING brin (created_at) WITH (pages_per_range = 16, autosummarize = on);
    CREATE INDEX inbound_messages_received_at_idx ON inbound_messages
        USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);
    CREATE INDEX outbound_messages_created_at_idx ON outbound_messages
        USING brin (created_at) WITH (pages_per_range = 16, autosummarize = on);
    CREATE INDEX credit_payments_event_at_idx ON credit_payments (event_at) INCLUDE (amount_paisa, state);
    CREATE INDEX orders_failed_idx ON orders (failed_at) WHERE status = 'FAILED';
    -- With its worth in the index, the value of a day's orders is added up without visiting the orders.
    DROP INDEX orders_placed_at_idx;
    CREATE INDEX orders_placed_at_idx ON orders (placed_at) INCLUDE (total_paisa);
    """)
