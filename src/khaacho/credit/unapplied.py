"""What was paid ahead on a line, consumed by an item that opens on it."""

from __future__ import annotations

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.records import Debit
from khaacho.credit.tab_rows import send_find_funds_ahead, write_items
from khaacho.credit.tabs import Tab, ahead_account_id
from khaacho.ledger.posting import Book
from khaacho.platform.database import Transaction


async def consume_unapplied(tx: Transaction, actor: Actor, book: Book, debit: Debit) -> int:
    """Let what was paid ahead on the line clear the new item, oldest first. Answers the paisa cleared.

    The line and its account of what is ahead must be locked in `book`; the caller has opened the item and writes the
    book.
    """
    if book.account(ahead_account_id(debit.account_id)).posted == 0:
        return 0
    funds = await (await send_find_funds_ahead(tx, [debit.account_id])).all()
    tab = Tab(book, [debit], funds, moment=clock.now())
    tab.spend_ahead(actor, debit.account_id, event_at=debit.opened_at)
    await write_items(tx, tab)
    return tab.debit(debit.id).cleared_paisa
