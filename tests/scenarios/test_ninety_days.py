"""Ninety days of credit in minutes, with two workers that are killed again and again [C40, C51, C70, X21]."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import msgspec
import pytest
from tests.concurrency.contender import Deliver, Pay, Submit, perform
from tests.fixtures.trade import OpenShops, as_shop, assert_books_hold, order_for, paisa

from khaacho import clock
from khaacho.catalog.records import Offer
from khaacho.orders.placer import OrderPlacer
from khaacho.platform.database import Database
from khaacho.platform.scheduler import latest_slot
from khaacho.settings import load_settings
from khaacho.worker import schedules

ROOT = Path(__file__).parents[2]
FIRST_DAY = date(2026, 4, 1)
DAYS = 90
SHOPS = 8
TERMS_DAYS, PAUSED_AFTER_DAYS = 7, 30
STAGES = {"T-1": -1, "T+0": 0, "T+3": 3}
WORKERS = 2
# Each day's two halves: before and after the hour at which credit is paused.
HOURS = (10.5, 14.5)
HALF_DAY_SECONDS_MAX = 60
# One kill in so many halves of a day, at a random moment of it.
KILL_EVERY = 6
KILLED_WITHIN_SECONDS = 0.3
DAILY = {"insights", "reminders", "promises", "auto-pause", "basket-follow-up"}


class Bill(msgspec.Struct, kw_only=True):
    """One purchase as the plain model keeps it."""

    bought_on: int
    left_rupees: int

    @property
    def due_on(self) -> int:
        return self.bought_on + TERMS_DAYS


class Shop(msgspec.Struct, kw_only=True):
    """What a shop does on which day, and what the plain model expects to come of it."""

    id: UUID
    purchases: dict[int, int]
    payments: dict[int, int]
    bills: list[Bill] = []
    is_paused: bool = False
    expected: Counter[str] = msgspec.field(default_factory=Counter)

    def may_buy(self, day: int) -> bool:
        """On credit: not while paused, and not while something is past its due day."""
        return not self.is_paused and not any(bill.left_rupees and day > bill.due_on for bill in self.bills)

    def remind(self, day: int) -> None:
        """What this morning's run has to claim: every open bill at a stage, in one message."""
        if self.is_paused:
            return
        due = [bill for bill in self.bills if bill.left_rupees and day - bill.due_on in STAGES.values()]
        self.expected["reminded bills"] += len(due)
        self.expected["REMINDER_SENT"] += bool(due)

    def judge(self, day: int) -> None:
        """Whether credit is paused at eleven."""
        late = any(bill.left_rupees and day - bill.bought_on > PAUSED_AFTER_DAYS for bill in self.bills)
        if late and not self.is_paused:
            self.is_paused = True
            self.expected["PAUSE_CREDIT"] += 1

    def pay(self, day: int, rupees: int) -> None:
        """Oldest first; never more than is owed, which the caller sees to."""
        self.expected["CREDIT_CLEARED"] += 1
        for bill in self.bills:
            part = min(bill.left_rupees, rupees)
            bill.left_rupees -= part
            rupees -= part
        still_late = any(bill.left_rupees and day - bill.bought_on > PAUSED_AFTER_DAYS for bill in self.bills)
        if self.is_paused and not still_late:
            self.is_paused = False
            self.expected["UNPAUSE_CREDIT"] += 1


def plan_of(shop_id: UUID, luck: Random) -> Shop:
    """Some shops pay before the due day, some in parts, some after they were paused, one never."""
    purchases = {day: 1_000 + 100 * luck.randrange(40) for day in sorted(luck.sample(range(DAYS - 15), 5))}
    patience = luck.choice([3, 7, 9, 20, 40, 400])
    payments: dict[int, int] = {}
    for day, rupees in purchases.items():
        first = rupees if luck.random() < 0.5 else rupees // 2
        for part, paid_on in ((first, day + patience), (rupees - first, day + patience + 2)):
            if part:
                payments[paid_on] = payments.get(paid_on, 0) + part
    return Shop(id=shop_id, purchases=purchases, payments=payments)


