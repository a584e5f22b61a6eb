"""[C6] Tamper evidence: what is sealed cannot be changed, deleted or added to without it being named."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.fixtures.trade import OpenShops, as_shop, order_for, paisa
from tests.integration.ledger.test_guards import World, world

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.records import Offer
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.ids import new_id
from khaacho.ledger.sealing import SCHEDULES, SEAL_SCHEDULE, SEALED_TABLES, find_noted_hashes, seal_ledger
from khaacho.orders.placer import OrderPlacer
from khaacho.platform import sealing
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database, Transaction
from khaacho.platform.scheduler import run_by_hand
from khaacho.platform.sealing import SealRun, declared, find_position, seal_rows
from khaacho.platform.seals import DIGEST_LENGTH, GENESIS, Seal, SealedTable, SealPart, root_of, seal_hash, split
from khaacho.platform.verifying import Verdict, What, verify_chain

__all__ = ["world"]

WAIT_SECONDS_MAX = 30
TABLES = {one.table: one for one in SEALED_TABLES}


async def sealed(database: Database) -> SealRun:
    """Seal once, when nothing runs any more that tests of other processes have begun on the same server."""
    async with database.reading() as tx:
        target = int(await tx.value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while (await find_position(tx))[1] < target:
                await asyncio.sleep(0.01)
    return await seal_rows(database, SEALED_TABLES)


async def verified(database: Database) -> Verdict:
    return await verify_chain(database, SEALED_TABLES)


async def count_rows(database: Database) -> int:
    async with database.reading() as tx:
        counts = [int(await tx.value(f"SELECT count(*) FROM {table}")) for table in TABLES]
    return sum(counts)


@pytest.fixture
async def vandal(dsn: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Somebody with the database's own superuser, whom no trigger and no foreign key stops."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        yield connection


async def note(tx: Transaction, action: str = "TRIED") -> UUID:
    subject = new_id()
    actor = Actor(role="ADMIN", name="Asha", request_id="request-1")  # type: ignore[arg-type]
    await record_audit(tx, actor, [AuditEntry(action=action, subject_kind="thing", subject_id=subject)])
    return subject


# --- sealing ------------------------------------------------------------------------------------------------------


async def test_every_row_is_sealed_once_and_the_chain_holds(database: Database, world: World) -> None:
    """[C6] Everything there is goes into the first seal; without news there is no second; then only what is new."""
    there = await count_rows(database)
    first = await sealed(database)
    assert (first.seals, first.rows, first.number) == (1, there, 1)
    again = await sealed(database)
    assert (again.seals, again.rows, again.number, again.hash) == (0, 0, 1, first.hash)
    async with database.transaction() as tx:
        await note(tx)
    second = await sealed(database)
    assert (second.seals, second.rows, second.number) == (1, 1, 2)
    verdict = await verified(database)
    assert verdict.breaches == ()
    assert (verdict.seals, verdict.rows, verdict.unsealed, verdict.number) == (2, there + 1, 0, 2)
    assert verdict.hash == second.hash


async def test_many_rows_become_many_seals_of_a_bounded_size(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[C6] A backlog is worked in steps, each committed by itself, however the transactions' numbers are spread."""
    monkeypatch.setattr(sealing, "ROWS_WANTED", 4)
    monkeypatch.setattr(sealing, "TRANSACTIONS_FIRST", 2)
    for _ in range(40):
        async with database.transaction() as tx:
            await note(tx)
    run = await sealed(database)
    assert run.rows == await count_rows(database)
    assert run.seals > 4
    verdict = await verified(database)
    assert (verdict.breaches, verdict.unsealed, verdict.rows) == ((), 0, run.rows)


async def test_a_row_is_hashed_as_it_is_written_down(database: Database, world: World) -> None:
    """[C6] Anybody can do it again without our code: the row as a JSON array, moments in microseconds, SHA-256."""
    async with database.transaction() as tx:
        await record_audit(
            tx,
            Actor(role="ADMIN", name='आशा "A"\\\t', request_id="r"),  # type: ignore[arg-type]
            [AuditEntry(action="TRIED", subject_kind="thing", subject_id=new_id(), new={"रकम": [1, None, {"b": "x"}]})],
        )
    await sealed(database)
    async with database.reading() as tx:
        for one in SEALED_TABLES:
            assert await digests_by_hand(tx, one) == await digests_sealed(tx, one), one.table


