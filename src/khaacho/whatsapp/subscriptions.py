"""What the channel tells people when something happened elsewhere: one function per event, each said once.

Every saying has the event's subject in its key, so a delivery repeated after a crash says nothing twice.
"""

from __future__ import annotations

import msgspec

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.credit.events import (
    ChequeBounced,
    CreditLimitChanged,
    CreditStatusChanged,
    PaymentRecorded,
    PaymentUndone,
)
from khaacho.credit.queries import find_credit_overview, find_open_debits
from khaacho.money import format_rupees
from khaacho.orders.events import OrderPlaced, OrderStatusChanged, OrderStuck, OrderUnroutable, VendorAsked
from khaacho.orders.in_hand import Answer, find_requests
from khaacho.orders.queries import find_order_lines, require_order
from khaacho.orders.records import Order, OrderStatus
from khaacho.oversight.events import BooksDiffer
from khaacho.parties.events import OneTimeCodeIssued, RetailerApproved, VendorApproved
from khaacho.parties.queries import require_retailer, require_vendor
from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.database import Transaction
from khaacho.platform.events import Subscribers
from khaacho.whatsapp.contacts import contact_of_party, ensure_contact
from khaacho.whatsapp.dialogue.staff import tell_staff
from khaacho.whatsapp.outbox import say
from khaacho.whatsapp.reachability import find_contact_of_shop
from khaacho.whatsapp.records import Purpose, Saying, Template
from khaacho.whatsapp.reminding import withdraw_reminders
from khaacho.whatsapp.wording import words_for
from khaacho.whatsapp.wording.figures import show_reason
from khaacho.whatsapp.wording.order_text import lay_out_news, lay_out_request
from khaacho.whatsapp.wording.paying_text import lay_out_standing
from khaacho.whatsapp.wording.receipt_text import lay_out_bounce, lay_out_thanks, lay_out_undone
from khaacho.whatsapp.wording.templates import template

# Told to the vendor whose order it is, when somebody else ended it.
_ENDED = frozenset({OrderStatus.CANCELLED, OrderStatus.FAILED})
# A delivery that is paid at the door completes at once, and is news all the same.
_FOLLOWED_BY = {OrderStatus.DELIVERED: OrderStatus.COMPLETED}


async def ask_vendor(tx: Transaction, event: VendorAsked) -> None:
    """The full order to the vendor that is asked, while the question still waits."""
    order = await require_order(tx, event.order_id)
    waiting = [one for one in await find_requests(tx, order.id) if one.id == event.request_id]
    if not waiting or waiting[0].answer is not Answer.WAITING:
        return
    vendor = await require_vendor(tx, event.vendor_id)
    retailer = await require_retailer(tx, order.retailer_id)
    lines = (await find_order_lines(tx, [order.id])).get(order.id, [])
    text = lay_out_request(
        words_for(vendor.locale),
        order,
        lines,
        shop=retailer.pasal_name,
        address=retailer.city,
        phone=retailer.phone,
        answer_by=waiting[0].answer_by,
    )
    ready = template("order_request", vendor.locale, order.code, str(len(lines)), format_rupees(order.total_paisa))
    await _tell_vendor(tx, vendor, f"asked:{event.request_id}", text, Purpose.ORDER_REQUEST, ready)


async def tell_placed(tx: Transaction, event: OrderPlaced) -> None:
    """An order placed for a retailer by somebody else; who confirmed it in the chat was answered there."""
    if event.from_basket:
        return
    order = await require_order(tx, event.order_id)
    retailer = await require_retailer(tx, order.retailer_id)
    text = words_for(retailer.locale).order_placed_for_you.format(
        code=order.code, total=format_rupees(order.total_paisa)
    )
    await _tell_about(tx, retailer, order, f"placed:{order.id}", text)