@pytest.mark.slow
async def test_ninety_days_with_killed_workers(
    database: Database, open_shops: OpenShops, one_rupee: Offer, tmp_path: Path
) -> None:
    """[C40] [C51] [C52] [C70] [X21] Two workers, the clock run through ninety days, a worker killed at a random moment
    every other day or so: every reminder of a stage, every pause and resumption, and every night's insights happen
    exactly as often as a plain model says, no reminder concerns what was paid, and every invariant holds."""
    luck = Random(20_790_401)
    shops = [
        plan_of(shop_id, luck)
        for shop_id in await open_shops(
            SHOPS, terms_days=TERMS_DAYS, max_outstanding_days=PAUSED_AFTER_DAYS, de_minimis_paisa=0
        )
    ]
    placer = OrderPlacer(database)
    workers = Workers(database.dsn, tmp_path)
    before = clock.now() - datetime.now(UTC)
    try:
        workers.set_clock(clock.start_of_business_day(FIRST_DAY))
        await workers.start()
        for day in range(DAYS):
            for hours in HOURS:
                await workers.until(day, hours, database, luck)
                for shop in shops:
                    shop.remind(day) if hours == HOURS[0] else shop.judge(day)
            for shop in shops:
                await trade(database, placer, one_rupee, shop, day)
        await workers.until(DAYS, 1, database, luck)
    finally:
        await workers.stop()
        clock.shift_by(before)
    await assert_as_expected(database, shops)
    await assert_books_hold(database)


async def trade(database: Database, placer: OrderPlacer, offer: Offer, shop: Shop, day: int) -> None:
    """The evening's purchase and payment, in the shop and in the model."""
    rupees = shop.purchases.get(day)
    if rupees and shop.may_buy(day):
        actor = as_shop(shop.id)
        (order,) = await perform(database, placer, Submit(actor=actor, order=order_for(shop.id, offer, rupees)))
        await perform(database, placer, Deliver(order_id=order.id, sku=offer.sku))
        shop.bills.append(Bill(bought_on=day, left_rupees=rupees))
    owed = sum(bill.left_rupees for bill in shop.bills)
    paid = min(owed, shop.payments.get(day, 0))
    if paid:
        await perform(database, placer, Pay(shop=shop.id, amount_paisa=paisa(paid)))
        shop.pay(day, paid)


async def assert_as_expected(database: Database, shops: Sequence[Shop]) -> None:
    """What was audited and written down, against the plain model."""
    expected = Counter[str]()
    for shop in shops:
        expected.update(shop.expected)
    assert expected["REMINDER_SENT"] > 20
    assert expected["PAUSE_CREDIT"] > 1
    assert expected["UNPAUSE_CREDIT"] > 0
    async with database.reading() as tx:
        audited = await tx.dicts("SELECT action, count(*) AS times FROM audit_entries GROUP BY action")
        reminded = await tx.value("SELECT count(*) FROM credit_reminders")
        of_what_was_paid = await tx.value(
            """
            SELECT count(*)
            FROM credit_reminders AS reminder
            JOIN credit_debits AS debit ON debit.id = reminder.debit_id
            WHERE debit.cleared_at < reminder.claimed_at
            """
        )
        messages = await tx.dicts("SELECT purpose, count(*) AS times FROM outbound_messages GROUP BY purpose")
        nights = await tx.value("SELECT count(*) FROM scheduled_runs WHERE job = 'insights' AND error IS NULL")
        failed = await tx.values("SELECT job || ': ' || error FROM scheduled_runs WHERE error IS NOT NULL")
        unsent = await tx.value("SELECT count(*) FROM outbound_messages WHERE state IN ('QUEUED', 'SENDING')")
        dead = await tx.value("SELECT count(*) FROM pgqueuer WHERE status = 'failed'")
    counted = {row["action"]: row["times"] for row in audited}
    said = {row["purpose"]: row["times"] for row in messages}
    acts = ("REMINDER_SENT", "PAUSE_CREDIT", "UNPAUSE_CREDIT", "CREDIT_CLEARED")
    assert {act: counted.get(act, 0) for act in acts} == {act: expected[act] for act in acts}
    assert said["PAYMENT_REMINDER"] == expected["REMINDER_SENT"]
    assert said["CREDIT_NOTICE"] == expected["PAUSE_CREDIT"] + expected["UNPAUSE_CREDIT"]
    assert said["PAYMENT_THANKS"] == expected["CREDIT_CLEARED"]
    assert reminded == expected["reminded bills"]
    assert of_what_was_paid == 0
    assert nights == DAYS
    assert failed == []
    assert unsent == 0
    assert dead == 0