async def digests_by_hand(tx: Transaction, one: SealedTable) -> set[bytes]:
    def written(name: str, value: Any) -> Any:
        if value is not None and name in one.moments:
            return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return str(value) if isinstance(value, UUID) else value

    rows = await tx.dicts(f"SELECT {', '.join(one.columns)} FROM {one.table}")
    texts = [json.dumps([written(name, row[name]) for name in one.columns], ensure_ascii=False) for row in rows]
    return {hashlib.sha256(text.encode()).digest() for text in texts}


async def digests_sealed(tx: Transaction, one: SealedTable) -> set[bytes]:
    parts = await tx.values("SELECT digests FROM seal_parts WHERE table_name = %(table)s", {"table": one.table})
    return {digest for part in parts for digest in split(part, DIGEST_LENGTH)}


async def test_the_seal_covers_every_column(database: Database) -> None:
    """[C6] A column added to a sealed table and forgotten here could be changed unseen."""
    async with database.reading() as tx:
        for one in SEALED_TABLES:
            columns = await tx.values(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %(table)s", {"table": one.table}
            )
            assert set(columns) == set(one.columns), one.table


async def test_a_transaction_that_ends_late_is_sealed_when_it_ends(database: Database) -> None:
    """[C6] What began before a seal and commits after it is in the next one; what came later waits with it.

    The late row's id and time are older than those of rows that were visible long before it.
    """
    async with database.transaction() as early:
        late_subject = await note(early, "LATE")
        async with database.transaction() as tx:
            await note(tx)
        held_back = await seal_rows(database, SEALED_TABLES)
        assert held_back.rows == 0
    run = await sealed(database)
    assert run.rows == 2
    async with database.transaction() as tx:
        assert (
            await tx.value("SELECT action FROM audit_entries WHERE subject_id = %(id)s", {"id": late_subject}) == "LATE"
        )
    assert (await verified(database)).breaches == ()


async def test_readers_do_not_hold_a_seal_back(database: Database) -> None:
    """[C6] A report or a backup that reads for hours has written nothing, so nothing waits for it."""
    async with database.transaction() as tx:
        await note(tx)
    async with database.transaction() as reader:
        await reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        assert await reader.value("SELECT count(*) FROM audit_entries") == 1
        assert (await sealed(database)).rows == 1


async def test_rows_written_in_savepoints_and_undone_ones(database: Database) -> None:
    """[C6] A savepoint has a transaction number of its own, which must not matter; what was undone leaves no gap."""
    async with database.transaction() as tx:
        await note(tx)
        async with tx.savepoint():
            await note(tx)
        with contextlib.suppress(RuntimeError):
            async with tx.savepoint():
                await note(tx)
                raise RuntimeError
    with contextlib.suppress(RuntimeError):
        async with database.transaction() as tx:
            await note(tx)
            raise RuntimeError
    assert (await sealed(database)).rows == 2
    assert (await verified(database)).breaches == ()


async def test_two_that_seal_at_once_while_others_write(
    database: Database, dsn: str, open_shops: OpenShops, one_rupee: Offer
) -> None:
    """[C6] Sealing in two processes during work in a third: every row in exactly one seal, in one chain."""
    shops = await open_shops(6)
    placer = OrderPlacer(database)
    other = await Database.open(dsn)
    working = True

    async def work(shop: UUID) -> None:
        for rupees in range(1, 9):
            await placer.submit(as_shop(shop), order_for(shop, one_rupee, rupees))
            async with database.transaction() as tx:
                paid = NewPayment(retailer_id=shop, amount_paisa=paisa(1), method=PaymentMethod.CASH)
                await record_payment(tx, as_shop(shop), paid)

    async def seal(where: Database) -> None:
        while working:
            await seal_rows(where, SEALED_TABLES)

    sealers = [asyncio.create_task(seal(one)) for one in (database, other)]
    await asyncio.gather(*(work(shop) for shop in shops))
    working = False
    await asyncio.gather(*sealers)
    await sealed(other)
    await other.close()
    verdict = await verified(database)
    assert verdict.breaches == ()
    assert (verdict.rows, verdict.unsealed) == (await count_rows(database), 0)
    async with database.reading() as tx:
        for one in SEALED_TABLES:
            parts = await tx.values("SELECT keys FROM seal_parts WHERE table_name = %(table)s", {"table": one.table})
            keys = [key for part in parts for key in split(part, one.key_length)]
            assert len(keys) == len(set(keys))


