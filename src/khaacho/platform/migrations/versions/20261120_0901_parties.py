"""Users, what roles may do, sign-in, retailers, vendors."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(PEOPLE)
    op.execute(SIGN_IN)
    op.execute(PERMISSIONS)


PEOPLE = """
    CREATE TABLE users (
        id uuid PRIMARY KEY,
        phone text NOT NULL,
        name text NOT NULL,
        role text NOT NULL CHECK (role IN ('ADMIN', 'OPERATOR', 'VENDOR', 'RETAILER', 'FREELANCER')),
        password_hash text,
        status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('PENDING', 'ACTIVE', 'SUSPENDED')),
        locale text NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'ne')),
        created_at timestamptz NOT NULL,
        CONSTRAINT users_phone_role_key UNIQUE (phone, role)
    );
    CREATE INDEX users_role_idx ON users (role, id);

    CREATE TABLE retailers (
        id uuid PRIMARY KEY,
        code text NOT NULL CONSTRAINT retailers_code_key UNIQUE,
        user_id uuid REFERENCES users,
        pasal_name text NOT NULL,
        owner_name text NOT NULL,
        phone text NOT NULL CONSTRAINT retailers_phone_key UNIQUE,
        city text NOT NULL,
        latitude double precision CHECK (latitude BETWEEN -90 AND 90),
        longitude double precision CHECK (longitude BETWEEN -180 AND 180),
        locale text NOT NULL DEFAULT 'ne' CHECK (locale IN ('en', 'ne')),
        status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'ACTIVE', 'SUSPENDED', 'BLOCKED')),
        credit_status text NOT NULL DEFAULT 'ACTIVE' CHECK (credit_status IN ('ACTIVE', 'PAUSED', 'BLOCKED')),
        credit_status_reason text,
        credit_status_automatic boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL,
        -- One narrow text to look through, so that a search over all shops stays one cheap scan.
        search_text text NOT NULL
            GENERATED ALWAYS AS (lower(pasal_name || ' ' || owner_name || ' ' || phone || ' ' || code)) STORED
    );
    CREATE UNIQUE INDEX retailers_user_key ON retailers (user_id);
    CREATE INDEX retailers_status_idx ON retailers (status, id);
    CREATE INDEX retailers_city_idx ON retailers (lower(city), id);

    CREATE TABLE vendors (
        id uuid PRIMARY KEY,
        code text NOT NULL CONSTRAINT vendors_code_key UNIQUE,
        user_id uuid REFERENCES users,
        name text NOT NULL,
        owner_name text NOT NULL,
        phone text NOT NULL CONSTRAINT vendors_phone_key UNIQUE,
        city text NOT NULL,
        latitude double precision CHECK (latitude BETWEEN -90 AND 90),
        longitude double precision CHECK (longitude BETWEEN -180 AND 180),
        radius_km double precision CHECK (radius_km > 0),
        opens_at time,
        closes_at time,
        locale text NOT NULL DEFAULT 'ne' CHECK (locale IN ('en', 'ne')),
        status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'ACTIVE', 'SUSPENDED', 'BLOCKED')),
        active_orders_max integer CHECK (active_orders_max > 0),
        pending_orders_max integer CHECK (pending_orders_max > 0),
        created_at timestamptz NOT NULL,
        search_text text NOT NULL
            GENERATED ALWAYS AS (lower(name || ' ' || owner_name || ' ' || phone || ' ' || code)) STORED,
        CONSTRAINT vendors_hours_check CHECK ((opens_at IS NULL) = (closes_at IS NULL))
    );
    CREATE UNIQUE INDEX vendors_user_key ON vendors (user_id);
    CREATE INDEX vendors_status_idx ON vendors (status, id);
    CREATE INDEX vendors_city_idx ON vendors (lower(city), id);
"""

SIGN_IN = """
    -- One sign-in on one device: every token that came from it ends with it.
    CREATE TABLE sign_ins (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        end_reason text CHECK (end_reason IN ('SIGNED_OUT', 'TOKEN_REUSED', 'REVOKED')),
        CHECK ((ended_at IS NULL) = (end_reason IS NULL))
    );
    CREATE INDEX sign_ins_user_idx ON sign_ins (user_id) WHERE ended_at IS NULL;
    CREATE INDEX sign_ins_started_at_idx ON sign_ins (started_at);

    CREATE TABLE refresh_tokens (
        id uuid PRIMARY KEY,
        sign_in_id uuid NOT NULL REFERENCES sign_ins ON DELETE CASCADE,
        token_hash bytea NOT NULL CONSTRAINT refresh_tokens_token_hash_key UNIQUE,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz
    );
    CREATE INDEX refresh_tokens_sign_in_idx ON refresh_tokens (sign_in_id);

    -- Counted by phone and not by user, so that a phone we do not know is locked like one we do.
    CREATE TABLE sign_in_failures (
        phone text PRIMARY KEY,
        failures integer NOT NULL CHECK (failures > 0),
        last_failed_at timestamptz NOT NULL,
        locked_until timestamptz
    );
    CREATE INDEX sign_in_failures_last_failed_at_idx ON sign_in_failures (last_failed_at);

    CREATE TABLE one_time_codes (
        id uuid PRIMARY KEY,
        phone text NOT NULL,
        code_hash bytea NOT NULL,
        attempts integer NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 5),
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz
    );
    CREATE INDEX one_time_codes_phone_idx ON one_time_codes (phone, created_at);
    CREATE INDEX one_time_codes_expires_at_idx ON one_time_codes (expires_at);

    CREATE TABLE console_sessions (
        id_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        csrf_token text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    );
    CREATE INDEX console_sessions_user_idx ON console_sessions (user_id);
    CREATE INDEX console_sessions_expires_at_idx ON console_sessions (expires_at);
