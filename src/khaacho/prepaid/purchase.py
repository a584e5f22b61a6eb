"""Setting out to buy credits: the order is stored first, then the gateway hears of it, outside any transaction [P10].

Whatever dies in between is found again: the receipt is ours, unique, and known to both sides.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credits_errors import InvalidCreditsAmount, InvalidPackage, MaxBalanceExceeded
from khaacho.errors import IdempotencyKeyReused, ValidationFailed
from khaacho.ids import new_id
from khaacho.platform.database import Database, Transaction
from khaacho.platform.limits import take as take_allowance
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.gateways.port import Checkout, Currency, OpensOrders, OrderToOpen
from khaacho.prepaid.orders import (
    OrderState,
    PurchaseOrder,
    find_order_under,
    first_asked_at,
    insert_order,
    name_order,
)
from khaacho.prepaid.packages import require_package
from khaacho.prepaid.pricing import in_nepali_paisa, package_price, price_of
from khaacho.prepaid.records import Package, Terms
from khaacho.prepaid.terms import find_terms

PURCHASES_PER_HOUR = 10
HOUR_SECONDS = 3_600
USER_AGENT_LENGTH_MAX = 400


class NewPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants: a package or a number of credits, never both; and where the request came from."""

    user_id: UUID
    package_id: UUID | None = None
    units: int | None = None
    ip: str | None = None
    user_agent: str | None = None
    idempotency_key: str | None = None


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """An order the gateway knows, and how to pay it."""

    order: PurchaseOrder
    checkout: Checkout


async def initiate_purchase(database: Database, gateway: OpensOrders, new: NewPurchase) -> Purchase:
    """Store the order and open it at the gateway. The same key again answers the same order.

    Raises InvalidPackage, InvalidCreditsAmount, MaxBalanceExceeded, ProfileNotFound, TooManyRequests: nothing is
    stored then. Raises GatewayUnavailable after the order is stored: nobody pays it, and it expires.
    """
    async with database.transaction() as tx:
        order = await _known_order(tx, gateway, new) or await _store_order(tx, gateway, new)
    if order.gateway_order_id is None:
        opened = await gateway.open_order(
            OrderToOpen(receipt=order.receipt, amount_paisa=order.amount_paisa, currency=order.currency)
        )
        async with database.transaction() as tx:
            name = await name_order(tx, order.receipt, opened)
        order = msgspec.structs.replace(order, gateway_order_id=name)
    return Purchase(order=order, checkout=gateway.checkout(order.asked))


async def _known_order(tx: Transaction, gateway: OpensOrders, new: NewPurchase) -> PurchaseOrder | None:
    if new.idempotency_key is None:
        return None
    known = await find_order_under(tx, new.user_id, new.idempotency_key)
    if known is not None and not known.is_for(new.units or known.units, new.package_id, gateway.name):
        raise IdempotencyKeyReused
    return known


async def _store_order(tx: Transaction, gateway: OpensOrders, new: NewPurchase) -> PurchaseOrder:
    balance = await require_balance(tx, new.user_id)
    terms = await find_terms(tx)
    package, units = await _chosen(tx, new, terms)
    if balance.units + units > terms.balance_units_max:
        raise MaxBalanceExceeded(maximum=terms.balance_units_max, balance_after=balance.units + units)
    # Counted last, so that only orders that are stored count.
    await take_allowance(tx, f"credits-purchase:{new.user_id}", PURCHASES_PER_HOUR, HOUR_SECONDS)
    price = package_price(package, terms.base_price_paisa) if package else price_of(units, terms.base_price_paisa)
    in_nepal = gateway.currency is Currency.NPR
    order_id = new_id()
    order = PurchaseOrder(
        id=order_id,
        user_id=new.user_id,
        gateway=gateway.name,
        receipt=f"kh_{order_id.hex}",
        gateway_order_id=None,
        units=units,
        amount_paisa=in_nepali_paisa(price.price_paisa, terms.npr_per_inr_basis_points)
        if in_nepal
        else price.price_paisa,
        currency=gateway.currency,
        price_inr_paisa=price.price_paisa,
        base_price_paisa=terms.base_price_paisa,
        package_id=package.id if package else None,
        package_name=package.name if package else None,
        discount_basis_points=package.discount_basis_points if package else 0,
        state=OrderState.CREATED,
        failure=None,
        ip=new.ip,
        user_agent=new.user_agent[:USER_AGENT_LENGTH_MAX] if new.user_agent else None,
        idempotency_key=new.idempotency_key,
        created_at=clock.now(),
        paid_at=None,
        ask_at=first_asked_at(),
    )
    await insert_order(tx, order)
    return order


async def _chosen(tx: Transaction, new: NewPurchase, terms: Terms) -> tuple[Package | None, int]:
    if (new.package_id is None) == (new.units is None):
        raise ValidationFailed(field="packageId", why="name either a package or a number of credits")
    if new.package_id is not None:
        package = await require_package(tx, new.package_id)
        if package.units > terms.order_units_max:
            raise InvalidPackage(why=f"at most {terms.order_units_max} credits can be bought at once")
        return package, package.units
    if new.units is None or not 1 <= new.units <= terms.order_units_max:
        raise InvalidCreditsAmount(minimum=1, maximum=terms.order_units_max)
    return None, new.units
