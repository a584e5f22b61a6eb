"""Laws of the schema, read off a migrated database. [law 6]"""

from __future__ import annotations

import re

from khaacho.platform.database import Database

# Foreign keys whose referencing rows are never looked for from the other side, and whose referenced rows are never
# deleted nor renamed, so that an index would only be written.
UNINDEXED = {
    "credit_debits.credit_debits_retailer_id_fkey": "shops are asked for open items only, which have a partial index",
    "sign_ins.sign_ins_user_id_fkey": "users are asked for living sign-ins only, which have a partial index",
    "ledger_transfers.ledger_transfers_debit_account_fkey": "the unit only makes both sides agree; found by account",
    "ledger_transfers.ledger_transfers_credit_account_fkey": "as above",
}

# Tables whose numbers are not ours to constrain: the queue library's own.
LIBRARY_TABLES = ("pgqueuer%", "alembic%")


async def test_every_foreign_key_has_an_index(database: Database) -> None:
    """Without one, deleting or locking a parent row reads the whole child table."""
    async with database.reading() as tx:
        missing = await tx.values(
            """
            SELECT con.conrelid::regclass || '.' || con.conname
            FROM pg_constraint AS con
            WHERE con.contype = 'f' AND NOT EXISTS (
                SELECT FROM pg_index AS idx
                WHERE idx.indrelid = con.conrelid
                    AND (string_to_array(idx.indkey::text, ' ')::int2[])[1] = ANY(con.conkey)
                    AND (
                        SELECT array_agg(key ORDER BY key)
                        FROM unnest((string_to_array(idx.indkey::text, ' ')::int2[])[1:cardinality(con.conkey)]) AS key
                    ) <@ con.conkey
                    -- A partial index serves when it only leaves out rows without a parent.
                    AND (idx.indpred IS NULL OR pg_get_expr(idx.indpred, idx.indrelid) LIKE '%% IS NOT NULL%%')
            )
            ORDER BY 1
            """
        )
    assert set(missing) == set(UNINDEXED)


async def test_money_is_whole_paisa(database: Database) -> None:
    """Every column that holds paisa is a bigint, and nothing in the database is a float that counts anything."""
    async with database.reading() as tx:
        columns = await tx.dicts(
            """
            SELECT table_name || '.' || column_name AS name, data_type AS type
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name NOT LIKE ALL(%(library)s)
            """,
            {"library": list(LIBRARY_TABLES)},
        )
    money = {column["name"]: column["type"] for column in columns if column["name"].endswith("_paisa")}
    assert money
    assert {name for name, kind in money.items() if kind != "bigint"} == set()

    # Degrees, kilometres and shares are measured; everything else is counted.
    floats = {column["name"].split(".")[1] for column in columns if column["type"] in ("double precision", "real")}
    assert floats <= {"latitude", "longitude", "radius_km", "distance_km", "share"}
    assert {column["name"] for column in columns if column["type"] == "money"} == set()


async def test_every_balance_and_quantity_has_its_check(database: Database) -> None:
    """What must not become negative, or exceed, is refused by the database too."""
    counted = re.compile(r"(_paisa|quantity|amount|held|posted|reserved|physical|used)$")
    async with database.reading() as tx:
        columns = await tx.dicts(
            """
            SELECT col.table_name, col.column_name
            FROM information_schema.columns AS col
            JOIN information_schema.tables AS tab USING (table_schema, table_name)
            WHERE col.table_schema = 'public' AND tab.table_type = 'BASE TABLE'
                AND col.data_type IN ('bigint', 'integer', 'numeric') AND col.table_name NOT LIKE ALL(%(library)s)
            """,
            {"library": list(LIBRARY_TABLES)},
        )
        checks = await tx.dicts(
            """
            SELECT conrelid::regclass::text AS table_name, pg_get_constraintdef(oid) AS definition
            FROM pg_constraint
            WHERE contype = 'c'
            """
        )
    unchecked = {
        f"{column['table_name']}.{column['column_name']}"
        for column in columns
        if counted.search(column["column_name"])
        and not any(
            check["table_name"] == column["table_name"]
            and re.search(rf"\b{column['column_name']}\b", check["definition"])
            for check in checks
        )
    }
    assert unchecked <= {
        # Entries repeat what their transfer or hold says, and are checked against it by `khaacho ledger check`.
        "ledger_entries.posted",
        "ledger_entries.held",
    }


async def test_the_append_only_tables_refuse_to_be_changed(database: Database) -> None:
    """Each has its triggers; the application's role may not even ask."""
    async with database.reading() as tx:
        guarded = await tx.values(
            """
            SELECT DISTINCT tgrelid::regclass::text
            FROM pg_trigger AS trigger JOIN pg_proc AS function ON function.oid = trigger.tgfoid
            WHERE function.proname = 'refuse_change' ORDER BY 1
            """
        )
        granted = await tx.values(
            """
            SELECT table_name || ' ' || privilege_type
            FROM information_schema.role_table_grants
            WHERE grantee = 'khaacho_app' AND table_name = ANY(%(tables)s)
                AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')
            """,
            {"tables": guarded},
        )
    assert {"audit_entries", "ledger_entries", "ledger_hold_endings", "ledger_holds", "ledger_transfers"} <= set(
        guarded
    )
    assert granted == []


async def test_the_application_may_use_every_table(database: Database) -> None:
    """A migration that adds a table has to grant it: a role that may not read it would fail in production alone."""
    async with database.reading() as tx:
        forgotten = await tx.values(
            """
            SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND (
                relkind IN ('r', 'v') AND NOT has_table_privilege('khaacho_app', oid, 'SELECT')
                OR relkind = 'S' AND NOT has_sequence_privilege('khaacho_app', oid, 'USAGE'))
            """
        )
    assert forgotten == []


async def test_every_moment_is_stored_with_its_zone(database: Database) -> None:
    """A time without a zone means another moment to everyone who reads it."""
    async with database.reading() as tx:
        naive = await tx.values(
            """
            SELECT table_name || '.' || column_name
            FROM information_schema.columns
            WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'
            """
        )
    assert naive == []
