"""Receivables taken over from another book, and the names that a statement of account calls orders by."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("""
    -- What the other book calls its customers, invoices and payments, so that reading it again changes nothing.
    CREATE TABLE receivable_customers (
        customer text PRIMARY KEY,
        retailer_id uuid NOT NULL REFERENCES retailers,
        created_at timestamptz NOT NULL
    );
    CREATE INDEX receivable_customers_retailer_idx ON receivable_customers (retailer_id);

    CREATE TABLE receivable_invoices (
        id uuid PRIMARY KEY,
        retailer_id uuid NOT NULL REFERENCES retailers,
        invoice text NOT NULL,
        debit_id uuid NOT NULL REFERENCES credit_debits,
        created_at timestamptz NOT NULL,
        CONSTRAINT receivable_invoices_retailer_id_invoice_key UNIQUE (retailer_id, invoice)
    );
    CREATE UNIQUE INDEX receivable_invoices_debit_key ON receivable_invoices (debit_id);

    -- Two payments of one invoice may be equal in everything; `occurrence` counts them.
    CREATE TABLE receivable_payments (
        invoice_id uuid NOT NULL REFERENCES receivable_invoices,
        paid_at timestamptz NOT NULL,
        amount_paisa bigint NOT NULL CHECK (amount_paisa > 0),
        occurrence integer NOT NULL CHECK (occurrence > 0),
        payment_id uuid NOT NULL REFERENCES credit_payments,
        PRIMARY KEY (invoice_id, paid_at, amount_paisa, occurrence)
    );
    CREATE UNIQUE INDEX receivable_payments_payment_key ON receivable_payments (payment_id);

    -- Customers without a telephone get a number nobody can have; this counts them.
    CREATE SEQUENCE receivable_contact_numbers;

    -- What credit may know of an order, so that a statement says its code.
    CREATE VIEW credit_orders AS
        SELECT id AS order_id, code FROM orders;

    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT SELECT, INSERT, UPDATE, DELETE ON receivable_customers, receivable_invoices, receivable_payments
                TO khaacho_app;
            GRANT SELECT ON credit_orders TO khaacho_app;
            GRANT USAGE, SELECT ON SEQUENCE receivable_contact_numbers TO khaacho_app;
        END IF;
    END $$;
    """)
