"""The hash chain over ledger and audit [C6], how the audit is looked through, and keys for machines [X12]."""

from alembic import op

revision = "0012"
down_revision = "0011"

SEALED = ("ledger_transfers", "ledger_holds", "ledger_hold_endings", "ledger_entries", "audit_entries")


def upgrade() -> None:
    for table in SEALED:
        # The transaction that wrote the row. Rows of transactions older than the oldest that still runs are all there
        # to be seen, which no id and no time of day can promise. Rows lie in the order of it, nearly, so that a block
        # range index of a few pages finds the new ones and costs writers nothing.
        op.execute(f"""
        ALTER TABLE {table}
            ADD COLUMN written_in bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
        CREATE INDEX {table}_written_in_idx ON {table}
            USING brin (written_in) WITH (pages_per_range = 16, autosummarize = on);
        """)
    op.execute("""
    -- One link of the chain: every row of the sealed tables that transactions from `from_transaction` up to, but not
    -- including, `to_transaction` wrote.
    CREATE TABLE seals (
        number bigint PRIMARY KEY CHECK (number > 0),
        form smallint NOT NULL,
        -- Which server's transactions are counted: a dump that is restored elsewhere meets other numbers.
        cluster_id bigint NOT NULL,
        from_transaction bigint NOT NULL,
        to_transaction bigint NOT NULL,
        row_count bigint NOT NULL CHECK (row_count >= 0),
        note text,
        sealed_at timestamptz NOT NULL,
        root bytea NOT NULL CHECK (length(root) = 32),
        previous_hash bytea NOT NULL CONSTRAINT seals_previous_hash_key UNIQUE CHECK (length(previous_hash) = 32),
        hash bytea NOT NULL CHECK (length(hash) = 32),
        CHECK (from_transaction <= to_transaction)
    );

    -- The rows of one table in a seal: their keys and their digests, one after the other, in the order of the keys.
    CREATE TABLE seal_parts (
        seal_number bigint NOT NULL REFERENCES seals,
        table_name text NOT NULL,
        row_count bigint NOT NULL CHECK (row_count > 0),
        keys bytea NOT NULL,
        digests bytea NOT NULL CHECK (length(digests) = 32 * row_count),
        PRIMARY KEY (seal_number, table_name)
    );
    -- Digests are as good as random: compressing them costs and gains nothing.
    ALTER TABLE seal_parts ALTER COLUMN digests SET STORAGE EXTERNAL;

    -- What people ask the audit for, newest first; the two actions of every order are found without an index of theirs,
    -- they are everywhere.
    CREATE INDEX audit_entries_created_at_idx ON audit_entries (created_at, id);
    CREATE INDEX audit_entries_action_idx ON audit_entries (action, created_at, id)
        WHERE action NOT IN ('ORDER_CREATED', 'ORDER_STATUS_CHANGED');
    -- A key lets a machine do what its scopes name, for the user it belongs to. Only the hash of the key is kept.
    CREATE TABLE api_keys (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        name text NOT NULL,
        key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE,
        ends_with text NOT NULL,
        scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        last_used_at timestamptz,
        revoked_at timestamptz
    );
    CREATE INDEX api_keys_user_idx ON api_keys (user_id);

    -- The history of all schedules, newest first.
    CREATE INDEX scheduled_runs_slot_idx ON scheduled_runs (slot);
    """)
    for table in ("seals", "seal_parts"):
        op.execute(f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """)
    op.execute("""
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT SELECT, INSERT ON seals, seal_parts TO khaacho_app;
            GRANT SELECT, INSERT, UPDATE ON api_keys TO khaacho_app;
        END IF;
    END $$;
    """)
