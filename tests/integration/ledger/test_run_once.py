"""Whatever may arrive twice happens once: one key, one effect, one answer [decision 5]."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.fixtures.trade import Contenders, OpenShops, all_at_once, contents_of, line_of

from khaacho.errors import (
    Conflict,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    LockTimeout,
    RequestInProgress,
)
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, lock_accounts, open_accounts
from khaacho.ledger.chart import AccountKind
from khaacho.platform.database import Database, Transaction
from khaacho.platform.idempotency import checked_key, hash_request, run_once
from khaacho.platform.locks import Wait

BODY = hash_request(b"Rs 500 in cash")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    number: int


class Work:
    """Opens one account each time it is run, and answers how often that was."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, tx: Transaction) -> Answer:
        self.runs += 1
        await open_accounts(tx, [NewAccount(kind=AccountKind.VENDOR_SALES, owner_id=new_id())])
        return Answer(number=self.runs)


async def once(database: Database, act: object, *, key: str = "k", body: bytes = BODY, scope: str = "pay") -> Answer:
    return await run_once(database, scope=scope, key=key, request_hash=body, into=Answer, act=act)  # type: ignore[arg-type]


async def accounts(database: Database) -> int:
    async with database.reading() as tx:
        return int(await tx.value("SELECT count(*) FROM ledger_accounts"))


async def test_twenty_at_once_are_one(database: Database, contenders: Contenders) -> None:
    """Twenty requests with one key on connections of their own: run once, answered alike, now and later."""
    work = Work()
    async with contenders(20) as callers:
        outcomes = await all_at_once([lambda c=caller: once(c, work) for caller in callers])
    assert outcomes == [Answer(number=1)] * 20
    assert (work.runs, await accounts(database)) == (1, 1)
    assert await once(database, work) == Answer(number=1)


async def test_another_request_under_the_key_is_refused(database: Database) -> None:
    """Another body is IDEMPOTENCY_KEY_REUSED and changes nothing; another scope is another key."""
    work = Work()
    await once(database, work)
    before = await contents_of(database)
    with pytest.raises(IdempotencyKeyReused):
        await once(database, work, body=hash_request(b"Rs 600 in cash"))
    assert await contents_of(database) == before
    assert await once(database, work, scope="adjust") == Answer(number=2)


async def test_a_refusal_leaves_the_key_free(database: Database) -> None:
    """What is refused is not remembered: nothing is stored, and the same key may succeed later."""
    before = await contents_of(database)

    async def refuse(tx: Transaction) -> Answer:
        await Work()(tx)
        raise Conflict(why="not now")

    with pytest.raises(Conflict):
        await once(database, refuse)
    assert await contents_of(database) == before
    assert await once(database, Work()) == Answer(number=1)


async def test_of_two_that_race_the_second_follows_a_first_that_fails(database: Database) -> None:
    """The second waits for the first; when that one is refused, the second does the work itself."""
    started, may_fail = asyncio.Event(), asyncio.Event()

    async def fail_late(tx: Transaction) -> Answer:
        started.set()
        await may_fail.wait()
        raise Conflict(why="not now")

    first = asyncio.create_task(once(database, fail_late))
    await started.wait()
    work = Work()
    second = asyncio.create_task(once(database, work))
    async with asyncio.timeout(20), database.reading() as tx:
        while not await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"):
            await asyncio.sleep(0.005)
    may_fail.set()
    with pytest.raises(Conflict):
        await first
    assert await second == Answer(number=1)


async def test_a_request_that_takes_too_long_is_in_progress(database: Database) -> None:
    """While the first request is still at it after two seconds, the second is told to come back."""
    started, may_end = asyncio.Event(), asyncio.Event()

    async def linger(tx: Transaction) -> Answer:
        started.set()
        await may_end.wait()
        return Answer(number=7)

    first = asyncio.create_task(once(database, linger))
    await started.wait()
    with pytest.raises(RequestInProgress):
        await once(database, Work())
    may_end.set()
    assert await first == Answer(number=7)
    assert await once(database, Work()) == Answer(number=7)


async def test_a_lock_the_work_waits_for_is_not_the_keys(database: Database, open_shops: OpenShops) -> None:
    """When the work itself meets a locked line, the caller hears LOCK_TIMEOUT, not that a first request is at work."""
    (shop,) = await open_shops(1)
    line = (await line_of(database, shop)).id

    async def meet_a_lock(tx: Transaction) -> Answer:
        await lock_accounts(tx, [line], wait=Wait.REFUSE)
        return Answer(number=1)

    async with database.transaction() as holder:
        await lock_accounts(holder, [line])
        with pytest.raises(LockTimeout) as refusal:
            await once(database, meet_a_lock)
    assert not isinstance(refusal.value, RequestInProgress)
    assert await once(database, meet_a_lock) == Answer(number=1)


async def test_the_patience_for_the_key_is_not_that_of_the_work(database: Database) -> None:
    """The two seconds are for the key alone; the work waits for its own locks as it always does."""

    async def look(tx: Transaction) -> Answer:
        assert await tx.value("SHOW lock_timeout") == "0"
        return Answer(number=1)

    assert await once(database, look) == Answer(number=1)


@pytest.mark.parametrize("key", [None, "", "   ", "k" * 201])
def test_a_key_is_one_to_two_hundred_characters(key: str | None) -> None:
    """Missing, blank and too long keys are refused; the longest allowed one is taken as it is."""
    with pytest.raises(IdempotencyKeyRequired):
        checked_key(key)
    assert checked_key("k" * 200) == "k" * 200


def test_different_requests_hash_differently() -> None:
    """Where one part ends and the next begins is part of the hash."""
    assert hash_request("ab", "c") != hash_request("a", "bc")
    assert hash_request("ab", b"c") == hash_request(b"ab", "c")
