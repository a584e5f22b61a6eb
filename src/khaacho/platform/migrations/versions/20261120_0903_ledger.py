"""The ledger: accounts, transfers, holds and their endings, entries. Append-only, also for raw SQL."""

from alembic import op

revision = "0004"
down_revision = "0003"

APPEND_ONLY = ("ledger_transfers", "ledger_holds", "ledger_hold_endings", "ledger_entries")


def upgrade() -> None:
    op.execute("""
    -- Debits count up, credits down: `posted` is debits minus credits. Holds are debits still to come.
    -- A receivable has its limit as ceiling; a prepaid balance (a debt of ours, so negative) has ceiling zero.
    CREATE TABLE ledger_accounts (
        id uuid PRIMARY KEY,
        kind text NOT NULL,
        unit text NOT NULL CHECK (unit IN ('NPR', 'INR', 'CREDITS')),
        owner_id uuid,
        keeps_balance boolean NOT NULL,
        posted bigint NOT NULL DEFAULT 0,
        held bigint NOT NULL DEFAULT 0 CONSTRAINT ledger_accounts_held_check CHECK (held >= 0),
        ceiling bigint,
        floor bigint,
        version bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        CONSTRAINT ledger_accounts_id_unit_key UNIQUE (id, unit),
        CONSTRAINT ledger_accounts_kind_owner_key UNIQUE NULLS NOT DISTINCT (kind, unit, owner_id),
        CONSTRAINT ledger_accounts_ceiling_check CHECK (ceiling IS NULL OR posted + held <= ceiling),
        CONSTRAINT ledger_accounts_floor_check CHECK (floor IS NULL OR posted >= floor),
        CONSTRAINT ledger_accounts_unkept_check CHECK (keeps_balance OR (posted = 0 AND held = 0 AND version = 0))
    ) WITH (fillfactor = 60);

    CREATE TABLE ledger_transfers (
        id uuid PRIMARY KEY,
        debit_account_id uuid NOT NULL,
        credit_account_id uuid NOT NULL,
        unit text NOT NULL,
        amount bigint NOT NULL CONSTRAINT ledger_transfers_amount_check CHECK (amount > 0),
        code text NOT NULL,
        source_kind text NOT NULL,
        source_id uuid NOT NULL,
        hold_id uuid,
        reverses_id uuid REFERENCES ledger_transfers CONSTRAINT ledger_transfers_reverses_id_key UNIQUE,
        idempotency_key text NOT NULL CONSTRAINT ledger_transfers_idempotency_key_key UNIQUE,
        event_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL,
        CONSTRAINT ledger_transfers_sides_check CHECK (debit_account_id <> credit_account_id),
        CONSTRAINT ledger_transfers_debit_account_fkey
            FOREIGN KEY (debit_account_id, unit) REFERENCES ledger_accounts (id, unit),
        CONSTRAINT ledger_transfers_credit_account_fkey
            FOREIGN KEY (credit_account_id, unit) REFERENCES ledger_accounts (id, unit)
    );
    CREATE INDEX ledger_transfers_debit_idx ON ledger_transfers (debit_account_id, event_at);
    CREATE INDEX ledger_transfers_credit_idx ON ledger_transfers (credit_account_id, event_at);
    CREATE INDEX ledger_transfers_source_idx ON ledger_transfers (source_id);

    CREATE TABLE ledger_holds (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES ledger_accounts,
        amount bigint NOT NULL CHECK (amount > 0),
        source_kind text NOT NULL,
        source_id uuid NOT NULL,
        idempotency_key text NOT NULL CONSTRAINT ledger_holds_idempotency_key_key UNIQUE,
        expires_at timestamptz,
        created_at timestamptz NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL
    );
    CREATE INDEX ledger_holds_account_idx ON ledger_holds (account_id, id);
    CREATE INDEX ledger_holds_source_idx ON ledger_holds (source_id);
    ALTER TABLE ledger_transfers
        ADD CONSTRAINT ledger_transfers_hold_fkey FOREIGN KEY (hold_id) REFERENCES ledger_holds;
    CREATE INDEX ledger_transfers_hold_idx ON ledger_transfers (hold_id) WHERE hold_id IS NOT NULL;

    -- A hold ends once: its ending is a row of its own, and that row's key is the hold.
    CREATE TABLE ledger_hold_endings (
        hold_id uuid CONSTRAINT ledger_hold_endings_pkey PRIMARY KEY REFERENCES ledger_holds,
        kind text NOT NULL CHECK (kind IN ('SETTLED', 'RELEASED', 'EXPIRED')),
        settled_amount bigint NOT NULL CHECK (settled_amount >= 0),
        released_amount bigint NOT NULL CHECK (released_amount >= 0),
        created_at timestamptz NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL,
        CHECK ((kind = 'SETTLED') = (settled_amount > 0))
    );

    -- The journal of every account that keeps a balance: one row per change, numbered without gaps.
    CREATE TABLE ledger_entries (
        account_id uuid NOT NULL REFERENCES ledger_accounts,
        version bigint NOT NULL CHECK (version > 0),
        kind text NOT NULL CHECK (kind IN ('POST', 'HOLD', 'SETTLE', 'RELEASE')),
        transfer_id uuid REFERENCES ledger_transfers,
        hold_id uuid REFERENCES ledger_holds,
        posted_change bigint NOT NULL,
        held_change bigint NOT NULL,
        posted_before bigint NOT NULL,
        posted_after bigint NOT NULL,
        held_before bigint NOT NULL,
        held_after bigint NOT NULL,
        event_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (account_id, version),
        CONSTRAINT ledger_entries_posted_check CHECK (posted_after = posted_before + posted_change),
        CONSTRAINT ledger_entries_held_check CHECK (held_after = held_before + held_change),
        CONSTRAINT ledger_entries_cause_check CHECK (
            (kind IN ('HOLD', 'RELEASE') AND hold_id IS NOT NULL AND transfer_id IS NULL AND posted_change = 0)
            OR (kind = 'SETTLE' AND hold_id IS NOT NULL AND transfer_id IS NOT NULL)
            OR (kind = 'POST' AND transfer_id IS NOT NULL AND held_change = 0)
        )
    );
    CREATE INDEX ledger_entries_transfer_idx ON ledger_entries (transfer_id) WHERE transfer_id IS NOT NULL;
    CREATE INDEX ledger_entries_hold_idx ON ledger_entries (hold_id) WHERE hold_id IS NOT NULL;
    """)
    for table in APPEND_ONLY:
        op.execute(f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """)
