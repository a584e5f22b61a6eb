"""What the founder sees of risk, over HTTP: the dashboard and one shop's whole credit [C30, C31]."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import QueryParameter

from khaacho import clock
from khaacho.credit.exposure.profile import (
    Place,
    find_credit_profile,
    find_open_items,
    find_payments,
    find_transactions,
)
from khaacho.credit.exposure.risk import Direction, RiskFilter, RiskPlace, RiskSort, find_risk_page
from khaacho.credit.exposure.risk_api_records import (
    DashboardAnswer,
    RetailerCreditAnswer,
    buckets_answer,
    hold_answer,
    open_item_answer,
    payment_answer,
    profile_answer,
    risk_answer,
    summary_answer,
    transaction_answer,
)
from khaacho.errors import ValidationFailed
from khaacho.money import rupees
from khaacho.parties.access import requires
from khaacho.parties.standings import CreditStatus
from khaacho.platform.database import Database
from khaacho.platform.http import Envelope, Page, decode_place, encode_place, ok

LIMIT_MAX = 100
LIMIT_DEFAULT = 50
PAGE_MAX = 10_000
SEARCH_LENGTH_MAX = 100

Row = TypeVar("Row")
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]


class _Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """A place is good only in the order it was taken from."""

    sort: RiskSort
    direction: Direction
    place: RiskPlace


@get(
    "/admin/credit/risk-dashboard",
    operation_id="getRiskDashboard",
    summary="What is owed by age, over all shops and for each",
    guards=[requires("credit.read")],
)
async def risk_dashboard(
    database: Database,
    sort: RiskSort = RiskSort.TOTAL,
    direction: Direction = Direction.DESC,
    status: CreditStatus | None = None,
    high_risk: Annotated[bool | None, QueryParameter(name="highRisk")] = None,
    search: Annotated[str | None, QueryParameter(max_length=SEARCH_LENGTH_MAX)] = None,
    cursor: str | None = None,
    page: Annotated[int | None, QueryParameter(ge=1, le=PAGE_MAX)] = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Envelope[DashboardAnswer]:
    """Live. Pages are asked for by number or by `cursor`; only the latter stays exact while figures change."""
    if cursor and page is not None:
        raise ValidationFailed(field="page", why="cannot be given together with cursor")
    wanted = RiskFilter(status=status, high_risk=high_risk, q=search, sort=sort, direction=direction)
    async with database.reading() as tx:
        found = await find_risk_page(
            tx, wanted, after=_place(cursor, wanted), skip=((page or 1) - 1) * limit, limit=limit
        )
    place = found.next_place
    return ok(
        DashboardAnswer(
            summary=summary_answer(found.summary),
            retailer_risks=[risk_answer(risk) for risk in found.retailers],
            matching=found.matching,
            next_cursor=encode_place(_Cursor(sort=sort, direction=direction, place=place)) if place else None,
        )
    )


@get(
    "/admin/credit/retailer/{retailer_id:uuid}",
    operation_id="getRetailerCredit",
    summary="Everything about one shop's credit",
    guards=[requires("credit.read")],
)
async def retailer_credit(
    retailer_id: UUID,
    database: Database,
    open_items_cursor: Annotated[str | None, QueryParameter(name="openItemsCursor")] = None,
    transactions_cursor: Annotated[str | None, QueryParameter(name="transactionsCursor")] = None,
    payments_cursor: Annotated[str | None, QueryParameter(name="paymentsCursor")] = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Envelope[RetailerCreditAnswer]:
    """`limit` counts for each of the lists; each goes on from its own cursor."""
    after_item = decode_place(open_items_cursor, Place)
    after_transaction = decode_place(transactions_cursor, Place)
    after_payment = decode_place(payments_cursor, Place)
    async with database.reading() as tx:
        profile = await find_credit_profile(tx, retailer_id)
        items = await find_open_items(tx, retailer_id, after=after_item, limit=limit + 1)
        movements = await find_transactions(tx, profile.overview, after=after_transaction, limit=limit + 1)
        payments = await find_payments(tx, retailer_id, after=after_payment, limit=limit + 1)
    today = clock.business_day()
    return ok(
        RetailerCreditAnswer(
            profile=profile_answer(profile),
            buckets=buckets_answer(profile.aging),
            total_outstanding=rupees(profile.aging.total_paisa),
            oldest_open_days=profile.overview.oldest_days,
            open_items=_page(
                items,
                limit,
                lambda item: open_item_answer(item, today=today),
                lambda item: Place(at=item.opened_at, id=item.id),
            ),
            transactions=_page(
                movements, limit, transaction_answer, lambda movement: Place(at=movement.event_at, id=movement.id)
            ),
            holds=[hold_answer(hold) for hold in profile.holds],
            payments=_page(payments, limit, payment_answer, lambda payment: Place(at=payment.event_at, id=payment.id)),
        )
    )


ROUTES: list[Any] = [risk_dashboard, retailer_credit]


def _place(cursor: str | None, wanted: RiskFilter) -> RiskPlace | None:
    given = decode_place(cursor, _Cursor)
    if given is None:
        return None
    if (given.sort, given.direction) != (wanted.sort, wanted.direction):
        raise ValidationFailed(field="cursor", why="is of a list in another order")
    return given.place


def _page(rows: Sequence[Row], limit: int, answer: Callable[[Row], Any], place_of: Callable[[Row], Place]) -> Page[Any]:
    """A page from `limit + 1` rows read: the extra one only tells that there is more."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(items=[answer(row) for row in shown], next_cursor=encode_place(place_of(shown[-1])) if more else None)
