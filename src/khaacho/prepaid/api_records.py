"""What travels over the credits API. Prices are rupees of the currency named beside them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec

from khaacho.money import rupees
from khaacho.platform.http import ApiRecord, Rupees, ShortText
from khaacho.prepaid.fulfilment import Fulfilment
from khaacho.prepaid.gateways.port import Currency, GatewayName
from khaacho.prepaid.pricing import package_price
from khaacho.prepaid.purchase import Purchase
from khaacho.prepaid.queries import HistoryLine
from khaacho.prepaid.records import Balance, Grant, LotKind, MovementKind, Package, Terms

Percent = Annotated[Decimal, msgspec.Meta(description="Percent, at most two decimals", examples=[20])]
Credits = Annotated[int, msgspec.Meta(description="Whole credits", examples=[25])]
GatewayText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class BalanceAnswer(ApiRecord, frozen=True, kw_only=True):
    """What one has; `freeCredits` were given and are spent first, `boughtCredits` were paid for."""

    balance: Credits
    free_credits: Credits
    bought_credits: Credits


class PackageAnswer(ApiRecord, frozen=True, kw_only=True):
    """Credits sold together. `perCredit` is rounded; `savings` is against the base price."""

    id: UUID
    name: str
    credits: Credits
    price: Rupees
    per_credit: Rupees
    savings: Rupees
    currency: Currency
    popular: bool


class PackagesAnswer(ApiRecord, frozen=True, kw_only=True):
    """What is for sale, the smallest first; any number up to `maxCredits` at the base price too."""

    packages: list[PackageAnswer]
    base_price: Rupees
    currency: Currency
    min_credits: Credits
    max_credits: Credits
    credits_per_application: Credits


class PurchaseRequest(ApiRecord, frozen=True, kw_only=True):
    """A package or a number of credits, never both."""

    package_id: UUID | None = None
    credits_amount: int | None = None
    gateway: GatewayName = GatewayName.RAZORPAY


class PurchaseAnswer(ApiRecord, frozen=True, kw_only=True):
    """An order to pay: with `keyId` in Razorpay's checkout, which wants `amountPaisa`, or at `checkoutUrl`."""

    order_id: str
    key_id: str | None
    amount: Rupees
    amount_paisa: int
    currency: Currency
    credits: Credits
    package_name: str | None
    gateway: GatewayName
    checkout_url: str | None
    form_fields: dict[str, str]


class RazorpayProof(ApiRecord, frozen=True, kw_only=True):
    """What Razorpay's checkout hands the payer."""

    razorpay_order_id: GatewayText
    razorpay_payment_id: GatewayText
    razorpay_signature: GatewayText


class EsewaProof(ApiRecord, frozen=True, kw_only=True):
    """The `data` eSewa adds to the success address."""

    data: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class PaymentAnswer(ApiRecord, frozen=True, kw_only=True):
    """What a payment brought. `creditsBalance` is the balance right after it, the same whenever one asks."""

    credits_added: Credits
    credits_balance: Credits
    transaction_id: UUID


class PurchaseBehind(ApiRecord, frozen=True, kw_only=True):
    """The purchase a line of the history belongs to."""

    gateway: GatewayName
    order_id: str | None
    payment_id: str | None
    amount: Rupees | None
    currency: Currency | None
    package_name: str | None
    base_price: Rupees | None


class PaidByAnswer(ApiRecord, frozen=True, kw_only=True):
    """Credits that paid for a line of spending, and the transaction that brought them; `type` says how they came in."""

    transaction_id: UUID
    type: LotKind
    credits: Credits
    returned_credits: Credits
    package_name: str | None


class HistoryItem(ApiRecord, frozen=True, kw_only=True):
    transaction_id: UUID
    type: MovementKind
    credits: Credits
    balance_before: Credits
    balance_after: Credits
    reason: str | None
    source: str
    source_id: UUID
    refunds_transaction_id: UUID | None
    purchase: PurchaseBehind | None
    paid_by: list[PaidByAnswer]
    created_at: datetime


class HistoryAnswer(ApiRecord, frozen=True, kw_only=True):
    items: list[HistoryItem]
    page: int
    limit: int
    total: int
    pages: int


class TermsAnswer(ApiRecord, frozen=True, kw_only=True):
    """What credits are sold on from `effectiveAt`; `nprPerInr` is the peg."""

    effective_at: datetime
    base_price: Rupees
    credits_per_application: Credits
    signup_bonus: Credits
    max_credits_per_order: Credits
    max_balance: Credits
    npr_per_inr: Decimal
    changed_by: str


class SettingsAnswer(ApiRecord, frozen=True, kw_only=True):
    """The terms in effect, and the history, the newest first, those still to come too."""

    current: TermsAnswer
    history: list[TermsAnswer]


class SettingsRequest(ApiRecord, frozen=True, kw_only=True):
    """What is to change, from `effectiveAt` on, or now."""

    effective_at: datetime | None = None
    base_price: Rupees | None = None
    credits_per_application: int | None = None
    signup_bonus: int | None = None
    max_credits_per_order: int | None = None
    max_balance: int | None = None
    npr_per_inr: Decimal | None = None


