"""What the risk pages and the insights read."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(RISK)
    op.execute(INSIGHTS)
    op.execute(GRANTS)


RISK = """
    -- What credit may know of a shop, so that risk is told in one statement with its names.
    CREATE VIEW credit_shops AS
        SELECT id AS retailer_id, code, pasal_name, owner_name, phone, search_text, status, credit_status
        FROM retailers;

    -- A line's terms with its running figures, which the ledger keeps under the same id.
    CREATE VIEW credit_lines AS
        SELECT line.id, line.retailer_id, line.vendor_id, line.status, line.limit_paisa, line.max_order_paisa,
            line.max_outstanding_days, line.terms_days, line.de_minimis_paisa, account.posted AS posted_paisa,
            account.held AS held_paisa, account.posted + account.held AS used_paisa
        FROM credit_accounts AS line
        JOIN ledger_accounts AS account ON account.id = line.id;

    -- When an item was cleared, as the ledger's transfer says it: earlier than it was written where it was told late.
    ALTER TABLE credit_allocations ADD COLUMN event_at timestamptz;
    UPDATE credit_allocations AS part SET event_at = payment.event_at
        FROM credit_payments AS payment WHERE payment.id = part.payment_id;
    ALTER TABLE credit_allocations ALTER COLUMN event_at SET NOT NULL;

    -- A line that came into danger, since when, and until when: one open row per line and kind of danger.
    CREATE TABLE credit_risk_flags (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES credit_accounts,
        kind text NOT NULL CHECK (kind IN ('HIGH_CREDIT_USAGE', 'OVERDUE_CREDIT')),
        severity text NOT NULL CHECK (severity IN ('HIGH', 'CRITICAL')),
        amount_paisa bigint NOT NULL CHECK (amount_paisa >= 0),
        raised_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        cleared_at timestamptz
    );
    CREATE UNIQUE INDEX credit_risk_flags_one_open ON credit_risk_flags (account_id, kind) WHERE cleared_at IS NULL;
    CREATE INDEX credit_risk_flags_account_idx ON credit_risk_flags (account_id, raised_at);

    -- What is late on a line is summed without a visit to its items, by the lock of an order and by the nightly look.
    DROP INDEX credit_debits_open_idx;
    CREATE INDEX credit_debits_open_idx ON credit_debits (account_id, opened_at, id)
        INCLUDE (amount_paisa, cleared_paisa, due_on) WHERE cleared_paisa < amount_paisa;

    -- Orders past a guardrail are few, and looked for by when they were placed.
    CREATE INDEX orders_overridden_idx ON orders (placed_at) WHERE override_reason IS NOT NULL;
"""

INSIGHTS = """
    -- Counted anew every night, all at once: half of each page is left free for the new version of its rows. Whoever
    -- asks about one shop gets today's figures, counted for that shop alone.
    CREATE TABLE retailer_insights (
        retailer_id uuid PRIMARY KEY REFERENCES retailers,
        orders_this_week integer NOT NULL CHECK (orders_this_week >= 0),
        orders_last_week integer NOT NULL CHECK (orders_last_week >= 0),
        orders_this_month integer NOT NULL CHECK (orders_this_month >= 0),
        orders_last_days integer NOT NULL CHECK (orders_last_days >= 0),
        total_spent_paisa bigint NOT NULL CHECK (total_spent_paisa >= 0),
        avg_order_paisa bigint NOT NULL CHECK (avg_order_paisa >= 0),
        days_active integer NOT NULL CHECK (days_active BETWEEN 0 AND 30),
        counted_at timestamptz NOT NULL
    ) WITH (fillfactor = 45);
"""

GRANTS = """
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT SELECT ON credit_shops, credit_lines TO khaacho_app;
            GRANT SELECT, INSERT, UPDATE, DELETE ON credit_risk_flags, retailer_insights TO khaacho_app;
        END IF;
    END $$;
"""
