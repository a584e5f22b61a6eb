"""The credit domain's invariants [C5]."""

from __future__ import annotations

from khaacho.platform.checks import Check

CHECKS = (
    Check(
        name="used_credit",
        promise="Used credit equals what remains of open items plus active holds.",
        sql="""
            SELECT line.id AS subject, account.posted || ' posted, ' || account.held || ' held' AS expected,
                COALESCE(owed.total, 0) || ' owed, ' || COALESCE(active.total, 0) || ' in holds' AS actual
            FROM credit_accounts AS line
            JOIN ledger_accounts AS account ON account.id = line.id
            LEFT JOIN (
                SELECT account_id, SUM(amount_paisa - cleared_paisa) AS total FROM credit_debits GROUP BY account_id
            ) AS owed ON owed.account_id = line.id
            LEFT JOIN (
                SELECT hold.account_id, SUM(hold.amount) AS total
                FROM ledger_holds AS hold
                WHERE NOT EXISTS (SELECT FROM ledger_hold_endings AS ending WHERE ending.hold_id = hold.id)
                GROUP BY hold.account_id
            ) AS active ON active.account_id = line.id
            WHERE account.posted <> COALESCE(owed.total, 0) OR account.held <> COALESCE(active.total, 0)
        """,
        counts="SELECT count(*) FROM credit_accounts",
    ),
    Check(
        name="bound_as_agreed",
        promise="What the ledger bounds a line to is its limit, or what is used beyond it by an override.",
        sql="""
            SELECT line.id AS subject, GREATEST(line.limit_paisa, account.posted + account.held) AS expected,
                account.ceiling AS actual
            FROM credit_accounts AS line
            JOIN ledger_accounts AS account ON account.id = line.id
            WHERE account.ceiling IS DISTINCT FROM GREATEST(line.limit_paisa, account.posted + account.held)
        """,
        counts="SELECT count(*) FROM credit_accounts",
    ),
    Check(
        name="paid_ahead",
        promise="What was paid ahead on a line is what its payments and adjustments have left to spend.",
        sql="""
            SELECT line.id AS subject, -account.posted AS expected, COALESCE(ahead.total, 0) AS actual
            FROM credit_accounts AS line
            JOIN ledger_accounts AS account ON account.kind = 'UNAPPLIED_CREDIT' AND account.owner_id = line.id
            LEFT JOIN (
                SELECT fund.account_id, SUM(fund.unapplied_paisa) AS total
                FROM (
                    SELECT account_id, unapplied_paisa FROM credit_payments
                    UNION ALL
                    SELECT account_id, unapplied_paisa FROM credit_adjustments
                ) AS fund
                GROUP BY fund.account_id
            ) AS ahead ON ahead.account_id = line.id
            WHERE -account.posted <> COALESCE(ahead.total, 0)
        """,
        counts="SELECT count(*) FROM credit_accounts",
    ),
    Check(
        name="ahead_or_owed",
        promise="What was paid ahead on a line is spent before anything stays owed there.",
        sql="""
            SELECT line.id AS subject, 'nothing ahead while ' || owed.total || ' is owed' AS expected,
                -account.posted AS actual
            FROM credit_accounts AS line
            JOIN ledger_accounts AS account ON account.kind = 'UNAPPLIED_CREDIT' AND account.owner_id = line.id
            JOIN (
                SELECT account_id, SUM(amount_paisa - cleared_paisa) AS total
                FROM credit_debits
                WHERE cleared_paisa < amount_paisa
                GROUP BY account_id
            ) AS owed ON owed.account_id = line.id
            WHERE account.posted <> 0
        """,
        counts="SELECT count(*) FROM credit_accounts",
    ),
    Check(
        name="cleared_by_payments",
        promise="What is cleared of an item equals what payments and adjustments cleared of it.",
        sql="""
            SELECT debit.id AS subject, debit.cleared_paisa AS expected, COALESCE(SUM(part.amount_paisa), 0) AS actual
            FROM credit_debits AS debit
            LEFT JOIN credit_allocations AS part ON part.debit_id = debit.id
            GROUP BY debit.id
            HAVING debit.cleared_paisa <> COALESCE(SUM(part.amount_paisa), 0)
        """,
        counts="SELECT count(*) FROM credit_debits",
    ),
    Check(
        name="payments_spent",
        promise="A cleared payment is spread exactly: what it cleared plus what is unapplied is its amount. "
        "A cheque that waits or bounced, and a payment that was reversed, clear nothing.",
        sql="""
            SELECT payment.id AS subject,
                CASE payment.state WHEN 'CLEARED' THEN payment.amount_paisa ELSE 0 END AS expected,
                payment.unapplied_paisa + COALESCE(SUM(part.amount_paisa), 0) AS actual
            FROM credit_payments AS payment
            LEFT JOIN credit_allocations AS part ON part.payment_id = payment.id
            WHERE payment.account_id IS NOT NULL
            GROUP BY payment.id
            HAVING CASE payment.state WHEN 'CLEARED' THEN payment.amount_paisa ELSE 0 END
                <> payment.unapplied_paisa + COALESCE(SUM(part.amount_paisa), 0)
        """,
        counts="SELECT count(*) FROM credit_payments",
    ),
    Check(
        name="money_received",
        promise="What came into cash, bank and mobile money is what the payments that stand brought, by their method.",
        sql="""
            SELECT kind AS subject, COALESCE(paid.total, 0) AS expected, COALESCE(money.total, 0) AS actual
            FROM (
                SELECT account.kind,
                    COALESCE((SELECT SUM(amount) FROM ledger_transfers WHERE debit_account_id = account.id), 0)
                    - COALESCE((SELECT SUM(amount) FROM ledger_transfers WHERE credit_account_id = account.id), 0)
                        AS total
                FROM ledger_accounts AS account
                WHERE account.kind IN ('CASH', 'BANK', 'MOBILE_MONEY') AND account.unit = 'NPR'
            ) AS money
            FULL JOIN (
                SELECT CASE WHEN method IN ('CHEQUE', 'BANK_TRANSFER') THEN 'BANK' ELSE method END AS kind,
                    SUM(amount_paisa) AS total
                FROM credit_payments
                WHERE state = 'CLEARED' AND account_id IS NOT NULL
                GROUP BY 1
            ) AS paid USING (kind)
            WHERE COALESCE(money.total, 0) <> COALESCE(paid.total, 0)
        """,
        counts="SELECT count(*) FROM credit_payments WHERE account_id IS NOT NULL",
    ),
    Check(
        name="adjustments_spent",
        promise="A credit that stands is spread exactly. A debit clears nothing until it is reversed; then it clears "
        "the very item it opened.",
        sql="""
            SELECT adjustment.id AS subject,
                CASE WHEN (adjustment.kind = 'CREDIT') = (adjustment.state = 'POSTED') THEN adjustment.amount_paisa
                    ELSE 0 END AS expected,
                adjustment.unapplied_paisa + COALESCE(SUM(part.amount_paisa), 0) AS actual
            FROM credit_adjustments AS adjustment
            LEFT JOIN credit_allocations AS part ON part.adjustment_id = adjustment.id
            GROUP BY adjustment.id
            HAVING CASE WHEN (adjustment.kind = 'CREDIT') = (adjustment.state = 'POSTED') THEN adjustment.amount_paisa
                    ELSE 0 END <> adjustment.unapplied_paisa + COALESCE(SUM(part.amount_paisa), 0)
        """,
        counts="SELECT count(*) FROM credit_adjustments",
    ),
    Check(
        name="undone_exactly",
        promise="What undoes a clearing has its amount, of the same item and by the same payment or adjustment.",
        sql="""
            SELECT undoing.id AS subject, -part.amount_paisa AS expected, undoing.amount_paisa AS actual
            FROM credit_allocations AS undoing
            JOIN credit_allocations AS part ON part.id = undoing.undoes_id
            WHERE undoing.amount_paisa <> -part.amount_paisa OR undoing.debit_id <> part.debit_id
                OR undoing.payment_id IS DISTINCT FROM part.payment_id
                OR undoing.adjustment_id IS DISTINCT FROM part.adjustment_id
        """,
        counts="SELECT count(*) FROM credit_allocations WHERE undoes_id IS NOT NULL",
    ),
    Check(
        name="taken_over",
        promise="What was taken over from another book has the name and the amount it has there.",
        sql="""
            SELECT debit.id::text AS subject, 'an invoice' AS expected, COALESCE(invoice.id::text, 'none') AS actual
            FROM credit_debits AS debit
            LEFT JOIN receivable_invoices AS invoice ON invoice.debit_id = debit.id
            WHERE debit.source_kind = 'receivable' AND invoice.id IS DISTINCT FROM debit.source_id
            UNION ALL
            SELECT known.payment_id::text, known.amount_paisa::text, payment.amount_paisa::text
            FROM receivable_payments AS known
            JOIN credit_payments AS payment ON payment.id = known.payment_id
            WHERE known.amount_paisa <> payment.amount_paisa
        """,
        counts="SELECT count(*) FROM receivable_invoices",
    ),
)
