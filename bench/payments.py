"""Recording payments: the cashier beside pgbench doing the same writes, one transaction a payment.

Every shop owes three items. Each run ends with the ledger checked and the acknowledged payments counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import khaacho.credit.checks
import khaacho.ledger.checks
from bench.placing import SECONDS, run_callers, run_pgbench
from bench.recording import Figure, Recorder, percentile
from bench.world import BENCH, LIMIT_PAISA, SHOPS, World
from khaacho import clock
from khaacho.credit.actions import open_debits
from khaacho.credit.paying.cashier import Cashier
from khaacho.credit.queries import credit_line_id
from khaacho.credit.records import Debit, NewPayment, PaymentMethod
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, lock_accounts, open_accounts, write_book
from khaacho.ledger.chart import AccountKind, TransferCode, account_id
from khaacho.ledger.posting import Book
from khaacho.ledger.records import Source
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database

PGBENCH_SCRIPT = Path(__file__).with_name("payment.pgbench.sql")
ITEMS = 3
# So much that no run pays it off.
ITEM_PAISA = LIMIT_PAISA // 10
PAID_PAISA = 100
RATE_TARGET = 500


async def measure(recorder: Recorder, database: Database, world: World) -> None:
    """All of it; leaves the database checked."""
    for start in range(0, len(world.shops), 1000):
        await _lend(database, world.shops[start : start + 1000])
    acknowledged = 0

    async def ours(callers: int, shops: Sequence[UUID]) -> tuple[float, list[float]]:
        nonlocal acknowledged
        cashier = Cashier(database)

        async def submit(number: int) -> None:
            shop = shops[number * 7919 % len(shops)]
            new = NewPayment(retailer_id=shop, amount_paisa=PAID_PAISA, method=PaymentMethod.CASH)
            await cashier.take(BENCH, new, key=str(new_id()), request_hash=b"bench")

        _, warm, _ = await run_callers(submit, callers=callers, seconds=0.5)
        rate, latencies, _ = await run_callers(submit, callers=callers, seconds=SECONDS)
        acknowledged += len(warm) + len(latencies)
        return rate, latencies

    limits = {
        clients: await asyncio.to_thread(
            run_pgbench, database.dsn, clients=clients, people=SHOPS, seconds=SECONDS, script=PGBENCH_SCRIPT
        )
        for clients in (1, 16, 64)
    }
    at_first = await _count(database)
    rate, latencies = await ours(1, world.shops)
    recorder.record(
        Figure(name="pay, 1 caller", value=rate, unit="payments/s", limit=limits[1], limit_name="pgbench, 1 client")
    )
    recorder.record(Figure(name="pay, 1 caller, p50", value=percentile(latencies, 0.5), unit="ms"))
    best = max(limits.values())
    for callers in (16, 64):
        rate, latencies = await ours(callers, world.shops)
        recorder.record(
            Figure(
                name=f"pay, {callers} callers, 10,000 lines",
                value=rate,
                unit="payments/s",
                limit=best,
                limit_name="pgbench's best",
                target=1.2 if callers == 64 else None,
            )
        )
        recorder.record(
            Figure(
                name=f"pay, {callers} callers, p95",
                value=percentile(latencies, 0.95),
                unit="ms",
            )
        )
    recorder.record(Figure(name="pay, 64 callers, rate", value=rate, unit="payments/s", target=RATE_TARGET))
    rate, _ = await ours(64, world.shops[:1])
    recorder.record(Figure(name="pay, 64 callers, one hot line", value=rate, unit="payments/s"))
    await _require_sound(database, expected=at_first + acknowledged)


async def _lend(database: Database, shops: Sequence[UUID]) -> None:
    """Three items owed by each shop, opened some days apart."""
    now = clock.now()
    lines = {credit_line_id(shop): shop for shop in shops}
    async with database.transaction() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        await open_accounts(tx, [NewAccount(kind=AccountKind.OPENING_BALANCES), NewAccount(kind=AccountKind.CASH)])
        book = Book(await lock_accounts(tx, list(lines)), moment=now)
        debits: list[Debit] = []
        for line_id, shop in lines.items():
            for age in range(ITEMS):
                opened_at = now - timedelta(days=ITEMS - age)
                debit = Debit(
                    id=new_id(),
                    account_id=line_id,
                    retailer_id=shop,
                    source_kind="bench",
                    source_id=new_id(),
                    amount_paisa=ITEM_PAISA,
                    cleared_paisa=0,
                    written_off=False,
                    opened_at=opened_at,
                    due_on=clock.business_day(opened_at) + timedelta(days=7),
                    cleared_at=None,
                )
                debits.append(debit)
                book.post(
                    BENCH,
                    debit_account_id=line_id,
                    credit_account_id=account_id(AccountKind.OPENING_BALANCES),
                    amount=ITEM_PAISA,
                    code=TransferCode.OPENING_BALANCE,
                    source=Source(kind="bench", id=debit.source_id),
                    key=f"bench:{debit.id}",
                    event_at=opened_at,
                )
        await open_debits(tx, debits)
        await write_book(tx, book)


async def _count(database: Database) -> int:
    async with database.reading() as tx:
        return int(await tx.value("SELECT count(*) FROM credit_payments"))


async def _require_sound(database: Database, *, expected: int) -> None:
    checks = (*khaacho.ledger.checks.CHECKS, *khaacho.credit.checks.CHECKS)
    broken = [result.name for result in await run_checks(database, checks) if not result.holds]
    found = await _count(database)
    if broken or found != expected:
        raise RuntimeError(f"after the run: {broken}, {found} payments where {expected} were acknowledged")
