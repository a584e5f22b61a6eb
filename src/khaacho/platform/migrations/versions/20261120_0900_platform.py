"""The queue, idempotency keys, audit, event deliveries, scheduled runs, rate limits, and the application's role."""

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(QueryBuilderEnvironment().build_install_query().replace("%", "%%"))
    op.execute("""
    CREATE TABLE idempotency_keys (
        scope text NOT NULL,
        -- A header of up to 200 characters, with who sent it before it.
        key text NOT NULL CHECK (length(key) BETWEEN 1 AND 400),
        request_hash bytea NOT NULL,
        outcome jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (scope, key)
    );
    CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

    CREATE TABLE audit_entries (
        id uuid PRIMARY KEY,
        action text NOT NULL,
        subject_kind text NOT NULL,
        subject_id uuid NOT NULL,
        retailer_id uuid,
        actor_id uuid,
        actor_name text NOT NULL,
        reason text,
        old_values jsonb,
        new_values jsonb,
        request_id text,
        created_at timestamptz NOT NULL
    );
    CREATE INDEX audit_entries_subject_idx ON audit_entries (subject_id, id);
    CREATE INDEX audit_entries_retailer_idx ON audit_entries (retailer_id, id) WHERE retailer_id IS NOT NULL;

    CREATE TABLE event_deliveries (
        event_id uuid NOT NULL,
        subscriber text NOT NULL,
        delivered_at timestamptz NOT NULL,
        PRIMARY KEY (event_id, subscriber)
    );
    CREATE INDEX event_deliveries_delivered_at_idx ON event_deliveries (delivered_at);

    CREATE TABLE scheduled_runs (
        job text NOT NULL,
        slot timestamptz NOT NULL,
        -- The worker that runs it; empty when a person started it.
        worker_id uuid,
        attempts integer NOT NULL DEFAULT 1,
        started_at timestamptz NOT NULL,
        retry_at timestamptz,
        finished_at timestamptz,
        outcome jsonb,
        error text,
        PRIMARY KEY (job, slot)
    );
    CREATE INDEX scheduled_runs_unfinished_idx ON scheduled_runs (slot) WHERE finished_at IS NULL;

    -- A job's dedupe key ends as the job is picked: what is committed from then on gets a job of its own, because the
    -- one that runs may have read already.
    CREATE FUNCTION end_dedupe_key() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.dedupe_key := NULL;
        RETURN NEW;
    END $$;
    CREATE TRIGGER pgqueuer_end_dedupe_key BEFORE UPDATE OF status ON pgqueuer
        FOR EACH ROW WHEN (NEW.status = 'picked' AND NEW.dedupe_key IS NOT NULL) EXECUTE FUNCTION end_dedupe_key();

    CREATE TABLE worker_heartbeats (
        worker_id uuid PRIMARY KEY,
        started_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL
    );

    CREATE TABLE rate_limits (
        bucket text PRIMARY KEY,
        window_start timestamptz NOT NULL,
        used integer NOT NULL CHECK (used >= 0)
    );

    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING CONSTRAINT = 'ledger_append_only';
    END $$;

    CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
        FOR EACH ROW EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
