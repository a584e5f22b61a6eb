"""Messages nobody could read, and what people made of them."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("""
    -- What was said and not understood: one row for each stretch of words, or one with no words for a whole message.
    -- `suggestions` are the codes of products it came near to. A row is settled once, by a person; teaching the words
    -- settles every open row with the same ones.
    CREATE TABLE unread_words (
        id uuid PRIMARY KEY,
        message_id uuid NOT NULL REFERENCES inbound_messages,
        contact_id uuid NOT NULL REFERENCES contacts,
        retailer_id uuid REFERENCES retailers,
        words text NOT NULL,
        suggestions text[] NOT NULL DEFAULT '{}',
        state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'MAPPED', 'REPLIED', 'DISMISSED')),
        product_id uuid REFERENCES products,
        settled_by text,
        settled_at timestamptz,
        created_at timestamptz NOT NULL,
        CONSTRAINT unread_words_message_key UNIQUE (message_id, words),
        CHECK ((state = 'OPEN') = (settled_at IS NULL)),
        CHECK ((settled_at IS NULL) = (settled_by IS NULL)),
        CHECK ((state = 'MAPPED') = (product_id IS NOT NULL))
    );
    CREATE INDEX unread_words_open_idx ON unread_words (id) WHERE state = 'OPEN';
    CREATE INDEX unread_words_settled_idx ON unread_words (settled_at, id) WHERE state <> 'OPEN';
    CREATE INDEX unread_words_contact_idx ON unread_words (contact_id);
    CREATE INDEX unread_words_retailer_idx ON unread_words (retailer_id) WHERE retailer_id IS NOT NULL;
    CREATE INDEX unread_words_product_idx ON unread_words (product_id) WHERE product_id IS NOT NULL;
    """)
    op.execute("""
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT SELECT, INSERT, UPDATE, DELETE ON unread_words TO khaacho_app;
        END IF;
    END $$;
    """)