class AdminPackage(ApiRecord, frozen=True, kw_only=True):
    """A package as it is kept; `fixedPrice` instead of a discount makes the price independent of the base price."""

    name: ShortText
    credits: Credits
    id: UUID | None = None
    discount_percent: Percent = Decimal(0)
    fixed_price: Rupees | None = None
    popular: bool = False
    active: bool = True


class AdminPackages(ApiRecord, frozen=True, kw_only=True):
    """All packages. Saving takes the whole list: one that is missing is no longer sold."""

    packages: list[AdminPackage]


class AdjustRequest(ApiRecord, frozen=True, kw_only=True):
    """Credits to give (above zero) or take (below)."""

    user_id: UUID
    credits: int
    reason: Annotated[str, msgspec.Meta(max_length=500)]


class AdjustAnswer(ApiRecord, frozen=True, kw_only=True):
    transaction_id: UUID
    user_id: UUID
    credits: Credits
    balance_before: Credits
    balance_after: Credits


class WebhookAnswer(ApiRecord, frozen=True, kw_only=True):
    """What came of the event, for people who look at deliveries."""

    outcome: str


def balance_answer(balance: Balance) -> BalanceAnswer:
    return BalanceAnswer(balance=balance.units, free_credits=balance.free_units, bought_credits=balance.bought_units)


def packages_answer(packages: list[Package], terms: Terms) -> PackagesAnswer:
    return PackagesAnswer(
        packages=[_package_answer(package, terms) for package in packages],
        base_price=rupees(terms.base_price_paisa),
        currency=Currency.INR,
        min_credits=1,
        max_credits=terms.order_units_max,
        credits_per_application=terms.application_units,
    )


def _package_answer(package: Package, terms: Terms) -> PackageAnswer:
    price = package_price(package, terms.base_price_paisa)
    return PackageAnswer(
        id=package.id,
        name=package.name,
        credits=package.units,
        price=rupees(price.price_paisa),
        per_credit=rupees(price.per_credit_paisa),
        savings=rupees(price.savings_paisa),
        currency=Currency.INR,
        popular=package.popular,
    )


def purchase_answer(purchase: Purchase) -> PurchaseAnswer:
    order, checkout = purchase.order, purchase.checkout
    return PurchaseAnswer(
        order_id=order.gateway_order_id or "",
        key_id=checkout.key_id,
        amount=rupees(order.amount_paisa),
        amount_paisa=order.amount_paisa,
        currency=order.currency,
        credits=order.units,
        package_name=order.package_name,
        gateway=order.gateway,
        checkout_url=checkout.url,
        form_fields=dict(checkout.fields),
    )


def payment_answer(fulfilment: Fulfilment) -> PaymentAnswer:
    return PaymentAnswer(
        credits_added=fulfilment.units,
        credits_balance=fulfilment.balance_after,
        transaction_id=fulfilment.movement_id,
    )


def history_item(line: HistoryLine) -> HistoryItem:
    return HistoryItem(
        transaction_id=line.id,
        type=line.kind,
        credits=line.units,
        balance_before=line.balance_before,
        balance_after=line.balance_after,
        reason=line.reason,
        source=line.source_kind,
        source_id=line.source_id,
        refunds_transaction_id=line.refunds_id,
        purchase=_purchase_behind(line),
        paid_by=[
            PaidByAnswer(
                transaction_id=part.movement_id,
                type=part.kind,
                credits=part.units,
                returned_credits=part.returned_units,
                package_name=part.package_name,
            )
            for part in line.paid_by
        ],
        created_at=line.created_at,
    )


def _purchase_behind(line: HistoryLine) -> PurchaseBehind | None:
    if line.gateway is None:
        return None
    return PurchaseBehind(
        gateway=line.gateway,
        order_id=line.gateway_order_id,
        payment_id=line.gateway_payment_id,
        amount=None if line.amount_paisa is None else rupees(line.amount_paisa),
        currency=line.currency,
        package_name=line.package_name,
        base_price=None if line.base_price_paisa is None else rupees(line.base_price_paisa),
    )


def terms_answer(terms: Terms) -> TermsAnswer:
    return TermsAnswer(
        effective_at=terms.effective_at,
        base_price=rupees(terms.base_price_paisa),
        credits_per_application=terms.application_units,
        signup_bonus=terms.signup_bonus_units,
        max_credits_per_order=terms.order_units_max,
        max_balance=terms.balance_units_max,
        npr_per_inr=Decimal(terms.npr_per_inr_basis_points).scaleb(-4),
        changed_by=terms.actor_name,
    )


def admin_package(package: Package) -> AdminPackage:
    return AdminPackage(
        id=package.id,
        name=package.name,
        credits=package.units,
        discount_percent=Decimal(package.discount_basis_points).scaleb(-2),
        fixed_price=None if package.fixed_price_paisa is None else rupees(package.fixed_price_paisa),
        popular=package.popular,
        active=package.active,
    )


def adjust_answer(grant: Grant) -> AdjustAnswer:
    return AdjustAnswer(
        transaction_id=grant.id,
        user_id=grant.user_id,
        credits=grant.units,
        balance_before=grant.balance_before,
        balance_after=grant.balance_after,
    )
