"""Reminders, promises to pay, disputes, and claims of having paid."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""
    -- The morning's question: which open items stand one day before, on, or some days after their due day?
    CREATE INDEX credit_debits_open_due_idx ON credit_debits (due_on, retailer_id) WHERE cleared_paisa < amount_paisa;
    -- And the pause's: which have been open since before a day?
    CREATE INDEX credit_debits_open_since_idx ON credit_debits (opened_at) INCLUDE (account_id, retailer_id)
        WHERE cleared_paisa < amount_paisa;

    -- Whoever inserts the row sends the reminder: each stage of an item once, whatever runs twice.
    CREATE TABLE credit_reminders (
        debit_id uuid NOT NULL REFERENCES credit_debits,
        stage text NOT NULL CHECK (stage IN ('T-1', 'T+0', 'T+3')),
        message_id uuid NOT NULL,
        retailer_id uuid NOT NULL REFERENCES retailers,
        remaining_paisa bigint NOT NULL CHECK (remaining_paisa > 0),
        claimed_at timestamptz NOT NULL,
        PRIMARY KEY (debit_id, stage)
    );
    CREATE INDEX credit_reminders_retailer_idx ON credit_reminders (retailer_id, claimed_at);
    CREATE INDEX credit_reminders_message_idx ON credit_reminders (message_id);

    CREATE TABLE credit_promises (
        id uuid PRIMARY KEY,
        retailer_id uuid NOT NULL REFERENCES retailers,
        promised_on date NOT NULL,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        note text,
        state text NOT NULL DEFAULT 'LIVE' CHECK (state IN ('LIVE', 'REPLACED', 'KEPT', 'BROKEN')),
        paid_paisa bigint CHECK (paid_paisa >= 0),
        made_at timestamptz NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL,
        ended_at timestamptz,
        CHECK ((state = 'LIVE') = (ended_at IS NULL))
    );
    CREATE UNIQUE INDEX credit_promises_one_live_per_retailer ON credit_promises (retailer_id) WHERE state = 'LIVE';
    CREATE INDEX credit_promises_retailer_idx ON credit_promises (retailer_id, made_at);
    CREATE INDEX credit_promises_live_idx ON credit_promises (promised_on) WHERE state = 'LIVE';
    CREATE INDEX credit_promises_broken_idx ON credit_promises (ended_at) WHERE state = 'BROKEN';

    CREATE TABLE credit_disputes (
        id uuid PRIMARY KEY,
        debit_id uuid NOT NULL REFERENCES credit_debits,
        retailer_id uuid NOT NULL REFERENCES retailers,
        reason text NOT NULL,
        opened_at timestamptz NOT NULL,
        opened_by_id uuid,
        opened_by_name text NOT NULL,
        resolved_at timestamptz,
        resolved_by_id uuid,
        resolved_by_name text,
        note text,
        CHECK ((resolved_at IS NULL) = (resolved_by_name IS NULL))
    );
    CREATE UNIQUE INDEX credit_disputes_one_open_per_debit ON credit_disputes (debit_id) WHERE resolved_at IS NULL;
    CREATE INDEX credit_disputes_debit_idx ON credit_disputes (debit_id, opened_at);
    CREATE INDEX credit_disputes_retailer_idx ON credit_disputes (retailer_id, opened_at);

    -- A shop says it has paid: no money, only a task for a person who looks.
    CREATE TABLE payment_claims (
        id uuid PRIMARY KEY,
        retailer_id uuid NOT NULL REFERENCES retailers,
        said text NOT NULL,
        times integer NOT NULL DEFAULT 1 CHECK (times > 0),
        state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'DONE')),
        created_at timestamptz NOT NULL,
        last_said_at timestamptz NOT NULL,
        closed_at timestamptz,
        closed_by_id uuid,
        closed_by_name text,
        note text,
        CHECK ((state = 'DONE') = (closed_at IS NOT NULL))
    );
    CREATE UNIQUE INDEX payment_claims_one_open_per_retailer ON payment_claims (retailer_id) WHERE state = 'OPEN';
    CREATE INDEX payment_claims_open_idx ON payment_claims (id) WHERE state = 'OPEN';
    CREATE INDEX payment_claims_retailer_idx ON payment_claims (retailer_id, created_at);
    """)
    op.execute("""
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT SELECT, INSERT, UPDATE, DELETE ON credit_reminders, credit_promises, credit_disputes, payment_claims
                TO khaacho_app;
        END IF;
    END $$;
    """)