async def tell_moved(tx: Transaction, event: OrderStatusChanged) -> None:
    """Every step to the other party. Of several steps taken at once only the last is news."""
    order = await require_order(tx, event.order_id)
    if order.status not in (event.to_status, _FOLLOWED_BY.get(event.to_status)):
        return
    if event.to_status is OrderStatus.COMPLETED and event.by_role == ActorRole.SYSTEM:
        # Paid in full: the delivery at the door or the thanks for the payment said so.
        return
    if event.from_status is OrderStatus.COMPLETED:
        # Owed again: who took the payment back said so.
        return
    key = f"moved:{order.id}:{event.to_status}:{order.status_since.isoformat()}"
    if event.by_role != ActorRole.RETAILER:
        vendor = await require_vendor(tx, order.vendor_id)
        retailer = await require_retailer(tx, order.retailer_id)
        moved = msgspec.structs.replace(order, status=event.to_status)
        text = lay_out_news(words_for(retailer.locale), moved, vendor_name=vendor.name, reason=event.reason)
        if text is not None:
            await _tell_about(tx, retailer, order, f"{key}:retailer", text)
    if event.to_status in _ENDED and event.by_role != ActorRole.VENDOR:
        vendor = await require_vendor(tx, order.vendor_id)
        words = words_for(vendor.locale)
        told = words.vendor_order_cancelled.format(code=order.code, reason=show_reason(event.reason))
        ready = template("account_news", vendor.locale, told)
        await _tell_vendor(tx, vendor, f"{key}:vendor", told, Purpose.ORDER_UPDATE, ready)


async def tell_unroutable(tx: Transaction, event: OrderUnroutable) -> None:
    """No vendor took it: the retailer is told, and our people are called."""
    order = await require_order(tx, event.order_id)
    retailer = await require_retailer(tx, order.retailer_id)
    key = f"unroutable:{order.id}:{order.status_since.isoformat()}"
    text = words_for(retailer.locale).news_unroutable.format(code=order.code)
    await _tell_about(tx, retailer, order, f"{key}:retailer", text)
    total = format_rupees(order.total_paisa)
    note = f"🚨 No vendor takes {order.code} of {retailer.pasal_name} ({total}): {event.reason}."
    await tell_staff(tx, key, note)


async def tell_stuck(tx: Transaction, event: OrderStuck) -> None:
    """An order does not move: our people are called."""
    order = await require_order(tx, event.order_id)
    note = f"🚨 {order.code} has been {event.status} for {event.minutes} minutes."
    await tell_staff(tx, f"stuck:{order.id}:{event.status}:{order.status_since.isoformat()}", note)


async def tell_books_differ(tx: Transaction, event: BooksDiffer) -> None:
    """The nightly proof failed: our people are called."""
    note = f"🚨 The books differ ({event.differences}): {event.summary}."
    await tell_staff(tx, f"reconciliation:{event.slot.isoformat()}", note)


async def thank_for_payment(tx: Transaction, event: PaymentRecorded) -> None:
    """Thanks for what came in, what is still open, and when the next of it is due."""
    retailer = await require_retailer(tx, event.retailer_id)
    overview = await find_credit_overview(tx, retailer.id)
    notice = lay_out_thanks(
        retailer.locale,
        retailer.owner_name,
        event.amount_paisa,
        owed=overview.open_debits,
        ahead_paisa=overview.unapplied_paisa,
        today=clock.business_day(),
    )
    key = f"payment:{event.payment_id}"
    await _tell_retailer(tx, retailer, key, notice.text, Purpose.PAYMENT_THANKS, notice.template)


async def tell_bounced(tx: Transaction, event: ChequeBounced) -> None:
    """The bank did not pay a cheque."""
    retailer = await require_retailer(tx, event.retailer_id)
    owed = await find_open_debits(tx, retailer.id)
    notice = lay_out_bounce(retailer.locale, retailer.owner_name, event.amount_paisa, event.reason, owed=owed)
    key = f"bounced:{event.payment_id}"
    await _tell_retailer(tx, retailer, key, notice.text, Purpose.CREDIT_NOTICE, notice.template)


async def tell_undone(tx: Transaction, event: PaymentUndone) -> None:
    """A payment that was thanked for was taken back."""
    retailer = await require_retailer(tx, event.retailer_id)
    owed = await find_open_debits(tx, retailer.id)
    notice = lay_out_undone(retailer.locale, retailer.owner_name, event.amount_paisa, event.reason, owed=owed)
    key = f"undone:{event.payment_id}"
    await _tell_retailer(tx, retailer, key, notice.text, Purpose.CREDIT_NOTICE, notice.template)


