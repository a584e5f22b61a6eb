"""`khaacho ledger check` follows money to where it went, not only to whom it was owed [C5]."""

from __future__ import annotations

from uuid import UUID

from tests.fixtures.owing import Owe, Pay
from tests.fixtures.trade import ALL_CHECKS, OpenShops, assert_books_hold, order_for

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.catalog.records import Offer
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, open_accounts, write_book
from khaacho.ledger.chart import AccountKind, TransferCode
from khaacho.ledger.posting import Book
from khaacho.ledger.records import Source
from khaacho.orders.fulfilment import accept_order, advance_order, deliver_order
from khaacho.orders.placer import OrderPlacer
from khaacho.orders.records import OrderStatus
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database


async def move(
    database: Database, *, to: NewAccount, out_of: NewAccount, amount: int, code: TransferCode, about: UUID
) -> None:
    """A transfer between two accounts that keep no balance: no other figure says that it should not be."""
    async with database.transaction() as tx:
        await open_accounts(tx, [to, out_of])
        book = Book((), moment=clock.now())
        book.post(
            SYSTEM,
            debit_account_id=to.account_id,
            credit_account_id=out_of.account_id,
            amount=amount,
            code=code,
            source=Source(kind="order", id=about),
            key=f"astray:{new_id()}",
            event_at=clock.now(),
        )
        await write_book(tx, book)


async def broken(database: Database) -> set[str]:
    return {result.name for result in await run_checks(database, ALL_CHECKS) if not result.holds}


async def test_money_in_the_wrong_place_is_found(database: Database, open_shops: OpenShops, owe: Owe, pay: Pay) -> None:
    """Cash that stands as if it were at the bank: every debt and every balance is right, and still it is found."""
    (shop,) = await open_shops(1)
    await owe(shop, 1_000)
    await pay(shop, 400)
    before = await broken(database)
    assert "money_received" not in before
    bank, cash = NewAccount(kind=AccountKind.BANK), NewAccount(kind=AccountKind.CASH)
    await move(database, to=bank, out_of=cash, amount=100, code=TransferCode.PAYMENT, about=new_id())
    assert await broken(database) - before == {"money_received"}


async def test_a_sale_that_stands_with_the_wrong_vendor_is_found(
    database: Database, admin: Actor, open_shops: OpenShops, one_rupee: Offer
) -> None:
    """A delivery on credit and one at the door are with their vendor; one more posting about either is found."""
    (shop,) = await open_shops(1)
    placer = OrderPlacer(database)
    for on_credit in (True, False):
        (order,) = await placer.submit(admin, order_for(shop, one_rupee, 500, on_credit=on_credit))
        async with database.transaction() as tx:
            await accept_order(tx, admin, order.id)
            await advance_order(tx, admin, order.id, OrderStatus.PACKING)
            await advance_order(tx, admin, order.id, OrderStatus.DISPATCHED)
            await deliver_order(tx, admin, order.id)
    await assert_books_hold(database)
    own = NewAccount(kind=AccountKind.VENDOR_PAYABLE, owner_id=one_rupee.vendor_id)
    other = NewAccount(kind=AccountKind.VENDOR_PAYABLE, owner_id=new_id())
    await move(database, to=own, out_of=other, amount=50_000, code=TransferCode.DELIVERY, about=order.id)
    assert await broken(database) == {"vendor_books"}
