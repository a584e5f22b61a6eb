"""Users and sign-in, retailers, vendors."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
    CREATE TABLE users (
        id uuid PRIMARY KEY,
        phone text NOT NULL,
        name text NOT NULL,
        role text NOT NULL CHECK (role IN ('ADMIN', 'OPERATOR', 'VENDOR', 'RETAILER', 'FREELANCER')),
        password_hash text,
        status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('PENDING', 'ACTIVE', 'SUSPENDED')),
        locale text NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'ne')),
        failed_sign_ins integer NOT NULL DEFAULT 0,
        locked_until timestamptz,
        created_at timestamptz NOT NULL,
        CONSTRAINT users_phone_role_key UNIQUE (phone, role)
    );

    CREATE TABLE role_permissions (
        role text NOT NULL,
        permission text NOT NULL,
        PRIMARY KEY (role, permission)
    );

    CREATE TABLE refresh_tokens (
        id uuid PRIMARY KEY,
        family_id uuid NOT NULL,
        user_id uuid NOT NULL REFERENCES users,
        token_hash bytea NOT NULL CONSTRAINT refresh_tokens_token_hash_key UNIQUE,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        revoked_at timestamptz
    );
    CREATE INDEX refresh_tokens_family_idx ON refresh_tokens (family_id);
    CREATE INDEX refresh_tokens_user_idx ON refresh_tokens (user_id);

    CREATE TABLE one_time_codes (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        code_hash text NOT NULL,
        expires_at timestamptz NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        used_at timestamptz,
        created_at timestamptz NOT NULL
    );
    CREATE INDEX one_time_codes_user_idx ON one_time_codes (user_id, created_at);

    CREATE TABLE console_sessions (
        id_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        csrf_token text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    );
    CREATE INDEX console_sessions_user_idx ON console_sessions (user_id);

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
        created_at timestamptz NOT NULL
    );
    CREATE INDEX retailers_user_idx ON retailers (user_id);
    CREATE INDEX retailers_status_idx ON retailers (status, id);

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
        created_at timestamptz NOT NULL
    );
    CREATE INDEX vendors_user_idx ON vendors (user_id);
    """)