async def tell_limit(tx: Transaction, event: CreditLimitChanged) -> None:
    """A new credit limit."""
    retailer = await require_retailer(tx, event.retailer_id)
    text = words_for(retailer.locale).limit_changed.format(
        limit=format_rupees(event.new_limit_paisa), before=format_rupees(event.old_limit_paisa)
    )
    key = f"limit:{event.account_id}:{event.old_limit_paisa}:{event.new_limit_paisa}:{clock.now().isoformat()}"
    ready = template("credit_notice", retailer.locale, text)
    await _tell_retailer(tx, retailer, key, text, Purpose.CREDIT_NOTICE, ready)


async def tell_standing(tx: Transaction, event: CreditStatusChanged) -> None:
    """Credit was paused, blocked or given back: why, how much, how it opens again, and that COD stays possible."""
    retailer = await require_retailer(tx, event.retailer_id)
    overview = await find_credit_overview(tx, retailer.id)
    notice = lay_out_standing(
        retailer.locale,
        retailer.owner_name,
        event,
        owed_paisa=sum(debit.remaining_paisa for debit in overview.open_debits),
        available_paisa=overview.available_paisa,
    )
    key = f"standing:{event.decision_id}"
    await _tell_retailer(tx, retailer, key, notice.text, Purpose.CREDIT_NOTICE, notice.template)


async def send_one_time_code(tx: Transaction, event: OneTimeCodeIssued) -> None:
    """The code somebody asked for a moment ago; asking for it makes it a direct answer."""
    contact = await ensure_contact(tx, event.phone)
    saying = Saying(
        key=f"code:{contact.id}:{clock.now().isoformat()}",
        purpose=Purpose.ONE_TIME_CODE,
        text=words_for(event.locale).one_time_code.format(code=event.code),
        template=template("one_time_code", event.locale, event.code),
    )
    await say(tx, contact.id, [saying])


async def welcome_retailer(tx: Transaction, event: RetailerApproved) -> None:
    """May order from now on."""
    retailer = await require_retailer(tx, event.retailer_id)
    text = words_for(retailer.locale).approved.format(name=retailer.pasal_name)
    ready = template("account_news", retailer.locale, text)
    await _tell_retailer(tx, retailer, f"approved:{retailer.id}", text, Purpose.NOTICE, ready)


async def welcome_vendor(tx: Transaction, event: VendorApproved) -> None:
    """May sell from now on."""
    vendor = await require_vendor(tx, event.vendor_id)
    text = words_for(vendor.locale).help_vendor
    ready = template("account_news", vendor.locale, words_for(vendor.locale).approved.format(name=vendor.name))
    await _tell_vendor(tx, vendor, f"approved:{vendor.id}", text, Purpose.NOTICE, ready)


async def _tell_about(tx: Transaction, retailer: Retailer, order: Order, key: str, text: str) -> None:
    status = words_for(retailer.locale).statuses[order.status]
    ready = template("order_update", retailer.locale, order.code, status)
    await _tell_retailer(tx, retailer, key, text, Purpose.ORDER_UPDATE, ready)


async def _tell_retailer(
    tx: Transaction, retailer: Retailer, key: str, text: str, purpose: Purpose, ready: Template
) -> None:
    """Nothing is said to a shop that cannot be reached; what happened is in the audit all the same."""
    contact = await find_contact_of_shop(tx, retailer)
    if contact is not None:
        await say(tx, contact.id, [Saying(key=key, purpose=purpose, text=text, template=ready)])


async def _tell_vendor(tx: Transaction, vendor: Vendor, key: str, text: str, purpose: Purpose, ready: Template) -> None:
    contact = await contact_of_party(tx, vendor.phone, vendor_id=vendor.id)
    await say(tx, contact.id, [Saying(key=key, purpose=purpose, text=text, template=ready)])


SUBSCRIBERS: Subscribers = {
    VendorAsked: (ask_vendor,),
    OrderPlaced: (tell_placed,),
    OrderStatusChanged: (tell_moved,),
    OrderUnroutable: (tell_unroutable,),
    OrderStuck: (tell_stuck,),
    BooksDiffer: (tell_books_differ,),
    PaymentRecorded: (withdraw_reminders, thank_for_payment),
    PaymentUndone: (tell_undone,),
    ChequeBounced: (tell_bounced,),
    CreditLimitChanged: (tell_limit,),
    CreditStatusChanged: (tell_standing,),
    OneTimeCodeIssued: (send_one_time_code,),
    RetailerApproved: (welcome_retailer,),
    VendorApproved: (welcome_vendor,),
}
