"""Products, aliases, vendor offers, stock."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
    CREATE TABLE products (
        id uuid PRIMARY KEY,
        code text NOT NULL,
        name text NOT NULL,
        name_ne text NOT NULL DEFAULT '',
        brand text NOT NULL DEFAULT '',
        category text NOT NULL,
        selling_unit text NOT NULL,
        pack_size numeric(14, 3) CHECK (pack_size > 0),
        pack_unit text NOT NULL DEFAULT '',
        units_per_carton integer CHECK (units_per_carton > 0),
        units_per_dozen integer CHECK (units_per_dozen > 0),
        vat_basis_points integer NOT NULL DEFAULT 1300 CHECK (vat_basis_points BETWEEN 0 AND 10000),
        list_price_paisa bigint CHECK (list_price_paisa >= 0),
        active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        -- One narrow text to look through, so that a search over the whole catalogue stays one cheap scan.
        search_text text NOT NULL
            GENERATED ALWAYS AS (lower(code || ' ' || name || ' ' || name_ne || ' ' || brand)) STORED
    );
    CREATE INDEX products_category_idx ON products (category, id);
    -- Codes are said and typed in any case, so two that differ in case only are one.
    CREATE UNIQUE INDEX products_code_key ON products (upper(code));

    CREATE TABLE product_aliases (
        id uuid PRIMARY KEY,
        product_id uuid NOT NULL REFERENCES products,
        phrase text NOT NULL CHECK (length(phrase) BETWEEN 1 AND 200),
        retailer_id uuid REFERENCES retailers,
        created_at timestamptz NOT NULL,
        CONSTRAINT product_aliases_phrase_key UNIQUE NULLS NOT DISTINCT (retailer_id, phrase)
    );
    CREATE INDEX product_aliases_product_idx ON product_aliases (product_id);

    CREATE TABLE catalog_version (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version bigint NOT NULL
    );
    INSERT INTO catalog_version VALUES (true, 1);

    CREATE TABLE vendor_offers (
        id uuid PRIMARY KEY,
        vendor_id uuid NOT NULL,
        product_id uuid NOT NULL,
        sku text NOT NULL,
        price_paisa bigint NOT NULL CHECK (price_paisa > 0),
        min_quantity numeric(12, 3) CHECK (min_quantity > 0),
        max_quantity numeric(12, 3) CHECK (max_quantity > 0),
        multiple numeric(12, 3) CHECK (multiple > 0),
        lead_time_days integer NOT NULL DEFAULT 1 CHECK (lead_time_days >= 0),
        active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT vendor_offers_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES vendors,
        CONSTRAINT vendor_offers_product_id_fkey FOREIGN KEY (product_id) REFERENCES products,
        CONSTRAINT vendor_offers_vendor_id_product_id_key UNIQUE (vendor_id, product_id),
        CONSTRAINT vendor_offers_min_max_check CHECK (min_quantity <= max_quantity)
    );
    CREATE UNIQUE INDEX vendor_offers_vendor_id_sku_key ON vendor_offers (vendor_id, upper(sku));
    CREATE INDEX vendor_offers_product_idx ON vendor_offers (product_id);
    CREATE INDEX vendor_offers_sku_idx ON vendor_offers (upper(sku));
    CREATE INDEX vendor_offers_vendor_idx ON vendor_offers (vendor_id, id);

    -- One row per offer, apart from its price, so that reserving stock rewrites a narrow row in place.
    CREATE TABLE stock (
        id uuid PRIMARY KEY REFERENCES vendor_offers,
        physical numeric(14, 3) NOT NULL CONSTRAINT stock_physical_check CHECK (physical >= 0),
        reserved numeric(14, 3) NOT NULL DEFAULT 0,
        CONSTRAINT stock_reserved_check CHECK (reserved >= 0 AND reserved <= physical)
    ) WITH (fillfactor = 70);

    CREATE TABLE stock_movements (
        id uuid PRIMARY KEY,
        offer_id uuid NOT NULL REFERENCES vendor_offers,
        change numeric(14, 3) NOT NULL CHECK (change <> 0),
        reason text NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL,
        created_at timestamptz NOT NULL
    );
    CREATE INDEX stock_movements_offer_idx ON stock_movements (offer_id, id);
    """)
