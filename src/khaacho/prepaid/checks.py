"""The invariants of prepaid credits [P1, P4, P13]."""

from __future__ import annotations

from khaacho.platform.checks import Check

CHECKS = (
    Check(
        name="prepaid_balance",
        promise="A prepaid balance is what is left of its lots, and the sum of its movements; it is never negative.",
        sql="""
            SELECT account.owner_id AS subject, -account.posted AS expected,
                COALESCE(lots.units, 0) || ' in lots, ' || COALESCE(moved.units, 0) || ' by movements' AS actual
            FROM ledger_accounts AS account
            LEFT JOIN (SELECT user_id, SUM(left_units) AS units FROM prepaid_lots GROUP BY user_id) AS lots
                ON lots.user_id = account.owner_id
            LEFT JOIN (SELECT user_id, SUM(units) AS units FROM prepaid_movements GROUP BY user_id) AS moved
                ON moved.user_id = account.owner_id
            WHERE account.kind = 'PREPAID_BALANCE' AND (
                account.posted > 0
                OR -account.posted <> COALESCE(lots.units, 0)
                OR -account.posted <> COALESCE(moved.units, 0)
            )
        """,
        counts="SELECT count(*) FROM ledger_accounts WHERE kind = 'PREPAID_BALANCE'",
    ),
    Check(
        name="prepaid_chain",
        promise="Each movement of a balance starts where the one before ended, and its transfer moved as much.",
        sql="""
            SELECT chained.id AS subject, chained.balance_expected || ', ' || abs(chained.units) AS expected,
                chained.balance_before || ', ' || transfer.amount AS actual
            FROM (
                SELECT movement.id, movement.units, movement.balance_before, movement.transfer_id,
                    COALESCE(lag(movement.balance_after) OVER of_person, 0) AS balance_expected
                FROM prepaid_movements AS movement
                JOIN ledger_entries AS entry ON entry.transfer_id = movement.transfer_id
                WINDOW of_person AS (PARTITION BY movement.user_id ORDER BY entry.version)
            ) AS chained
            JOIN ledger_transfers AS transfer ON transfer.id = chained.transfer_id
            WHERE chained.balance_before <> chained.balance_expected OR abs(chained.units) <> transfer.amount
        """,
        counts="SELECT count(*) FROM prepaid_movements",
    ),
    Check(
        name="prepaid_lots",
        promise="What is left of a lot is what it brought, less what was taken from it and did not come back.",
        sql="""
            SELECT lot.id AS subject, lot.units - COALESCE(SUM(used.units - used.returned_units), 0) AS expected,
                lot.left_units AS actual
            FROM prepaid_lots AS lot
            LEFT JOIN prepaid_lot_uses AS used ON used.lot_id = lot.id
            GROUP BY lot.id
            HAVING lot.left_units <> lot.units - COALESCE(SUM(used.units - used.returned_units), 0)
        """,
        counts="SELECT count(*) FROM prepaid_lots",
    ),
    Check(
        name="prepaid_uses",
        promise="What a movement took is what it took from lots, and what came back to them is its refunds.",
        sql="""
            SELECT movement.id AS subject, -movement.units || ', ' || COALESCE(back.units, 0) AS expected,
                COALESCE(used.units, 0) || ', ' || COALESCE(used.returned, 0) AS actual
            FROM prepaid_movements AS movement
            LEFT JOIN (
                SELECT movement_id, SUM(units) AS units, SUM(returned_units) AS returned
                FROM prepaid_lot_uses
                GROUP BY movement_id
            ) AS used ON used.movement_id = movement.id
            LEFT JOIN (
                SELECT refunds_id, SUM(units) AS units
                FROM prepaid_movements
                WHERE refunds_id IS NOT NULL
                GROUP BY refunds_id
            ) AS back ON back.refunds_id = movement.id
            WHERE movement.units < 0 AND (
                -movement.units <> COALESCE(used.units, 0) OR COALESCE(back.units, 0) <> COALESCE(used.returned, 0)
            )
        """,
        counts="SELECT count(*) FROM prepaid_movements WHERE units < 0",
    ),
    Check(
        name="prepaid_purchases",
        promise="Every payment taken brought its credits once, and every purchase has its payment.",
        sql="""
            SELECT COALESCE(payment.gateway_payment_id, movement.id::text) AS subject,
                payment.units AS expected, movement.units AS actual
            FROM prepaid_payments AS payment
            FULL JOIN (SELECT id, units FROM prepaid_movements WHERE kind = 'PURCHASE') AS movement
                ON movement.id = payment.movement_id
            WHERE payment.units IS DISTINCT FROM movement.units
        """,
        counts="SELECT count(*) FROM prepaid_payments",
    ),
    Check(
        name="prepaid_short",
        promise="While credits of a purchase are short because its money went back, none of them can be spent; and no "
        "more of them went than were short.",
        sql="""
            SELECT short.lot_id AS subject, short.units || ' short' AS expected,
                short.went || ' went, ' || lot.left_units || ' left' AS actual
            FROM (
                SELECT payment.movement_id AS lot_id, SUM(refund.units_short) AS units,
                    COALESCE((
                        SELECT SUM(used.units)
                        FROM prepaid_lot_uses AS used
                        JOIN prepaid_movements AS taken ON taken.id = used.movement_id AND taken.kind = 'TAKEN_BACK'
                        LEFT JOIN prepaid_gateway_refunds AS known ON known.movement_id = taken.id
                        WHERE used.lot_id = payment.movement_id AND known.gateway IS NULL
                    ), 0) AS went
                FROM prepaid_payments AS payment
                JOIN prepaid_gateway_refunds AS refund USING (gateway, gateway_payment_id)
                GROUP BY payment.gateway, payment.gateway_payment_id
            ) AS short
            JOIN prepaid_lots AS lot ON lot.id = short.lot_id
            WHERE short.went > short.units OR (short.went < short.units AND lot.left_units > 0)
        """,
        counts="SELECT count(*) FROM prepaid_gateway_refunds",
    ),
    Check(
        name="gateway_total",
        promise="What the gateways owe us is what payments took, less what was given back.",
        sql="""
            SELECT total.unit AS subject, SUM(total.ledger) AS expected, SUM(total.payments) AS actual
            FROM (
                SELECT transfer.unit, 0 AS payments,
                    CASE WHEN debit.kind = 'GATEWAY_CLEARING' THEN transfer.amount ELSE -transfer.amount END AS ledger
                FROM ledger_transfers AS transfer
                JOIN ledger_accounts AS debit ON debit.id = transfer.debit_account_id
                WHERE transfer.code IN ('GATEWAY_PAYMENT', 'GATEWAY_REFUND')
                UNION ALL
                SELECT currency, amount_paisa, 0 FROM prepaid_payments
                UNION ALL
                SELECT payment.currency, -refund.amount_paisa, 0
                FROM prepaid_gateway_refunds AS refund
                JOIN prepaid_payments AS payment USING (gateway, gateway_payment_id)
            ) AS total
            GROUP BY total.unit
            HAVING SUM(total.ledger) <> SUM(total.payments)
        """,
        counts="SELECT count(*) FROM prepaid_payments",
    ),
)
