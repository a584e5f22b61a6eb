"""Prepaid credits: packages, prices, purchases and the events of payment gateways."""

from alembic import op

revision = "0013"
down_revision = "0012"

APPEND_ONLY = ("prepaid_terms", "prepaid_movements", "prepaid_payments", "prepaid_gateway_refunds")


def upgrade() -> None:
    op.execute(PRICES)
    op.execute(PURCHASES)
    op.execute(UNITS)
    op.execute(SANDBOX)
    for table in APPEND_ONLY:
        op.execute(f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """)
    op.execute(f"""
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT SELECT, INSERT, UPDATE, DELETE ON prepaid_terms, prepaid_packages, prepaid_orders, prepaid_payments,
                prepaid_gateway_refunds, prepaid_gateway_events, prepaid_movements, prepaid_lots, prepaid_lot_uses,
                prepaid_bonuses, sandbox_orders, sandbox_payments, sandbox_refunds, sandbox_webhooks TO khaacho_app;
            REVOKE UPDATE, DELETE, TRUNCATE ON {", ".join(APPEND_ONLY)} FROM khaacho_app;
        END IF;
    END $$;
    """)


PRICES = """
    -- What holds from when on; the newest row that is in effect counts. Prices are Indian paisa for one credit.
    CREATE TABLE prepaid_terms (
        id uuid PRIMARY KEY,
        effective_at timestamptz NOT NULL,
        base_price_paisa bigint NOT NULL CHECK (base_price_paisa > 0),
        application_units integer NOT NULL CHECK (application_units > 0),
        signup_bonus_units integer NOT NULL CHECK (signup_bonus_units >= 0),
        order_units_max integer NOT NULL CHECK (order_units_max > 0),
        balance_units_max integer NOT NULL CHECK (balance_units_max >= order_units_max),
        -- Nepali paisa for ten thousand Indian ones; the two currencies are pegged.
        npr_per_inr_basis_points integer NOT NULL CHECK (npr_per_inr_basis_points > 0),
        created_at timestamptz NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL
    );
    CREATE INDEX prepaid_terms_effective_at_idx ON prepaid_terms (effective_at DESC, id DESC);
    INSERT INTO prepaid_terms VALUES
        ('01890000-0000-7000-8000-000000000001', '2020-01-01 00:00:00+00', 5000, 1, 5, 200, 1000, 16000,
        '2020-01-01 00:00:00+00', NULL, 'SYSTEM');

    CREATE TABLE prepaid_packages (
        id uuid PRIMARY KEY,
        name text NOT NULL CONSTRAINT prepaid_packages_name_key UNIQUE,
        units integer NOT NULL CHECK (units > 0),
        discount_basis_points integer NOT NULL DEFAULT 0 CHECK (discount_basis_points BETWEEN 0 AND 9999),
        -- Empty where the price follows the base price.
        fixed_price_paisa bigint CHECK (fixed_price_paisa > 0),
        popular boolean NOT NULL DEFAULT false,
        active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        CHECK (fixed_price_paisa IS NULL OR discount_basis_points = 0)
    );
    INSERT INTO prepaid_packages
    SELECT ('01890000-0000-7000-8000-00000000010' || place)::uuid, name, units, discount, NULL, popular, true,
        '2020-01-01 00:00:00+00', '2020-01-01 00:00:00+00'
    FROM (VALUES
        (1, 'Starter', 10, 0, false),
        (2, 'Basic', 25, 1000, false),
        (3, 'Pro', 50, 2000, true),
        (4, 'Enterprise', 100, 3000, false)
    ) AS seeded (place, name, units, discount, popular);
"""

PURCHASES = """
    -- What somebody set out to buy, stored before the gateway hears of it, with the price as it was then.
    CREATE TABLE prepaid_orders (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        gateway text NOT NULL CHECK (gateway IN ('RAZORPAY', 'ESEWA')),
        receipt text NOT NULL CONSTRAINT prepaid_orders_receipt_key UNIQUE,
        -- Empty until the gateway has answered.
        gateway_order_id text,
        units integer NOT NULL CHECK (units > 0),
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        currency text NOT NULL CHECK (currency IN ('INR', 'NPR')),
        price_inr_paisa bigint NOT NULL CHECK (price_inr_paisa > 0),
        base_price_paisa bigint NOT NULL CHECK (base_price_paisa > 0),
        package_id uuid REFERENCES prepaid_packages,
        package_name text,
        discount_basis_points integer NOT NULL DEFAULT 0,
        state text NOT NULL DEFAULT 'CREATED' CHECK (state IN ('CREATED', 'OPEN', 'PAID', 'EXPIRED')),
        failure text,
        ip text,
        user_agent text,
        idempotency_key text,
        created_at timestamptz NOT NULL,
        paid_at timestamptz,
        -- When to ask the gateway about it again; empty when there is nothing left to ask.
        ask_at timestamptz,
        CONSTRAINT prepaid_orders_gateway_order_id_key UNIQUE (gateway, gateway_order_id),
        CONSTRAINT prepaid_orders_idempotency_key_key UNIQUE (user_id, idempotency_key),
        CHECK ((state = 'PAID') = (paid_at IS NOT NULL))
    );
    CREATE INDEX prepaid_orders_user_idx ON prepaid_orders (user_id, id);
    CREATE INDEX prepaid_orders_package_idx ON prepaid_orders (package_id) WHERE package_id IS NOT NULL;
    CREATE INDEX prepaid_orders_ask_at_idx ON prepaid_orders (ask_at) WHERE ask_at IS NOT NULL;

    -- A payment that was taken and credited: its key is what makes crediting it happen once.
    CREATE TABLE prepaid_payments (
        gateway text NOT NULL,
        gateway_payment_id text NOT NULL,
        order_id uuid NOT NULL REFERENCES prepaid_orders,
        user_id uuid NOT NULL REFERENCES users,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        currency text NOT NULL,
        units integer NOT NULL CHECK (units > 0),
        overflow_units integer NOT NULL CHECK (overflow_units >= 0),
        movement_id uuid NOT NULL,
        learned_by text NOT NULL CHECK (learned_by IN ('VERIFY', 'WEBHOOK', 'RECONCILIATION')),
        paid_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT prepaid_payments_pkey PRIMARY KEY (gateway, gateway_payment_id)
    );
    CREATE INDEX prepaid_payments_order_idx ON prepaid_payments (order_id);
    CREATE INDEX prepaid_payments_user_idx ON prepaid_payments (user_id);

    -- Money the gateway gave back. Units that were spent already cannot be taken: they are the shortfall.
    CREATE TABLE prepaid_gateway_refunds (
        gateway text NOT NULL,
        gateway_refund_id text NOT NULL,
        gateway_payment_id text NOT NULL,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        units_taken integer NOT NULL CHECK (units_taken >= 0),
        units_short integer NOT NULL CHECK (units_short >= 0),
        movement_id uuid,
        created_at timestamptz NOT NULL,
        CONSTRAINT prepaid_gateway_refunds_pkey PRIMARY KEY (gateway, gateway_refund_id),
        CONSTRAINT prepaid_gateway_refunds_payment_fkey
            FOREIGN KEY (gateway, gateway_payment_id) REFERENCES prepaid_payments
    );
    CREATE INDEX prepaid_gateway_refunds_payment_idx ON prepaid_gateway_refunds (gateway, gateway_payment_id);

    -- Which events of a gateway were heard. Of the body only ids are kept: it names people.
    CREATE TABLE prepaid_gateway_events (
        gateway text NOT NULL,
        event_id text NOT NULL,
        kind text NOT NULL,
        gateway_order_id text,
        gateway_payment_id text,
        outcome text NOT NULL,
        received_at timestamptz NOT NULL,
        CONSTRAINT prepaid_gateway_events_pkey PRIMARY KEY (gateway, event_id)
    );
    CREATE INDEX prepaid_gateway_events_received_at_idx ON prepaid_gateway_events (received_at);
"""

UNITS = """
    -- Every change of a balance, numbered by time, with the balance before and after.
    CREATE TABLE prepaid_movements (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        kind text NOT NULL CHECK (kind IN ('PURCHASE', 'BONUS', 'ADJUSTMENT', 'SPEND', 'REFUND', 'TAKEN_BACK')),
        units integer NOT NULL CHECK (units <> 0),
        balance_before integer NOT NULL CHECK (balance_before >= 0),
        balance_after integer NOT NULL CHECK (balance_after >= 0),
        source_kind text NOT NULL,
        source_id uuid NOT NULL,
        order_id uuid REFERENCES prepaid_orders,
        refunds_id uuid REFERENCES prepaid_movements,
        reason text,
        idempotency_key text NOT NULL CONSTRAINT prepaid_movements_idempotency_key_key UNIQUE,
        transfer_id uuid NOT NULL REFERENCES ledger_transfers,
        created_at timestamptz NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL,
        CHECK (balance_after = balance_before + units),
        CHECK (kind = 'ADJUSTMENT' OR (units > 0) = (kind IN ('PURCHASE', 'BONUS', 'REFUND'))),
        CHECK ((kind = 'REFUND') = (refunds_id IS NOT NULL))
    );
    CREATE INDEX prepaid_movements_user_idx ON prepaid_movements (user_id, id);
    CREATE INDEX prepaid_movements_source_idx ON prepaid_movements (source_id);
    CREATE INDEX prepaid_movements_order_idx ON prepaid_movements (order_id) WHERE order_id IS NOT NULL;
    CREATE INDEX prepaid_movements_refunds_idx ON prepaid_movements (refunds_id) WHERE refunds_id IS NOT NULL;
    CREATE INDEX prepaid_movements_transfer_idx ON prepaid_movements (transfer_id);
    CREATE INDEX prepaid_movements_created_at_idx ON prepaid_movements
        USING brin (created_at) WITH (pages_per_range = 16, autosummarize = on);

    -- Units that came in together; what is left of all of a person's lots is the balance.
    CREATE TABLE prepaid_lots (
        -- The movement that brought them.
        id uuid PRIMARY KEY REFERENCES prepaid_movements,
        user_id uuid NOT NULL REFERENCES users,
        kind text NOT NULL CHECK (kind IN ('PURCHASE', 'BONUS', 'ADMIN')),
        units integer NOT NULL CHECK (units > 0),
        left_units integer NOT NULL CHECK (left_units BETWEEN 0 AND units)
    ) WITH (fillfactor = 80);
    -- Balances are asked for with what is left only: the index is as small as what is unspent.
    CREATE INDEX prepaid_lots_left_idx ON prepaid_lots (user_id, id) INCLUDE (kind, units, left_units)
        WHERE left_units > 0;
    CREATE INDEX prepaid_lots_user_idx ON prepaid_lots (user_id);

    -- Which lot paid for which movement that took units, and how much of that came back.
    CREATE TABLE prepaid_lot_uses (
        movement_id uuid NOT NULL REFERENCES prepaid_movements,
        lot_id uuid NOT NULL REFERENCES prepaid_lots,
        units integer NOT NULL CHECK (units > 0),
        returned_units integer NOT NULL DEFAULT 0 CHECK (returned_units BETWEEN 0 AND units),
        PRIMARY KEY (movement_id, lot_id)
    );
    CREATE INDEX prepaid_lot_uses_lot_idx ON prepaid_lot_uses (lot_id);

    -- One bonus for a phone number, whoever signs in with it.
    CREATE TABLE prepaid_bonuses (
        phone text PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users,
        movement_id uuid NOT NULL REFERENCES prepaid_movements,
        created_at timestamptz NOT NULL
    );
    CREATE INDEX prepaid_bonuses_user_idx ON prepaid_bonuses (user_id);
    CREATE INDEX prepaid_bonuses_movement_idx ON prepaid_bonuses (movement_id);

    ALTER TABLE prepaid_payments ADD CONSTRAINT prepaid_payments_movement_fkey
        FOREIGN KEY (movement_id) REFERENCES prepaid_movements;
    CREATE INDEX prepaid_payments_movement_idx ON prepaid_payments (movement_id);
    ALTER TABLE prepaid_gateway_refunds ADD CONSTRAINT prepaid_gateway_refunds_movement_fkey
        FOREIGN KEY (movement_id) REFERENCES prepaid_movements;
    CREATE INDEX prepaid_gateway_refunds_movement_idx ON prepaid_gateway_refunds (movement_id)
        WHERE movement_id IS NOT NULL;
"""

# The gateway that ships with the product keeps its own books: nothing of ours refers to them, nor they to ours.
SANDBOX = """
    CREATE TABLE sandbox_orders (
        id text PRIMARY KEY,
        receipt text,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        currency text NOT NULL,
        amount_paid_paisa bigint NOT NULL DEFAULT 0 CHECK (amount_paid_paisa >= 0),
        status text NOT NULL DEFAULT 'created' CHECK (status IN ('created', 'attempted', 'paid')),
        attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        notes jsonb NOT NULL,
        created_at timestamptz NOT NULL
    );
    CREATE INDEX sandbox_orders_receipt_idx ON sandbox_orders (receipt);

    CREATE TABLE sandbox_payments (
        id text PRIMARY KEY,
        order_id text NOT NULL REFERENCES sandbox_orders,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        refunded_paisa bigint NOT NULL DEFAULT 0 CHECK (refunded_paisa BETWEEN 0 AND amount_paisa),
        currency text NOT NULL,
        status text NOT NULL CHECK (status IN ('authorized', 'captured', 'failed', 'refunded')),
        card_last4 text NOT NULL,
        error text,
        created_at timestamptz NOT NULL,
        captured_at timestamptz
    );
    CREATE INDEX sandbox_payments_order_idx ON sandbox_payments (order_id, created_at);

    CREATE TABLE sandbox_refunds (
        id text PRIMARY KEY,
        payment_id text NOT NULL REFERENCES sandbox_payments,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        created_at timestamptz NOT NULL
    );
    CREATE INDEX sandbox_refunds_payment_idx ON sandbox_refunds (payment_id);

    CREATE TABLE sandbox_webhooks (
        id uuid PRIMARY KEY,
        event_id text NOT NULL,
        body bytea NOT NULL,
        created_at timestamptz NOT NULL,
        delivered_at timestamptz,
        answer integer
    );
    CREATE INDEX sandbox_webhooks_created_at_idx ON sandbox_webhooks (created_at);
"""