class Workers:
    """Two worker processes on a clock that this test moves, one of them killed now and then."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._shift_file = folder / "shift"
        self._environment = {
            **os.environ,
            "DATABASE_URL": dsn,
            "KHAACHO_DATA_DIR": str(folder),
            "KHAACHO_SECRET_KEY": "a-test-secret-that-is-long-enough-00000",
            "KHAACHO_SIMULATOR": "on",
            "KHAACHO_LOG_LEVEL": "ERROR",
        }
        self._schedules = schedules(load_settings(_env_file=None, KHAACHO_SIMULATOR="on"))
        self._running: list[asyncio.subprocess.Process] = []

    def set_clock(self, moment: datetime) -> None:
        """The same time for this process and the workers."""
        shift = moment - datetime.now(UTC)
        clock.shift_by(shift)
        fresh = self._shift_file.with_suffix(".new")
        fresh.write_text(str(shift.total_seconds()))
        fresh.replace(self._shift_file)

    async def start(self) -> None:
        """Bring up what is missing."""
        while len(self._running) < WORKERS:
            self._running.append(
                await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "tests.scenarios.hurried_worker",
                    str(self._shift_file),
                    cwd=ROOT,
                    env=self._environment,
                )
            )

    async def stop(self) -> None:
        for process in self._running:
            process.terminate()
        for process in self._running:
            await asyncio.wait_for(process.wait(), 40)

    async def until(self, day: int, hours: float, database: Database, luck: Random) -> None:
        """Move on to that hour and wait for everything that was due by then; now and then a worker dies meanwhile."""
        self.set_clock(clock.start_of_business_day(FIRST_DAY + timedelta(days=day)) + timedelta(hours=hours))
        if luck.random() * KILL_EVERY < 1:
            await asyncio.sleep(luck.random() * KILLED_WITHIN_SECONDS)
            victim = self._running.pop(luck.randrange(WORKERS))
            victim.kill()
            await victim.wait()
            await self.start()
        due = [(one.name, latest_slot(one.cron, clock.now())) for one in self._schedules if one.name in DAILY]
        assert len(due) == len(DAILY)
        async with asyncio.timeout(HALF_DAY_SECONDS_MAX):
            while not await _have_run(database, due):
                await asyncio.sleep(0.02)
        await self.settle(database)

    async def settle(self, database: Database) -> None:
        """Wait until no job waits or runs. What a killed worker was sending is sent by the next sweep."""
        async with asyncio.timeout(HALF_DAY_SECONDS_MAX):
            while True:
                async with database.reading() as tx:
                    left = await tx.value(
                        """
                        SELECT count(*) FROM pgqueuer
                        WHERE status = 'picked' OR status = 'queued' AND execute_after <= now()
                        """
                    )
                if not left:
                    return
                await asyncio.sleep(0.02)


async def _have_run(database: Database, due: Sequence[tuple[str, datetime]]) -> bool:
    async with database.reading() as tx:
        done = await tx.value(
            """
            SELECT count(*)
            FROM unnest(%(jobs)s::text[], %(slots)s::timestamptz[]) AS due (job, slot)
            JOIN scheduled_runs AS run ON run.job = due.job AND run.slot = due.slot AND run.finished_at IS NOT NULL
            """,
            {"jobs": [job for job, _ in due], "slots": [slot for _, slot in due]},
        )
    return bool(done == len(due))
