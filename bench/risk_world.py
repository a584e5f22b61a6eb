"""Shops that owe, with history behind them, and orders: made set-wise, to measure reports in.

A line's running figure is what remains of its items, as everywhere; the transfers behind it are left out, since no
report of risk reads them. Items are spread over ages so that every bucket has its share.
"""

from __future__ import annotations

import psycopg

# Poured in without asking for each row whether its parents exist: they do.
POURING = "SET statement_timeout = 0; SET synchronous_commit = off; SET session_replication_role = replica"
# One shop in so many has something older than thirty days.
SHOPS_PER_LATE_ONE = 5
# Of a hundred shops this many have a line almost used up.
NEARLY_FULL_PERCENT = 10


def fill_receivables(dsn: str, *, shops: int, open_items: int, cleared_items: int) -> None:
    """That many shops with a line each, items that are open, and items long cleared."""
    with psycopg.connect(dsn) as owner:
        owner.execute(POURING)
        owner.execute(
            """
            INSERT INTO retailers (id, code, pasal_name, owner_name, phone, city, status, created_at, credit_status)
            SELECT gen_random_uuid(), 'RET' || n, 'Pasal ' || n, 'Owner ' || n, '+97797' || lpad(n::text, 8, '0'),
                'Surkhet', 'ACTIVE', now(), CASE WHEN n %% 50 = 0 THEN 'PAUSED' ELSE 'ACTIVE' END
            FROM generate_series(1, %(shops)s) AS n
            """,
            {"shops": shops},
        )
        owner.execute(
            """
            CREATE TEMP TABLE line AS
                SELECT row_number() OVER ()::integer AS n, id AS retailer_id, gen_random_uuid() AS line_id
                FROM retailers;
            INSERT INTO ledger_accounts (id, kind, unit, owner_id, keeps_balance, created_at)
            SELECT line_id, 'RECEIVABLE', 'NPR', line_id, true, now() FROM line;
            INSERT INTO credit_accounts (id, retailer_id, limit_paisa, max_order_paisa, max_outstanding_days,
                terms_days, de_minimis_paisa, created_at)
            SELECT line_id, retailer_id, 1, 5000000, 30, 7, 10000, now() FROM line;
            CREATE UNIQUE INDEX ON line (n);
            """
        )
        for count, cleared in ((cleared_items, True), (open_items, False)):
            owner.execute(
                """
                INSERT INTO credit_debits (id, account_id, retailer_id, source_kind, source_id, amount_paisa,
                    cleared_paisa, opened_at, due_on, cleared_at, created_at)
                SELECT gen_random_uuid(), line.line_id, line.retailer_id, 'order', gen_random_uuid(), item.amount,
                    CASE WHEN %(cleared)s THEN item.amount WHEN item.k %% 3 = 0 THEN item.amount / 2 ELSE 0 END,
                    now() - item.age, (now() - item.age)::date + 7, CASE WHEN %(cleared)s THEN now() END, now()
                FROM (
                    SELECT k, (random() * 500000)::bigint + 100 AS amount,
                        CASE
                            WHEN %(cleared)s THEN 60 + random() * 300
                            WHEN (k %% %(shops)s + 1) %% %(late)s = 0 THEN random() * 40
                            ELSE random() * 29
                        END * interval '1 day' AS age
                    FROM generate_series(1, %(count)s) AS k
                ) AS item
                JOIN line ON line.n = item.k %% %(shops)s + 1
                """,
                {"count": count, "cleared": cleared, "shops": shops, "late": SHOPS_PER_LATE_ONE},
            )
        owner.execute(
            """
            UPDATE ledger_accounts AS account SET posted = owed.paisa
            FROM (
                SELECT account_id, SUM(amount_paisa - cleared_paisa)::bigint AS paisa FROM credit_debits GROUP BY 1
            ) AS owed
            WHERE owed.account_id = account.id;
            """
        )
        owner.execute(
            """
            UPDATE credit_accounts AS line
            SET limit_paisa = account.posted * CASE WHEN random() * 100 < %(full)s THEN 1.1 ELSE 2 END
            FROM ledger_accounts AS account
            WHERE account.id = line.id
            """,
            {"full": NEARLY_FULL_PERCENT},
        )
    vacuum(dsn)


def fill_orders(dsn: str, *, orders: int, days: int) -> None:
    """That many delivered orders of the shops that are there, over so many days."""
    with psycopg.connect(dsn) as owner:
        owner.execute(POURING)
        owner.execute(
            """
            INSERT INTO vendors (id, code, name, owner_name, phone, city, status, created_at)
            VALUES (gen_random_uuid(), 'VENRISK', 'Wholesaler', 'Owner', '+9779811111111', 'Surkhet', 'ACTIVE', now())
            """
        )
        owner.execute(
            """
            CREATE TEMP TABLE shop AS SELECT row_number() OVER ()::integer AS n, id FROM retailers;
            CREATE UNIQUE INDEX ON shop (n);
            """
        )
        owner.execute(
            """
            INSERT INTO orders (id, code, placement_key, retailer_id, vendor_id, status, payment_mode, subtotal_paisa,
                tax_paisa, total_paisa, delivered_total_paisa, placed_at, status_since, delivered_at)
            SELECT gen_random_uuid(), 'ORD-' || k, 'bench-' || k, shop.id, vendor.id,
                CASE WHEN k %% 20 = 0 THEN 'CANCELLED' WHEN k %% 2 = 0 THEN 'DELIVERED' ELSE 'COMPLETED' END, 'COD',
                100000, 13000, 113000, CASE WHEN k %% 20 > 0 THEN 113000 END,
                now() - k::double precision / %(orders)s * %(days)s * interval '1 day', now(), now()
            FROM generate_series(1, %(orders)s) AS k
            JOIN shop ON shop.n = (k::bigint * 7919 %% (SELECT max(n) FROM shop)) + 1
            CROSS JOIN (SELECT id FROM vendors WHERE code = 'VENRISK') AS vendor
            """,
            {"orders": orders, "days": days},
        )
    vacuum(dsn)


def vacuum(dsn: str) -> None:
    """As autovacuum leaves tables that were not poured in a moment ago."""
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("VACUUM (ANALYZE) credit_debits, credit_accounts, ledger_accounts, retailers, orders")
