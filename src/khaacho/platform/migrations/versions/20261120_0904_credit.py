"""Credit lines, open items, payments and what they cleared."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
    -- The line's running figures live in ledger_accounts under the same id; locking that row locks the line.
    CREATE TABLE credit_accounts (
        id uuid PRIMARY KEY REFERENCES ledger_accounts,
        retailer_id uuid NOT NULL,
        vendor_id uuid,
        status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'PAUSED', 'BLOCKED')),
        status_reason text,
        limit_paisa bigint NOT NULL CHECK (limit_paisa >= 0),
        max_order_paisa bigint NOT NULL CHECK (max_order_paisa >= 0),
        max_outstanding_days integer NOT NULL CHECK (max_outstanding_days > 0),
        terms_days integer NOT NULL CHECK (terms_days >= 0),
        de_minimis_paisa bigint NOT NULL CHECK (de_minimis_paisa >= 0),
        created_at timestamptz NOT NULL,
        CONSTRAINT credit_accounts_retailer_id_fkey FOREIGN KEY (retailer_id) REFERENCES retailers,
        CONSTRAINT credit_accounts_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES vendors,
        CONSTRAINT credit_accounts_retailer_id_vendor_id_key UNIQUE NULLS NOT DISTINCT (retailer_id, vendor_id)
    );
    CREATE INDEX credit_accounts_vendor_idx ON credit_accounts (vendor_id) WHERE vendor_id IS NOT NULL;

    CREATE TABLE credit_debits (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES credit_accounts,
        retailer_id uuid NOT NULL REFERENCES retailers,
        source_kind text NOT NULL,
        source_id uuid NOT NULL,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        cleared_paisa bigint NOT NULL DEFAULT 0,
        written_off boolean NOT NULL DEFAULT false,
        opened_at timestamptz NOT NULL,
        due_on date NOT NULL,
        cleared_at timestamptz,
        created_at timestamptz NOT NULL,
        CONSTRAINT credit_debits_cleared_check CHECK (cleared_paisa >= 0 AND cleared_paisa <= amount_paisa)
    );
    -- Everything asked about debts is asked about open ones: their index is as small as what is owed today.
    CREATE INDEX credit_debits_open_idx ON credit_debits (account_id, opened_at, id)
        WHERE cleared_paisa < amount_paisa;
    CREATE INDEX credit_debits_open_retailer_idx ON credit_debits (retailer_id, opened_at)
        INCLUDE (amount_paisa, cleared_paisa, due_on) WHERE cleared_paisa < amount_paisa;
    CREATE INDEX credit_debits_account_idx ON credit_debits (account_id, opened_at);
    CREATE INDEX credit_debits_source_idx ON credit_debits (source_id);

    CREATE TABLE credit_payments (
        id uuid PRIMARY KEY,
        retailer_id uuid NOT NULL REFERENCES retailers,
        account_id uuid REFERENCES credit_accounts,
        order_id uuid,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        unapplied_paisa bigint NOT NULL DEFAULT 0 CHECK (unapplied_paisa >= 0 AND unapplied_paisa <= amount_paisa),
        method text NOT NULL CHECK (method IN ('CASH', 'BANK_TRANSFER', 'MOBILE_MONEY', 'CHEQUE')),
        state text NOT NULL CHECK (state IN ('PENDING', 'CLEARED', 'BOUNCED', 'REVERSED')),
        reference text,
        event_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL
    );
    CREATE INDEX credit_payments_retailer_idx ON credit_payments (retailer_id, event_at);
    CREATE INDEX credit_payments_account_idx ON credit_payments (account_id) WHERE account_id IS NOT NULL;
    CREATE INDEX credit_payments_order_idx ON credit_payments (order_id) WHERE order_id IS NOT NULL;

    CREATE TABLE credit_allocations (
        id uuid PRIMARY KEY,
        payment_id uuid NOT NULL REFERENCES credit_payments,
        debit_id uuid NOT NULL REFERENCES credit_debits,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        created_at timestamptz NOT NULL
    );
    CREATE INDEX credit_allocations_payment_idx ON credit_allocations (payment_id);
    CREATE INDEX credit_allocations_debit_idx ON credit_allocations (debit_id);
    """)
