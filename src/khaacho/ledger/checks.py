"""The ledger's invariants [C5], provable at any time."""

from __future__ import annotations

from khaacho.platform.checks import Check

CHECKS = (
    Check(
        name="zero_sum",
        promise="Per unit, what was debited equals what was credited.",
        sql="""
            SELECT side.unit AS subject, 0 AS expected, SUM(side.amount) AS actual
            FROM (
                SELECT unit, amount FROM ledger_transfers
                UNION ALL
                SELECT account.unit, -transfer.amount
                FROM ledger_transfers AS transfer
                JOIN ledger_accounts AS account ON account.id = transfer.credit_account_id
            ) AS side
            GROUP BY side.unit
            HAVING SUM(side.amount) <> 0
        """,
        counts="SELECT count(*) FROM ledger_transfers",
    ),
    Check(
        name="posted_balance",
        promise="The posted balance of an account equals the sum of its transfers and of its entries.",
        sql="""
            SELECT account.id AS subject, account.posted AS expected,
                COALESCE(moved.total, 0) || ' by transfers, ' || COALESCE(noted.total, 0) || ' by entries' AS actual
            FROM ledger_accounts AS account
            LEFT JOIN (
                SELECT side.account_id, SUM(side.amount) AS total
                FROM (
                    SELECT debit_account_id AS account_id, amount FROM ledger_transfers
                    UNION ALL
                    SELECT credit_account_id, -amount FROM ledger_transfers
                ) AS side
                GROUP BY side.account_id
            ) AS moved ON moved.account_id = account.id
            LEFT JOIN (
                SELECT account_id, SUM(posted_change) AS total FROM ledger_entries GROUP BY account_id
            ) AS noted ON noted.account_id = account.id
            WHERE account.keeps_balance
                AND (account.posted <> COALESCE(moved.total, 0) OR account.posted <> COALESCE(noted.total, 0))
        """,
        counts="SELECT count(*) FROM ledger_accounts WHERE keeps_balance",
    ),
    Check(
        name="held_balance",
        promise="What is held on an account equals the sum of its active holds and of its entries.",
        sql="""
            SELECT account.id AS subject, account.held AS expected,
                COALESCE(active.total, 0) || ' by holds, ' || COALESCE(noted.total, 0) || ' by entries' AS actual
            FROM ledger_accounts AS account
            LEFT JOIN (
                SELECT hold.account_id, SUM(hold.amount) AS total
                FROM ledger_holds AS hold
                WHERE NOT EXISTS (SELECT FROM ledger_hold_endings AS ending WHERE ending.hold_id = hold.id)
                GROUP BY hold.account_id
            ) AS active ON active.account_id = account.id
            LEFT JOIN (
                SELECT account_id, SUM(held_change) AS total FROM ledger_entries GROUP BY account_id
            ) AS noted ON noted.account_id = account.id
            WHERE account.keeps_balance
                AND (account.held <> COALESCE(active.total, 0) OR account.held <> COALESCE(noted.total, 0))
        """,
        counts="SELECT count(*) FROM ledger_holds",
    ),
    Check(
        name="entry_chain",
        promise="Entries of an account are numbered without gaps and each starts where the one before ended.",
        sql="""
            SELECT chained.account_id || ' version ' || chained.version AS subject,
                chained.version_expected || ': ' || chained.posted_expected || ' / ' || chained.held_expected
                    AS expected,
                chained.version || ': ' || chained.posted_before || ' / ' || chained.held_before AS actual
            FROM (
                SELECT account_id, version, posted_before, held_before,
                    COALESCE(lag(version) OVER account, 0) + 1 AS version_expected,
                    COALESCE(lag(posted_after) OVER account, 0) AS posted_expected,
                    COALESCE(lag(held_after) OVER account, 0) AS held_expected
                FROM ledger_entries
                WINDOW account AS (PARTITION BY account_id ORDER BY version)
            ) AS chained
            WHERE chained.version <> chained.version_expected
                OR chained.posted_before <> chained.posted_expected
                OR chained.held_before <> chained.held_expected
        """,
        counts="SELECT count(*) FROM ledger_entries",
    ),
    Check(
        name="latest_version",
        promise="An account's version is the number of its last entry.",
        sql="""
            SELECT account.id AS subject, account.version AS expected, COALESCE(MAX(entry.version), 0) AS actual
            FROM ledger_accounts AS account
            LEFT JOIN ledger_entries AS entry ON entry.account_id = account.id
            GROUP BY account.id
            HAVING account.version <> COALESCE(MAX(entry.version), 0)
        """,
        counts="SELECT count(*) FROM ledger_accounts",
    ),
    Check(
        name="entry_cause",
        promise="Every change is that of its transfer on that side, or of its hold, taken or given back.",
        sql="""
            SELECT caused.account_id || ' version ' || caused.version AS subject,
                caused.posted_expected || ' / ' || caused.held_expected AS expected,
                caused.posted_change || ' / ' || caused.held_change AS actual
            FROM (
                SELECT entry.account_id, entry.version, entry.posted_change, entry.held_change,
                    CASE entry.account_id
                        WHEN transfer.debit_account_id THEN transfer.amount
                        WHEN transfer.credit_account_id THEN -transfer.amount
                        ELSE 0
                    END AS posted_expected,
                    CASE
                        WHEN hold.account_id <> entry.account_id OR entry.kind = 'POST' THEN 0
                        WHEN entry.kind = 'HOLD' THEN hold.amount
                        ELSE -hold.amount
                    END AS held_expected
                FROM ledger_entries AS entry
                LEFT JOIN ledger_transfers AS transfer ON transfer.id = entry.transfer_id
                LEFT JOIN ledger_holds AS hold ON hold.id = entry.hold_id
            ) AS caused
            WHERE caused.posted_change <> caused.posted_expected OR caused.held_change <> caused.held_expected
        """,
        counts="SELECT count(*) FROM ledger_entries",
    ),
    Check(
        name="hold_endings",
        promise="What was settled and released of a hold is exactly what was held.",
        sql="""
            SELECT hold.id AS subject, hold.amount AS expected,
                ending.settled_amount + ending.released_amount AS actual
            FROM ledger_hold_endings AS ending
            JOIN ledger_holds AS hold ON hold.id = ending.hold_id
            WHERE ending.settled_amount + ending.released_amount <> hold.amount
        """,
        counts="SELECT count(*) FROM ledger_hold_endings",
    ),
    Check(
        name="reversals",
        promise="A reversal moves exactly what it reverses, the other way.",
        sql="""
            SELECT back.id AS subject, moved.amount AS expected, back.amount AS actual
            FROM ledger_transfers AS back
            JOIN ledger_transfers AS moved ON moved.id = back.reverses_id
            WHERE back.amount <> moved.amount OR back.debit_account_id <> moved.credit_account_id
                OR back.credit_account_id <> moved.debit_account_id
        """,
        counts="SELECT count(*) FROM ledger_transfers WHERE reverses_id IS NOT NULL",
    ),
    Check(
        name="bounds",
        promise="No account is past its bounds.",
        sql="""
            SELECT id AS subject, COALESCE(ceiling::text, floor::text) AS expected, posted + held AS actual
            FROM ledger_accounts
            WHERE posted + held > ceiling OR posted < floor OR held < 0
        """,
        counts="SELECT count(*) FROM ledger_accounts",
    ),
)
