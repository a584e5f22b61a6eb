"""The orders domain's invariants: what orders promise is what stock, credit and open items say."""

from __future__ import annotations

from khaacho.platform.checks import Check

CHECKS = (
    Check(
        name="order_totals",
        promise="An order costs what its lines cost, and what was delivered is no more.",
        sql="""
            SELECT o.code AS subject, o.subtotal_paisa || ' + ' || o.tax_paisa AS expected,
                SUM(line.amount_paisa) || ' + ' || SUM(line.tax_paisa) AS actual
            FROM orders AS o
            LEFT JOIN order_lines AS line ON line.order_id = o.id
            GROUP BY o.id
            HAVING o.subtotal_paisa IS DISTINCT FROM SUM(line.amount_paisa)
                OR o.tax_paisa IS DISTINCT FROM SUM(line.tax_paisa)
                OR (o.status IN ('DELIVERED', 'COMPLETED')) <> (o.delivered_total_paisa IS NOT NULL)
        """,
        counts="SELECT count(*) FROM orders",
    ),
    Check(
        name="reserved_stock",
        promise="What is reserved of an offer is what open orders hold of it.",
        sql="""
            SELECT stock.id AS subject, stock.reserved AS expected, COALESCE(promised.quantity, 0) AS actual
            FROM stock
            LEFT JOIN (
                SELECT line.offer_id, SUM(line.quantity) AS quantity
                FROM orders AS o
                JOIN order_lines AS line ON line.order_id = o.id
                WHERE o.status IN ('PENDING', 'ACCEPTED', 'PACKING', 'DISPATCHED', 'OUT_FOR_DELIVERY')
                GROUP BY line.offer_id
            ) AS promised ON promised.offer_id = stock.id
            WHERE stock.reserved <> COALESCE(promised.quantity, 0)
        """,
        counts="SELECT count(*) FROM stock",
    ),
    Check(
        name="order_holds",
        promise="An open credit order holds its total, a delivered one settled what arrived, any other released all.",
        sql="""
            SELECT held.code AS subject, held.expected, held.actual
            FROM (
                SELECT o.code,
                    o.total_paisa || CASE
                        WHEN o.status IN ('PENDING', 'ACCEPTED', 'PACKING', 'DISPATCHED', 'OUT_FOR_DELIVERY')
                            THEN ' active'
                        WHEN o.status IN ('DELIVERED', 'COMPLETED') THEN ' settled ' || o.delivered_total_paisa
                        ELSE ' released'
                    END AS expected,
                    hold.amount || CASE ending.kind
                        WHEN 'SETTLED' THEN ' settled ' || ending.settled_amount
                        WHEN 'RELEASED' THEN ' released'
                        WHEN 'EXPIRED' THEN ' expired'
                        ELSE ' active'
                    END AS actual
                FROM orders AS o
                LEFT JOIN ledger_holds AS hold ON hold.id = o.hold_id AND hold.account_id = o.credit_account_id
                LEFT JOIN ledger_hold_endings AS ending ON ending.hold_id = hold.id
                WHERE o.payment_mode = 'CREDIT'
            ) AS held
            WHERE held.expected IS DISTINCT FROM held.actual
        """,
        counts="SELECT count(*) FROM orders WHERE payment_mode = 'CREDIT'",
    ),
    Check(
        name="stray_holds",
        promise="Every active hold for an order is the one that order names.",
        sql="""
            SELECT hold.id AS subject, hold.source_id AS expected, o.code AS actual
            FROM ledger_holds AS hold
            LEFT JOIN orders AS o ON o.hold_id = hold.id
            WHERE hold.source_kind = 'order' AND o.id IS DISTINCT FROM hold.source_id
                AND NOT EXISTS (SELECT FROM ledger_hold_endings AS ending WHERE ending.hold_id = hold.id)
        """,
        counts="SELECT count(*) FROM ledger_holds",
    ),
    Check(
        name="order_debits",
        promise="A delivered order was paid at the door or became one open item, of exactly what arrived.",
        sql="""
            SELECT o.code AS subject, COALESCE(o.delivered_total_paisa, 0) AS expected,
                COALESCE(debit.total, 0) || ' owed, ' || COALESCE(cash.total, 0) || ' at the door' AS actual
            FROM orders AS o
            LEFT JOIN (
                SELECT source_id, SUM(amount_paisa) AS total, count(*) AS items
                FROM credit_debits
                WHERE source_kind = 'order'
                GROUP BY source_id
            ) AS debit ON debit.source_id = o.id
            LEFT JOIN (
                SELECT order_id, SUM(amount_paisa) AS total, count(*) AS items
                FROM credit_payments
                WHERE order_id IS NOT NULL
                GROUP BY order_id
            ) AS cash ON cash.order_id = o.id
            WHERE COALESCE(debit.total, 0) + COALESCE(cash.total, 0) <> COALESCE(o.delivered_total_paisa, 0)
                OR COALESCE(debit.items, 0) + COALESCE(cash.items, 0) > 1
        """,
        counts="SELECT count(*) FROM orders WHERE delivered_total_paisa IS NOT NULL",
    ),
    Check(
        name="vendor_books",
        promise="What was delivered stands with the vendor that delivered it, once: as owed to it where the platform "
        "lends, as sold by it where it lends itself or was paid at the door.",
        sql="""
            SELECT sold.code AS subject, sold.expected, sold.actual
            FROM (
                SELECT o.code,
                    CASE WHEN o.payment_mode = 'CREDIT' AND line.vendor_id IS NULL THEN 'VENDOR_PAYABLE'
                        ELSE 'VENDOR_SALES' END || ' ' || o.vendor_id || ' ' || o.delivered_total_paisa AS expected,
                    string_agg(side.kind || ' ' || side.owner_id || ' ' || sale.amount, ', ') AS actual
                FROM orders AS o
                LEFT JOIN credit_accounts AS line ON line.id = o.credit_account_id
                LEFT JOIN ledger_transfers AS sale
                    ON sale.source_id = o.id AND sale.code IN ('DELIVERY', 'CASH_ON_DELIVERY')
                LEFT JOIN ledger_accounts AS side ON side.id = sale.credit_account_id
                WHERE o.delivered_total_paisa IS NOT NULL
                GROUP BY o.id, line.vendor_id
            ) AS sold
            WHERE sold.expected IS DISTINCT FROM sold.actual
        """,
        counts="SELECT count(*) FROM orders WHERE delivered_total_paisa IS NOT NULL",
    ),
    Check(
        name="vendor_questions",
        promise="Only a PENDING order waits for an answer, from one vendor, and that is the vendor it is with.",
        sql="""
            SELECT o.code AS subject, 'at most one question, to ' || o.vendor_id AS expected,
                count(*) || ' questions while ' || o.status AS actual
            FROM vendor_requests AS request
            JOIN orders AS o ON o.id = request.order_id
            WHERE request.answer = 'WAITING'
            GROUP BY o.id
            HAVING count(*) > 1 OR o.status <> 'PENDING' OR NOT bool_and(request.vendor_id = o.vendor_id)
        """,
        counts="SELECT count(*) FROM vendor_requests WHERE answer = 'WAITING'",
    ),
    Check(
        name="order_history",
        promise="The last step of an order's history is the state it is in.",
        sql="""
            SELECT o.code AS subject, o.status AS expected, COALESCE(last.to_status, 'no step') AS actual
            FROM orders AS o
            LEFT JOIN LATERAL (
                SELECT to_status FROM order_history WHERE order_id = o.id ORDER BY id DESC LIMIT 1
            ) AS last ON true
            WHERE last.to_status IS DISTINCT FROM o.status
        """,
        counts="SELECT count(*) FROM orders",
    ),
)
