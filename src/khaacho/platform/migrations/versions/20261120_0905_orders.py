"""Baskets, orders, their lines and history, and the asking of vendors."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
    CREATE TABLE baskets (
        id uuid PRIMARY KEY,
        retailer_id uuid NOT NULL REFERENCES retailers,
        state text NOT NULL CHECK (state IN ('PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED', 'RECOVERED')),
        lines jsonb NOT NULL,
        quote jsonb,
        payment_mode text CHECK (payment_mode IN ('COD', 'CREDIT')),
        open_questions jsonb NOT NULL DEFAULT '[]',
        source_text text NOT NULL DEFAULT '',
        followed_up_at timestamptz,
        reopened_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    );
    CREATE UNIQUE INDEX baskets_one_open_per_retailer ON baskets (retailer_id) WHERE state = 'PENDING';
    CREATE INDEX baskets_retailer_idx ON baskets (retailer_id, id);
    CREATE INDEX baskets_expiry_idx ON baskets (expires_at) WHERE state = 'PENDING';

    -- The number in a code counts from its day's first number of this one sequence: no row is contended for.
    CREATE SEQUENCE order_numbers CACHE 1;
    CREATE TABLE order_days (day date PRIMARY KEY, first_number bigint NOT NULL);

    CREATE TABLE orders (
        id uuid PRIMARY KEY,
        code text NOT NULL CONSTRAINT orders_code_key UNIQUE,
        placement_key text NOT NULL,
        basket_id uuid REFERENCES baskets,
        retailer_id uuid NOT NULL REFERENCES retailers,
        vendor_id uuid NOT NULL REFERENCES vendors,
        status text NOT NULL CHECK (status IN ('PENDING', 'ACCEPTED', 'PACKING', 'DISPATCHED', 'OUT_FOR_DELIVERY',
            'DELIVERED', 'COMPLETED', 'CANCELLED', 'FAILED')),
        payment_mode text NOT NULL CHECK (payment_mode IN ('COD', 'CREDIT')),
        credit_account_id uuid REFERENCES credit_accounts,
        hold_id uuid REFERENCES ledger_holds,
        subtotal_paisa bigint NOT NULL CHECK (subtotal_paisa > 0),
        tax_paisa bigint NOT NULL CHECK (tax_paisa >= 0),
        total_paisa bigint NOT NULL CHECK (total_paisa = subtotal_paisa + tax_paisa),
        delivered_total_paisa bigint CHECK (delivered_total_paisa BETWEEN 0 AND total_paisa),
        due_on date,
        notes text,
        override_reason text,
        failed_at timestamptz,
        failure_reason text,
        placed_at timestamptz NOT NULL,
        status_since timestamptz NOT NULL,
        delivered_at timestamptz,
        CHECK ((payment_mode = 'CREDIT') = (credit_account_id IS NOT NULL)),
        CONSTRAINT orders_placement_key UNIQUE (placement_key, vendor_id)
    ) WITH (fillfactor = 80);
    CREATE INDEX orders_retailer_idx ON orders (retailer_id, id);
    CREATE INDEX orders_vendor_idx ON orders (vendor_id, id);
    CREATE INDEX orders_placed_at_idx ON orders (placed_at);
    CREATE INDEX orders_open_idx ON orders (status, status_since)
        WHERE status IN ('PENDING', 'ACCEPTED', 'PACKING', 'DISPATCHED', 'OUT_FOR_DELIVERY');
    CREATE INDEX orders_open_vendor_idx ON orders (vendor_id, status)
        WHERE status IN ('PENDING', 'ACCEPTED', 'PACKING', 'DISPATCHED', 'OUT_FOR_DELIVERY');
    CREATE INDEX orders_basket_idx ON orders (basket_id) WHERE basket_id IS NOT NULL;
    CREATE INDEX orders_credit_account_idx ON orders (credit_account_id) WHERE credit_account_id IS NOT NULL;
    CREATE INDEX orders_hold_idx ON orders (hold_id) WHERE hold_id IS NOT NULL;

    CREATE TABLE order_lines (
        order_id uuid NOT NULL REFERENCES orders,
        position integer NOT NULL,
        product_id uuid NOT NULL REFERENCES products,
        offer_id uuid NOT NULL REFERENCES vendor_offers,
        sku text NOT NULL,
        name text NOT NULL,
        quantity numeric(12, 3) NOT NULL CHECK (quantity > 0),
        delivered_quantity numeric(12, 3) CHECK (delivered_quantity >= 0 AND delivered_quantity <= quantity),
        unit_price_paisa bigint NOT NULL CHECK (unit_price_paisa > 0),
        vat_basis_points integer NOT NULL CHECK (vat_basis_points BETWEEN 0 AND 10000),
        amount_paisa bigint NOT NULL CHECK (amount_paisa >= 0),
        tax_paisa bigint NOT NULL CHECK (tax_paisa >= 0),
        PRIMARY KEY (order_id, position)
    );
    CREATE INDEX order_lines_product_idx ON order_lines (product_id);
    CREATE INDEX order_lines_offer_idx ON order_lines (offer_id);

    CREATE TABLE order_history (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL REFERENCES orders,
        from_status text,
        to_status text NOT NULL,
        vendor_id uuid REFERENCES vendors,
        reason text,
        actor_id uuid,
        actor_name text NOT NULL,
        created_at timestamptz NOT NULL
    );
    CREATE INDEX order_history_order_idx ON order_history (order_id, id);
    CREATE INDEX order_history_vendor_idx ON order_history (vendor_id) WHERE vendor_id IS NOT NULL;

    -- Who was asked to take an order, in which order, and what came of it. One open question per order at most.
    CREATE TABLE vendor_requests (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL REFERENCES orders,
        vendor_id uuid NOT NULL REFERENCES vendors,
        attempt integer NOT NULL CHECK (attempt > 0),
        answer text NOT NULL DEFAULT 'WAITING'
            CHECK (answer IN ('WAITING', 'ACCEPTED', 'DECLINED', 'TIMED_OUT', 'WITHDRAWN')),
        reason text,
        score numeric(6, 2),
        candidates jsonb NOT NULL DEFAULT '[]',
        asked_at timestamptz NOT NULL,
        answer_by timestamptz NOT NULL,
        answered_at timestamptz,
        UNIQUE (order_id, attempt)
    );
    CREATE UNIQUE INDEX vendor_requests_one_waiting ON vendor_requests (order_id) WHERE answer = 'WAITING';
    CREATE INDEX vendor_requests_vendor_idx ON vendor_requests (vendor_id, asked_at);
    CREATE INDEX vendor_requests_deadline_idx ON vendor_requests (answer_by) WHERE answer = 'WAITING';

    -- Who was called to help with an order that stayed too long in one state: once per stay, by this key.
    CREATE TABLE order_escalations (
        order_id uuid NOT NULL REFERENCES orders,
        status text NOT NULL,
        status_since timestamptz NOT NULL,
        escalated_at timestamptz NOT NULL,
        PRIMARY KEY (order_id, status, status_since)
    );

    CREATE TABLE routing_weights (
        factor text PRIMARY KEY
            CHECK (factor IN ('availability', 'price', 'reliability', 'proximity', 'workload')),
        weight integer NOT NULL CHECK (weight BETWEEN 0 AND 100)
    );
    INSERT INTO routing_weights VALUES
        ('availability', 30), ('price', 20), ('reliability', 15), ('proximity', 20), ('workload', 15);

    -- Counted anew every few minutes: counting months of orders while one is being placed would cost more than it.
    CREATE TABLE vendor_reliability (
        vendor_id uuid PRIMARY KEY REFERENCES vendors,
        requests_answered integer NOT NULL CHECK (requests_answered >= 0),
        requests_accepted integer NOT NULL CHECK (requests_accepted BETWEEN 0 AND requests_answered),
        orders_ended integer NOT NULL CHECK (orders_ended >= 0),
        orders_delivered integer NOT NULL CHECK (orders_delivered BETWEEN 0 AND orders_ended),
        counted_at timestamptz NOT NULL
    );
    CREATE TABLE product_shares (
        product_id uuid NOT NULL REFERENCES products,
        vendor_id uuid NOT NULL REFERENCES vendors,
        share double precision NOT NULL CHECK (share > 0 AND share <= 1),
        counted_at timestamptz NOT NULL,
        PRIMARY KEY (product_id, vendor_id)
    );
    CREATE INDEX product_shares_vendor_idx ON product_shares (vendor_id);

    -- What routing may know of goods and people, so that it reads everything it decides on in one statement.
    -- A product that no active vendor offers now is here too, without an offer.
    CREATE VIEW routing_offers AS
        SELECT product.id AS product_id, product.code, product.name, product.name_ne, product.selling_unit,
            product.vat_basis_points, offer.id AS offer_id, offer.sku, offer.price_paisa, offer.min_quantity,
            offer.max_quantity, offer.multiple, stock.physical - stock.reserved AS available,
            vendor.id AS vendor_id, vendor.latitude, vendor.longitude, vendor.radius_km, vendor.opens_at,
            vendor.closes_at, vendor.active_orders_max, vendor.pending_orders_max
        FROM products AS product
        LEFT JOIN (
            vendor_offers AS offer
            JOIN stock ON stock.id = offer.id
            JOIN vendors AS vendor ON vendor.id = offer.vendor_id AND vendor.status = 'ACTIVE'
        ) ON offer.product_id = product.id AND offer.active AND product.active;
    CREATE VIEW routing_shops AS
        SELECT id AS retailer_id, latitude, longitude FROM retailers;
    """)
