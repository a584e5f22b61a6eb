"""Adjustments, cheques that clear or bounce, and what was undone."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(ADJUSTMENTS)
    op.execute(PAYMENTS)
    op.execute(ALLOCATIONS)
    op.execute(GRANTS)


ADJUSTMENTS = """
    -- A change of what is owed that is neither goods nor money. A DEBIT opens an item, a CREDIT clears items.
    CREATE TABLE credit_adjustments (
        id uuid PRIMARY KEY,
        retailer_id uuid NOT NULL REFERENCES retailers,
        account_id uuid NOT NULL REFERENCES credit_accounts,
        debit_id uuid REFERENCES credit_debits,
        kind text NOT NULL CHECK (kind IN ('DEBIT', 'CREDIT')),
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        unapplied_paisa bigint NOT NULL DEFAULT 0,
        reason text NOT NULL CHECK (
            reason IN ('RETURN', 'DISPUTE', 'CHARGEBACK', 'PROMOTION', 'WRITE_OFF', 'OPENING_BALANCE')
        ),
        note text,
        state text NOT NULL CHECK (state IN ('POSTED', 'REVERSED')),
        event_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL,
        ended_at timestamptz,
        end_reason text,
        CONSTRAINT credit_adjustments_unapplied_check CHECK (
            unapplied_paisa >= 0 AND unapplied_paisa <= amount_paisa
            AND (unapplied_paisa = 0 OR (kind = 'CREDIT' AND state = 'POSTED'))
        ),
        CONSTRAINT credit_adjustments_ended_check CHECK ((state = 'REVERSED') = (ended_at IS NOT NULL))
    );
    CREATE INDEX credit_adjustments_retailer_idx ON credit_adjustments (retailer_id, event_at);
    CREATE INDEX credit_adjustments_account_idx ON credit_adjustments (account_id);
    CREATE INDEX credit_adjustments_debit_idx ON credit_adjustments (debit_id) WHERE debit_id IS NOT NULL;
    CREATE INDEX credit_adjustments_ahead_idx ON credit_adjustments (account_id) WHERE unapplied_paisa > 0;
"""

PAYMENTS = """
    -- `debit_id` is the item a cheque was meant for, remembered until it clears.
    ALTER TABLE credit_payments
        ADD COLUMN debit_id uuid REFERENCES credit_debits,
        ADD COLUMN cleared_at timestamptz,
        ADD COLUMN ended_at timestamptz,
        ADD COLUMN end_reason text,
        ADD CONSTRAINT credit_payments_unspent_check CHECK (unapplied_paisa = 0 OR state = 'CLEARED'),
        ADD CONSTRAINT credit_payments_cheque_check
            CHECK (state IN ('CLEARED', 'REVERSED') OR method = 'CHEQUE'),
        ADD CONSTRAINT credit_payments_ended_check
            CHECK ((state IN ('BOUNCED', 'REVERSED')) = (ended_at IS NOT NULL));
    CREATE INDEX credit_payments_debit_idx ON credit_payments (debit_id) WHERE debit_id IS NOT NULL;
    CREATE INDEX credit_payments_ahead_idx ON credit_payments (account_id) WHERE unapplied_paisa > 0;
    CREATE INDEX credit_payments_pending_idx ON credit_payments (event_at) WHERE state = 'PENDING';

    -- Written off is an item that a write-off closed; one that opens again is not.
    ALTER TABLE credit_debits
        ADD CONSTRAINT credit_debits_written_off_check CHECK (NOT written_off OR cleared_paisa = amount_paisa);
"""

ALLOCATIONS = """
    -- What cleared an item is a payment or an adjustment. Nothing is edited: what is undone is a row of its own, with
    -- the amount below zero, and each row is undone at most once.
    ALTER TABLE credit_allocations
        ALTER COLUMN payment_id DROP NOT NULL,
        ADD COLUMN adjustment_id uuid REFERENCES credit_adjustments,
        ADD COLUMN undoes_id uuid REFERENCES credit_allocations
            CONSTRAINT credit_allocations_undoes_id_key UNIQUE,
        DROP CONSTRAINT credit_allocations_amount_paisa_check,
        ADD CONSTRAINT credit_allocations_amount_paisa_check
            CHECK (amount_paisa <> 0 AND (amount_paisa < 0) = (undoes_id IS NOT NULL)),
        ADD CONSTRAINT credit_allocations_cause_check CHECK (num_nonnulls(payment_id, adjustment_id) = 1);
    CREATE INDEX credit_allocations_adjustment_idx ON credit_allocations (adjustment_id)
        WHERE adjustment_id IS NOT NULL;
"""

GRANTS = """
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT SELECT, INSERT, UPDATE, DELETE ON credit_adjustments TO khaacho_app;
        END IF;
    END $$;
"""