"""

# Owning a row is checked besides: a vendor with offers.write may write the offers of that vendor only.
PERMISSIONS = """
    CREATE TABLE role_permissions (
        role text NOT NULL CHECK (role IN ('ADMIN', 'OPERATOR', 'VENDOR', 'RETAILER', 'FREELANCER')),
        permission text NOT NULL,
        PRIMARY KEY (role, permission)
    );
    INSERT INTO role_permissions (role, permission)
    SELECT unnest(string_to_array(roles, ' ')), permission
    FROM (VALUES
        ('retailers.read', 'ADMIN OPERATOR'),
        ('retailers.write', 'ADMIN OPERATOR'),
        ('vendors.read', 'ADMIN OPERATOR'),
        ('vendors.write', 'ADMIN OPERATOR'),
        ('users.read', 'ADMIN OPERATOR'),
        ('users.approve', 'ADMIN OPERATOR'),
        ('users.write', 'ADMIN'),

        ('catalog.read', 'ADMIN OPERATOR VENDOR RETAILER'),
        ('catalog.write', 'ADMIN OPERATOR'),
        ('catalog.import', 'ADMIN OPERATOR'),
        ('offers.read', 'ADMIN OPERATOR VENDOR'),
        ('offers.write', 'ADMIN OPERATOR VENDOR'),

        ('orders.read', 'ADMIN OPERATOR VENDOR RETAILER'),
        ('orders.place', 'ADMIN OPERATOR RETAILER'),
        ('orders.fulfil', 'ADMIN OPERATOR VENDOR'),
        ('orders.cancel', 'ADMIN OPERATOR VENDOR RETAILER'),
        ('orders.complete', 'ADMIN OPERATOR RETAILER'),
        ('orders.reroute', 'ADMIN OPERATOR'),
        ('orders.recover', 'ADMIN OPERATOR'),
        ('orders.override', 'ADMIN'),

        ('credit.read', 'ADMIN OPERATOR'),
        ('credit.read_own', 'RETAILER'),
        ('credit.write', 'ADMIN OPERATOR'),
        ('payments.write', 'ADMIN OPERATOR'),
        ('adjustments.write', 'ADMIN OPERATOR'),
        ('guardrails.read', 'ADMIN OPERATOR'),
        ('guardrails.write', 'ADMIN OPERATOR'),
        ('ledger.read', 'ADMIN OPERATOR'),
        ('ledger.read_own', 'VENDOR RETAILER'),

        ('messages.read', 'ADMIN OPERATOR'),
        ('messages.send', 'ADMIN OPERATOR'),

        ('insights.read', 'ADMIN OPERATOR'),
        ('analytics.read', 'ADMIN OPERATOR'),
        ('exports.run', 'ADMIN OPERATOR'),
        ('audit.read', 'ADMIN OPERATOR'),

        ('jobs.read', 'ADMIN OPERATOR'),
        ('jobs.run', 'ADMIN OPERATOR'),
        ('settings.read', 'ADMIN OPERATOR'),
        ('settings.write', 'ADMIN'),
        ('api_keys.write', 'ADMIN'),

        ('credits.view_own', 'FREELANCER'),
        ('credits.view_packages', 'ADMIN OPERATOR FREELANCER'),
        ('credits.purchase', 'FREELANCER'),
        ('credits.view_history', 'FREELANCER'),
        ('credits.request_refund', 'FREELANCER'),
        ('credits.admin.view_all', 'ADMIN OPERATOR'),
        ('credits.admin.analytics', 'ADMIN OPERATOR'),
        ('credits.admin.export', 'ADMIN OPERATOR'),
        ('credits.admin.adjust', 'ADMIN'),
        ('credits.admin.refund', 'ADMIN'),
        ('credits.admin.settings', 'ADMIN'),

        ('projects.read', 'ADMIN OPERATOR VENDOR RETAILER FREELANCER'),
        ('projects.post', 'ADMIN OPERATOR VENDOR RETAILER'),
        ('projects.apply', 'FREELANCER')
    ) AS seeded (permission, roles);
"""
