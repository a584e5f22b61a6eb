"""Everything a shop's page shows about its credit, read in one look; nothing here decides or changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.console.people import Names, find_names
from khaacho.console.risk import AgeBar, age_bars
from khaacho.credit.exposure.profile import CreditProfile, PaymentRow, find_credit_profile, find_payments
from khaacho.credit.item_names import ItemName, find_item_names
from khaacho.credit.lateness.claims import PaymentClaim, find_open_claim
from khaacho.credit.lateness.disputes import Dispute, find_open_disputes
from khaacho.credit.lateness.pause_rules import PauseVerdict
from khaacho.credit.lateness.pausing import evaluate_pause
from khaacho.credit.lateness.promises import Promise, find_promises
from khaacho.credit.paying.adjustment_reports import AdjustmentRow, find_adjustments
from khaacho.credit.queries import find_debits
from khaacho.credit.records import CreditLine, Debit
from khaacho.credit.reports import Clearing, find_clearings_of
from khaacho.orders.queries import find_orders_by_id
from khaacho.orders.records import Order
from khaacho.platform.database import Transaction

# More open items than this are a statement's matter; what is oldest is here.
ITEMS_SHOWN = 40
PAYMENTS_SHOWN, ADJUSTMENTS_SHOWN, PROMISES_SHOWN = 8, 6, 5


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An open item with its name, what was paid of it from what, and the dispute about it if there is one."""

    debit: Debit
    name: ItemName
    clearings: Sequence[Clearing]
    dispute: Dispute | None
    days_late: int


class RetailerView(msgspec.Struct, frozen=True, kw_only=True):
    """`named` names all items that are open or that payments cleared; `held` the orders that hold credit."""

    profile: CreditProfile
    ages: list[AgeBar]
    names: Names
    items: list[Item]
    more_items: int
    payments: list[PaymentRow]
    adjustments: list[AdjustmentRow]
    promises: list[Promise]
    named: dict[UUID, ItemName]
    held: dict[UUID, Order]
    claim: PaymentClaim | None
    verdict: PauseVerdict
    today: date

    @property
    def lines(self) -> tuple[CreditLine, ...]:
        return self.profile.overview.lines

    @property
    def lenders(self) -> dict[UUID, str]:
        """The vendors that lend, by the line's id; the platform's own line is missing."""
        vendors = self.names.vendors
        return {line.id: vendors[line.vendor_id].name for line in self.lines if line.vendor_id in vendors}


async def find_retailer_view(tx: Transaction, retailer_id: UUID) -> RetailerView:
    """Raises RetailerNotFound."""
    profile = await find_credit_profile(tx, retailer_id)
    today = clock.business_day()
    shown = profile.overview.open_debits[:ITEMS_SHOWN]
    payments = await find_payments(tx, retailer_id, after=None, limit=PAYMENTS_SHOWN)
    cleared = await find_debits(tx, list({part.debit_id for one in payments for part in one.allocations}))
    named = await find_item_names(tx, [*shown, *cleared])
    clearings = await find_clearings_of(tx, [debit.id for debit in shown if debit.cleared_paisa])
    disputes = await find_open_disputes(tx, retailer_id)
    held = await find_orders_by_id(tx, [hold.source_id for hold in profile.holds if hold.source_kind == "order"])
    lenders = [line.vendor_id for line in profile.overview.lines if line.vendor_id]
    return RetailerView(
        profile=profile,
        ages=age_bars(profile.aging),
        names=await find_names(tx, [], lenders),
        items=[
            Item(
                debit=debit,
                name=named[debit.id],
                clearings=clearings.get(debit.id, ()),
                dispute=disputes.get(debit.id),
                days_late=max(0, (today - debit.due_on).days),
            )
            for debit in shown
        ],
        more_items=len(profile.overview.open_debits) - len(shown),
        payments=payments,
        adjustments=await find_adjustments(tx, retailer_id, limit=ADJUSTMENTS_SHOWN),
        promises=(await find_promises(tx, retailer_id))[:PROMISES_SHOWN],
        named=named,
        held={order.id: order for order in held},
        claim=await find_open_claim(tx, retailer_id),
        verdict=await evaluate_pause(tx, retailer_id),
        today=today,
    )