async def test_killed_in_the_middle(
    database: Database, dsn: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[C6] A seal whose process dies before the commit is not there; the next run takes the same rows."""
    monkeypatch.setattr(sealing, "ROWS_WANTED", 4)
    monkeypatch.setattr(sealing, "TRANSACTIONS_FIRST", 1)
    dying = await Database.open(dsn, connections_max=1)
    insert = sealing._insert
    seals = 0

    async def insert_and_die(tx: Transaction, *given: Any) -> None:
        nonlocal seals
        await insert(tx, *given)
        seals += 1
        if seals == 3:
            async with database.transaction() as killer:
                await killer.execute("RESET ROLE")
                await killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                )

    monkeypatch.setattr(sealing, "_insert", insert_and_die)
    with pytest.raises(Exception, match=r".") as died:
        await seal_rows(dying, SEALED_TABLES)
    assert not isinstance(died.value, AssertionError)
    await dying.close()
    monkeypatch.setattr(sealing, "_insert", insert)
    cut_off = await verified(database)
    assert (cut_off.seals_made, cut_off.breaches) == (2, ())
    await sealed(database)
    whole = await verified(database)
    assert (whole.breaches, whole.unsealed, whole.rows) == ((), 0, await count_rows(database))


# --- tampering ----------------------------------------------------------------------------------------------------

Tamper = tuple[str, What]
TAMPERED = {
    "an amount is changed": (
        "ledger_transfers",
        "UPDATE ledger_transfers SET amount = amount + 1 WHERE id = %s",
        What.CHANGED,
    ),
    "a time is changed": (
        "ledger_transfers",
        "UPDATE ledger_transfers SET event_at = event_at + interval '1 microsecond' WHERE id = %s",
        What.CHANGED,
    ),
    "a transfer is deleted": ("ledger_transfers", "DELETE FROM ledger_transfers WHERE id = %s", What.DELETED),
    "a hold is changed": ("ledger_holds", "UPDATE ledger_holds SET actor_name = 'Nobody' WHERE id = %s", What.CHANGED),
    "a hold is deleted": ("ledger_holds", "DELETE FROM ledger_holds WHERE id = %s", What.DELETED),
    "an ending is changed": (
        "ledger_hold_endings",
        "UPDATE ledger_hold_endings SET actor_name = 'Nobody' WHERE hold_id = %s",
        What.CHANGED,
    ),
    "an audit entry is reworded": (
        "audit_entries",
        "UPDATE audit_entries SET reason = 'because' WHERE id = %s",
        What.CHANGED,
    ),
    "an audit entry is deleted": ("audit_entries", "DELETE FROM audit_entries WHERE id = %s", What.DELETED),
    "a row is given to another transaction": (
        "audit_entries",
        "UPDATE audit_entries SET written_in = written_in + 1000000 WHERE id = %s",
        What.CHANGED,
    ),
}


@pytest.mark.parametrize(("table", "edit", "what"), TAMPERED.values(), ids=TAMPERED.keys())
async def test_an_edit_past_all_guards_is_named(
    database: Database,
    world: World,
    vandal: psycopg.AsyncConnection[Any],
    table: str,
    edit: str,
    what: What,
) -> None:
    """[C6] As superuser with triggers and foreign keys switched off: the row, its table and what was done to it."""
    await sealed(database)
    key = TABLES[table].key[0]
    found = await (await vandal.execute(f"SELECT {key} FROM {table} ORDER BY {key} LIMIT 1")).fetchone()
    assert found is not None
    await vandal.execute(edit, [found[0]])
    (breach,) = (await verified(database)).breaches
    assert (breach.seal, breach.table, breach.key, breach.what) == (1, table, str(found[0]), what)
    assert str(found[0]) in str(breach)
    assert (breach.now is None) == (what is What.DELETED)


async def test_an_entry_is_named_by_its_account_and_number(
    database: Database, world: World, vandal: psycopg.AsyncConnection[Any]
) -> None:
    """[C6] Entries have no id of their own."""
    await sealed(database)
    await vandal.execute(
        "UPDATE ledger_entries SET held_after = held_after + 1, held_change = held_change + 1"
        " WHERE account_id = %s AND version = 2",
        [world.line],
    )
    (breach,) = (await verified(database)).breaches
    assert (breach.table, breach.key, breach.what) == ("ledger_entries", f"{world.line} 2", What.CHANGED)


INSERTED = """
    INSERT INTO ledger_transfers (id, debit_account_id, credit_account_id, unit, amount, code, source_kind, source_id,
        idempotency_key, event_at, created_at, actor_name, written_in)
    SELECT %s, debit_account_id, credit_account_id, unit, 5, code, source_kind, source_id, 'forged', event_at,
        created_at - %s, 'Nobody', {transaction}
    FROM ledger_transfers LIMIT 1
"""


async def test_a_row_inserted_where_everything_was_sealed_is_named(
    database: Database, world: World, vandal: psycopg.AsyncConnection[Any]
) -> None:
    """[C6] A forged transfer that claims a transaction of the past."""
    await sealed(database)
    forged = new_id()
    await vandal.execute(INSERTED.format(transaction="written_in"), [forged, timedelta(0)])
    (breach,) = (await verified(database)).breaches
    assert (breach.seal, breach.table, breach.key, breach.what) == (1, "ledger_transfers", str(forged), What.INSERTED)


@pytest.mark.parametrize("sealed_after", [False, True], ids=["not sealed yet", "sealed since"])
async def test_a_row_that_is_dated_back_is_named(
    database: Database, world: World, vandal: psycopg.AsyncConnection[Any], sealed_after: bool
) -> None:
    """[C6] A forged transfer that does not hide its transaction, only its day; also once it is sealed."""
    await sealed(database)
    forged = new_id()
    transaction = "pg_current_xact_id()::text::bigint"
    await vandal.execute(INSERTED.format(transaction=transaction), [forged, timedelta(minutes=11)])
    if sealed_after:
        await sealed(database)
    (breach,) = (await verified(database)).breaches
    assert (breach.seal, breach.table, breach.key, breach.what) == (2, "ledger_transfers", str(forged), What.INSERTED)


async def test_work_on_a_moved_clock_can_be_declared(database: Database) -> None:
    """[C6] Rows that are dated back on purpose are sealed apart, with a note, and are no forgery."""
    async with database.transaction() as tx:
        await note(tx)
    await sealed(database)
    async with declared(database, SEALED_TABLES, "reminders, as if it were yesterday"):
        with clock.travelled_to(clock.now() - timedelta(days=1)):
            async with database.transaction() as tx:
                await note(tx)
    verdict = await verified(database)
    assert (verdict.breaches, verdict.unsealed, verdict.number) == ((), 0, 2)


SEALS_EDITED: dict[str, tuple[str, tuple[str, str, What]]] = {
    "its rows are counted anew": (
        "UPDATE seals SET row_count = row_count + 1 WHERE number = 2",
        ("seals", "2", What.CHANGED),
    ),
    "its time is changed": (
        "UPDATE seals SET sealed_at = sealed_at - interval '1 hour' WHERE number = 2",
        ("seals", "2", What.CHANGED),
    ),
    "its hash is changed": (
        "UPDATE seals SET hash = sha256('x') WHERE number = 2",
        ("seals", "2", What.CHANGED),
    ),
    "a digest in it is changed": (
        "UPDATE seal_parts SET digests = sha256('x') WHERE seal_number = 2",
        ("seal_parts", "2", What.CHANGED),
    ),
    "a part of it is deleted": ("DELETE FROM seal_parts WHERE seal_number = 2", ("seal_parts", "2", What.CHANGED)),
    "it is deleted": ("DELETE FROM seals WHERE number = 2", ("seals", "2", What.DELETED)),
    "it is deleted with the rest of the chain": (
        "DELETE FROM seals WHERE number >= 2",
        ("seals", "2", What.DELETED),
    ),
}


@pytest.mark.parametrize(("edit", "expected"), SEALS_EDITED.values(), ids=SEALS_EDITED.keys())
async def test_an_edited_seal_is_named(
    database: Database, vandal: psycopg.AsyncConnection[Any], edit: str, expected: tuple[str, str, What]
) -> None:
    """[C6] The chain watches itself: each seal holds the hash of the one before and of everything it says."""
    for _ in range(3):
        async with database.transaction() as tx:
            await note(tx)
        await sealed(database)
    assert (await verified(database)).breaches == ()
    await vandal.execute(edit)
    first = (await verified(database)).breaches[0]
    assert (first.table, first.key, first.what) == expected


async def test_the_first_of_several_edits_comes_first(database: Database, vandal: psycopg.AsyncConnection[Any]) -> None:
    """[C6] Whatever was touched earliest in the chain is named first."""
    subjects = []
    for _ in range(3):
        async with database.transaction() as tx:
            subjects.append(await note(tx))
        await sealed(database)
    for subject in reversed(subjects):
        await vandal.execute("UPDATE audit_entries SET action = 'FORGED' WHERE subject_id = %s", [subject])
    assert [breach.seal for breach in (await verified(database)).breaches] == [1, 2, 3]


async def test_a_chain_cut_off_cleanly_differs_from_what_the_runs_noted(
    database: Database, vandal: psycopg.AsyncConnection[Any]
) -> None:
    """[C6] Rows, seal and parts deleted together leave a sound shorter chain; the outcome of the run tells."""
    schedule = next(one for one in SCHEDULES if one.name == SEAL_SCHEDULE)
    for minutes in range(2):
        async with database.transaction() as tx:
            subject = await note(tx)
        await sealed(database)
        await run_by_hand(database, schedule, clock.now() + timedelta(minutes=minutes), dry_run=False)
    noted = await find_noted_hashes(database)
    assert sorted(noted) == [1, 2]
    await vandal.execute("DELETE FROM audit_entries WHERE subject_id = %s", [subject])
    await vandal.execute("DELETE FROM seal_parts WHERE seal_number = 2")
    await vandal.execute("DELETE FROM seals WHERE number = 2")
    assert (await verified(database)).breaches == ()
    (breach,) = (await verify_chain(database, SEALED_TABLES, known=noted)).breaches
    assert (breach.table, breach.key, breach.what) == ("seals", "2", What.DELETED)


async def test_a_dry_run_only_counts(database: Database) -> None:
    """[X20] What waits for the next seal, and nothing is sealed."""
    async with database.transaction() as tx:
        await note(tx)
    assert await seal_ledger(database, clock.now(), True) == {"waiting": 1}
    assert (await verified(database)).seals_made == 0


async def test_the_chain_goes_on_after_a_dump_was_restored_elsewhere(
    database: Database, vandal: psycopg.AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """[C6] [X44] Another server counts its transactions anew: nothing is sealed twice, nothing left out, no alarm."""
    for _ in range(3):
        async with database.transaction() as tx:
            await note(tx)
        await sealed(database)
    async with database.transaction() as tx:
        await note(tx)
    # As if dumped on a server that had come much further: rows and seals keep the numbers of its transactions.
    await vandal.execute("UPDATE seals SET cluster_id = 1")
    shift = 40
    await restamp(vandal, shift)
    before = await verified(database)
    assert (before.breaches, before.unsealed) == ((), 1)
    for _ in range(60):
        async with database.transaction() as tx:
            await note(tx)
        await sealed(database)
        verdict = await verified(database)
        assert (verdict.breaches, verdict.unsealed) == ((), 0)
    assert verdict.rows == await count_rows(database)
    await vandal.execute("DELETE FROM audit_entries WHERE id = (SELECT id FROM audit_entries ORDER BY id LIMIT 1)")
    (breach,) = (await verified(database)).breaches
    assert (breach.seal, breach.what) == (1, What.DELETED)


async def restamp(vandal: psycopg.AsyncConnection[Any], shift: int) -> None:
    """Give rows and seals higher transactions, and make the chain anew over them, as the other server had made it."""
    await vandal.execute("UPDATE audit_entries SET written_in = written_in + %s", [shift])
    cursor = await vandal.execute("SELECT number FROM seals ORDER BY number")
    previous, upto = GENESIS, 0
    for (number,) in await cursor.fetchall():
        rows = await vandal.execute(f"SELECT {sealing.SEAL_COLUMNS} FROM seals WHERE number = %s", [number])
        values = dict(zip(sealing.SEAL_COLUMNS.split(", "), await rows.fetchone() or (), strict=True))
        values |= {
            "from_transaction": upto,
            "to_transaction": values["to_transaction"] + shift,
            "previous_hash": previous,
        }
        parts = await parts_again(vandal, number)
        seal = Seal(**values | {"root": root_of(parts)})
        hashed = seal_hash(seal)
        await vandal.execute(
            """
            UPDATE seals SET from_transaction = %s, to_transaction = %s, previous_hash = %s, root = %s, hash = %s
            WHERE number = %s
            """,
            [seal.from_transaction, seal.to_transaction, seal.previous_hash, seal.root, hashed, number],
        )
        previous, upto = hashed, seal.to_transaction


async def parts_again(vandal: psycopg.AsyncConnection[Any], number: int) -> list[SealPart]:
    audit = TABLES["audit_entries"]
    cursor = await vandal.execute("SELECT keys FROM seal_parts WHERE seal_number = %s", [number])
    (keys,) = await cursor.fetchone() or (b"",)
    rows = await vandal.execute(
        f"SELECT {audit.digest_sql} FROM audit_entries WHERE id = ANY(%s) ORDER BY id",
        [[UUID(bytes=key) for key in split(keys, 16)]],
    )
    digests = b"".join([digest for (digest,) in await rows.fetchall()])
    await vandal.execute("UPDATE seal_parts SET digests = %s WHERE seal_number = %s", [digests, number])
    return [SealPart(table_name="audit_entries", row_count=len(digests) // 32, keys=keys, digests=digests)]
