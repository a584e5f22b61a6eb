"""Contacts, what came in, what goes out, and where each conversation stands."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
    -- One row per person. `channel` and `address` say where they last wrote from; both are empty for somebody who never
    -- wrote, who is then reached by phone over the channel in force. `retailer_id` and `vendor_id` are set only where
    -- the phone does not say who this is: a sender known by a provider's user id, or one whose number changed.
    CREATE TABLE contacts (
        id uuid PRIMARY KEY,
        phone text CONSTRAINT contacts_phone_key UNIQUE,
        provider_user_id text CONSTRAINT contacts_provider_user_id_key UNIQUE,
        retailer_id uuid REFERENCES retailers,
        vendor_id uuid REFERENCES vendors,
        profile_name text,
        channel text CHECK (channel IN ('twilio', 'cloud', 'simulator')),
        address text,
        last_inbound_at timestamptz,
        opted_out_at timestamptz,
        created_at timestamptz NOT NULL,
        CHECK (phone IS NOT NULL OR provider_user_id IS NOT NULL),
        CHECK ((channel IS NULL) = (address IS NULL))
    );
    CREATE INDEX contacts_retailer_idx ON contacts (retailer_id) WHERE retailer_id IS NOT NULL;
    CREATE INDEX contacts_vendor_idx ON contacts (vendor_id) WHERE vendor_id IS NOT NULL;

    -- Apart from its contact, because working a message keeps this row locked while new messages still touch that one.
    CREATE TABLE conversations (
        id uuid PRIMARY KEY REFERENCES contacts,
        notes jsonb NOT NULL DEFAULT '{}'
    );

    CREATE TABLE inbound_messages (
        id uuid PRIMARY KEY,
        sequence bigint GENERATED ALWAYS AS IDENTITY,
        channel text NOT NULL,
        provider_message_id text NOT NULL,
        contact_id uuid NOT NULL REFERENCES contacts,
        kind text NOT NULL DEFAULT 'text',
        body text NOT NULL,
        raw jsonb NOT NULL,
        state text NOT NULL DEFAULT 'RECEIVED' CHECK (state IN ('RECEIVED', 'PROCESSED', 'FAILED')),
        intent text,
        not_understood boolean NOT NULL DEFAULT false,
        attempts integer NOT NULL DEFAULT 0,
        error text,
        next_attempt_at timestamptz,
        sent_at timestamptz,
        received_at timestamptz NOT NULL,
        processed_at timestamptz,
        CONSTRAINT inbound_messages_provider_id_key UNIQUE (channel, provider_message_id)
    );
    CREATE INDEX inbound_messages_waiting_idx ON inbound_messages (contact_id, sequence) WHERE state = 'RECEIVED';
    CREATE INDEX inbound_messages_contact_idx ON inbound_messages (contact_id, sequence);
    CREATE INDEX inbound_messages_failed_idx ON inbound_messages (received_at) WHERE state = 'FAILED';

    CREATE TABLE outbound_messages (
        id uuid PRIMARY KEY,
        sequence bigint GENERATED ALWAYS AS IDENTITY,
        contact_id uuid NOT NULL REFERENCES contacts,
        reply_to_id uuid REFERENCES inbound_messages,
        dedupe_key text NOT NULL CONSTRAINT outbound_messages_dedupe_key UNIQUE,
        purpose text NOT NULL,
        body text NOT NULL,
        template text,
        template_values jsonb,
        state text NOT NULL DEFAULT 'QUEUED'
            CHECK (state IN ('QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED')),
        channel text,
        provider_message_id text,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL,
        error text,
        created_at timestamptz NOT NULL,
        sent_at timestamptz,
        delivered_at timestamptz,
        read_at timestamptz
    );
    CREATE UNIQUE INDEX outbound_messages_provider_id_key ON outbound_messages (provider_message_id)
        WHERE provider_message_id IS NOT NULL;
    CREATE INDEX outbound_messages_contact_idx ON outbound_messages (contact_id, sequence);
    CREATE INDEX outbound_messages_waiting_idx ON outbound_messages (contact_id, sequence)
        WHERE state IN ('QUEUED', 'SENDING');
    CREATE INDEX outbound_messages_due_idx ON outbound_messages (next_attempt_at) WHERE state IN ('QUEUED', 'SENDING');
    CREATE INDEX outbound_messages_failed_idx ON outbound_messages (created_at) WHERE state = 'FAILED';
    CREATE INDEX outbound_messages_reply_idx ON outbound_messages (reply_to_id) WHERE reply_to_id IS NOT NULL;

    -- A status callback may arrive before we have stored the provider's id; it waits here.
    CREATE TABLE early_statuses (
        provider_message_id text NOT NULL,
        status text NOT NULL,
        error text,
        received_at timestamptz NOT NULL,
        PRIMARY KEY (provider_message_id, status)
    );
    CREATE INDEX early_statuses_received_at_idx ON early_statuses (received_at);
    """)
    op.execute("""
    DO $$
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            BEGIN
                CREATE ROLE khaacho_app NOLOGIN;
            EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT USAGE ON SCHEMA public TO khaacho_app;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO khaacho_app;
            GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO khaacho_app;
            REVOKE UPDATE, DELETE, TRUNCATE ON ledger_transfers, ledger_holds, ledger_hold_endings, ledger_entries,
                audit_entries FROM khaacho_app;
            REVOKE DELETE ON ledger_accounts FROM khaacho_app;
        END IF;
    END $$;
    """)
