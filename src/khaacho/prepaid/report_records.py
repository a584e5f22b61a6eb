"""Reports on prepaid credits as they travel over HTTP. Amounts are rupees of the currency named beside them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from khaacho.money import rupees
from khaacho.parties.records import User, UserStatus
from khaacho.platform.http import ApiRecord, Rupees
from khaacho.prepaid.api_records import BalanceAnswer, HistoryItem, balance_answer, history_item
from khaacho.prepaid.gateways.port import Currency
from khaacho.prepaid.queries import HistoryLine
from khaacho.prepaid.records import Balance, MovementKind
from khaacho.prepaid.reports import (
    Breakage,
    Circulation,
    DayFigures,
    KindFigures,
    PackageFigures,
    Revenue,
    TopUser,
)


class TransactionItem(ApiRecord, frozen=True, kw_only=True):
    """A line of somebody's history, with whose it is and who made it."""

    user_id: UUID
    user_name: str | None
    by: str
    ip: str | None
    user_agent: str | None
    transaction: HistoryItem


class TransactionsAnswer(ApiRecord, frozen=True, kw_only=True):
    items: list[TransactionItem]
    page: int
    limit: int
    total: int
    pages: int


class KindAnswer(ApiRecord, frozen=True, kw_only=True):
    """Signed credits of one type."""

    type: MovementKind
    transactions: int
    credits: int


class UserCreditsAnswer(ApiRecord, frozen=True, kw_only=True):
    """Somebody's credits: what there is, what happened by type, and the last of it."""

    user_id: UUID
    name: str
    status: UserStatus
    balance: BalanceAnswer
    totals: list[KindAnswer]
    recent_transactions: list[HistoryItem]


class CirculationAnswer(ApiRecord, frozen=True, kw_only=True):
    """Unspent credits, now."""

    credits: int
    free_credits: int
    bought_credits: int
    balance_holders: int


class RevenueAnswer(ApiRecord, frozen=True, kw_only=True):
    """`net` is what was taken less what was given back."""

    currency: Currency
    payments: int
    credits: int
    amount: Rupees
    refunded: Rupees
    net: Rupees


class DayAnswer(ApiRecord, frozen=True, kw_only=True):
    date: date
    transactions: int
    bought: int
    given: int
    spent: int
    refunded: int


class TopUserAnswer(ApiRecord, frozen=True, kw_only=True):
    user_id: UUID
    name: str | None
    credits_bought: int
    credits_spent: int
    transactions: int


class PackageSoldAnswer(ApiRecord, frozen=True, kw_only=True):
    """`packageName` is null for credits bought by number."""

    package_name: str | None
    currency: Currency
    purchases: int
    credits: int
    amount: Rupees


class BreakageAnswer(ApiRecord, frozen=True, kw_only=True):
    """Bought credits whose owner has touched none for `afterDays`; `share` is of all ever bought."""

    after_days: int
    currency: Currency
    credits: int
    amount: Rupees
    users: int
    share: Decimal


class PeriodAnswer(ApiRecord, frozen=True, kw_only=True):
    since: datetime
    until: datetime


class AnalyticsAnswer(ApiRecord, frozen=True, kw_only=True):
    """Circulation and breakage as of now, everything else of the period."""

    period: PeriodAnswer
    circulation: CirculationAnswer
    revenue: list[RevenueAnswer]
    by_type: list[KindAnswer]
    daily: list[DayAnswer]
    top_users: list[TopUserAnswer]
    packages: list[PackageSoldAnswer]
    breakage: list[BreakageAnswer]


def transaction_item(line: HistoryLine, people: Mapping[UUID, User]) -> TransactionItem:
    person = people.get(line.user_id)
    return TransactionItem(
        user_id=line.user_id,
        user_name=person.name if person else None,
        by=line.actor_name,
        ip=line.ip,
        user_agent=line.user_agent,
        transaction=history_item(line),
    )


def user_credits_answer(
    person: User, balance: Balance, totals: list[KindFigures], recent: list[HistoryLine]
) -> UserCreditsAnswer:
    return UserCreditsAnswer(
        user_id=person.id,
        name=person.name,
        status=person.status,
        balance=balance_answer(balance),
        totals=[kind_answer(one) for one in totals],
        recent_transactions=[history_item(line) for line in recent],
    )


def kind_answer(figures: KindFigures) -> KindAnswer:
    return KindAnswer(type=figures.kind, transactions=figures.movements, credits=figures.units)


def circulation_answer(kinds: list[Circulation], holders: int) -> CirculationAnswer:
    free = sum(one.units for one in kinds if one.kind.is_free)
    bought = sum(one.units for one in kinds if not one.kind.is_free)
    return CirculationAnswer(credits=free + bought, free_credits=free, bought_credits=bought, balance_holders=holders)


def revenue_answer(revenue: Revenue) -> RevenueAnswer:
    return RevenueAnswer(
        currency=revenue.currency,
        payments=revenue.payments,
        credits=revenue.units,
        amount=rupees(revenue.amount_paisa),
        refunded=rupees(revenue.refunded_paisa),
        net=rupees(revenue.amount_paisa - revenue.refunded_paisa),
    )


def day_answer(figures: DayFigures) -> DayAnswer:
    return DayAnswer(
        date=figures.day,
        transactions=figures.movements,
        bought=figures.bought_units,
        given=figures.given_units,
        spent=figures.spent_units,
        refunded=figures.refunded_units,
    )


def top_user_answer(top: TopUser, people: Mapping[UUID, User]) -> TopUserAnswer:
    person = people.get(top.user_id)
    return TopUserAnswer(
        user_id=top.user_id,
        name=person.name if person else None,
        credits_bought=top.bought_units,
        credits_spent=top.spent_units,
        transactions=top.movements,
    )


def package_answer(figures: PackageFigures) -> PackageSoldAnswer:
    return PackageSoldAnswer(
        package_name=figures.package_name,
        currency=figures.currency,
        purchases=figures.purchases,
        credits=figures.units,
        amount=rupees(figures.amount_paisa),
    )


def breakage_answer(breakage: Breakage, after_days: int) -> BreakageAnswer:
    share = Decimal(breakage.idle_units) / breakage.sold_units if breakage.sold_units else Decimal(0)
    return BreakageAnswer(
        after_days=after_days,
        currency=breakage.currency,
        credits=breakage.idle_units,
        amount=rupees(breakage.idle_paisa),
        users=breakage.idle_users,
        share=share.quantize(Decimal("0.0001")),
    )
