"""Prepaid credits as those who run them look at it: movements with filters, circulation, revenue, breakage.

Nothing here decides anything. Each figure is one statement, however many people and purchases there are.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from khaacho.platform.database import Transaction
from khaacho.prepaid.gateways.port import Currency
from khaacho.prepaid.queries import HISTORY_LINES, HistoryLine, HistoryPage
from khaacho.prepaid.records import LotKind, MovementKind

# The plain columns a list of movements may be sorted by; a UUIDv7 is a time.
_SORT_COLUMNS = {"createdAt": "movement.id", "credits": "movement.units", "balanceAfter": "movement.balance_after"}


class MovementSort(StrEnum):
    CREATED_AT = "createdAt"
    CREDITS = "credits"
    BALANCE_AFTER = "balanceAfter"


class SortOrder(StrEnum):
    ASC = "asc"
    DESC = "desc"


class MovementFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which movements are meant; `since` and `until` are included."""

    user_id: UUID | None = None
    kind: MovementKind | None = None
    since: datetime | None = None
    until: datetime | None = None


# --- movements ---------------------------------------------------------------------------------------------------


async def find_movement_page(
    tx: Transaction,
    wanted: MovementFilter,
    *,
    sort: MovementSort,
    order: SortOrder,
    limit: int,
    offset: int,
) -> HistoryPage:
    """One page of everybody's movements, and how many there are in all."""
    where, params = _where(wanted)
    # By time it is the primary key (or prepaid_movements_user_idx) read from one end; other sorts read what matches.
    lines = await tx.all(
        f"""
        {HISTORY_LINES}
        WHERE {where}
        ORDER BY {_SORT_COLUMNS[sort]} {order.upper()}, movement.id {order.upper()}
        LIMIT %(limit)s OFFSET %(offset)s
        """,
        {**params, "limit": limit, "offset": offset},
        into=HistoryLine,
    )
    total = await tx.value(f"SELECT count(*) FROM prepaid_movements AS movement WHERE {where}", params)
    return HistoryPage(lines=lines, total=int(total))


def stream_movements(tx: Transaction, wanted: MovementFilter) -> AsyncGenerator[list[HistoryLine], None]:
    """Every movement that matches, oldest first, in portions and all of one moment."""
    where, params = _where(wanted)
    return tx.stream(f"{HISTORY_LINES} WHERE {where} ORDER BY movement.id", params, into=HistoryLine)


def _where(wanted: MovementFilter) -> tuple[str, dict[str, Any]]:
    """Only the conditions there are, so that each choice of filters finds its index."""
    conditions = {
        "user_id": "movement.user_id = %(user_id)s",
        "kind": "movement.kind = %(kind)s",
        "since": "movement.created_at >= %(since)s",
        "until": "movement.created_at <= %(until)s",
    }
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None}
    return " AND ".join(conditions[name] for name in given) or "true", given


# --- figures -----------------------------------------------------------------------------------------------------


class Circulation(msgspec.Struct, frozen=True, kw_only=True):
    """Unspent credits of one kind."""

    kind: LotKind
    units: int


class Revenue(msgspec.Struct, frozen=True, kw_only=True):
    """Money taken and given back in a span of time, in paisa of one currency."""

    currency: Currency
    payments: int
    units: int
    amount_paisa: int
    refunded_paisa: int


class KindFigures(msgspec.Struct, frozen=True, kw_only=True):
    kind: MovementKind
    movements: int
    units: int


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One business day; days without movements are missing."""

    day: date
    movements: int
    bought_units: int
    given_units: int
    spent_units: int
    refunded_units: int


class TopUser(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    bought_units: int
    spent_units: int
    movements: int


class PackageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold of a package (None: a number of credits at the base price), in paisa of one currency."""

    package_name: str | None
    currency: Currency
    purchases: int
    units: int
    amount_paisa: int


class Breakage(msgspec.Struct, frozen=True, kw_only=True):
    """Bought credits that may never be used: unspent, and their owner has not touched any since a moment.

    `idle_paisa` is what was paid for them, in proportion, by currency; `sold_units` are all that were ever bought.
    """

    currency: Currency
    idle_units: int
    idle_paisa: int
    idle_users: int
    sold_units: int


async def find_circulation(tx: Transaction) -> list[Circulation]:
    """Now, by how they came in."""
    # prepaid_lots_left_idx holds everything this needs: it is as small as what is unspent.
    return await tx.all(
        """
        SELECT kind, SUM(left_units)::bigint AS units
        FROM prepaid_lots
        WHERE left_units > 0
        GROUP BY kind
        ORDER BY kind
        """,
        into=Circulation,
    )


async def count_holders(tx: Transaction) -> int:
    """How many people have any credits now."""
    holders: int = await tx.value("SELECT count(DISTINCT user_id) FROM prepaid_lots WHERE left_units > 0")
    return holders


async def find_revenue(tx: Transaction, *, since: datetime, until: datetime) -> list[Revenue]:
    """By currency: what payments took in the span, and what the gateways gave back in it."""
    return await tx.all(
        """
        SELECT currency, SUM(payments)::bigint AS payments, SUM(units)::bigint AS units,
            SUM(amount_paisa)::bigint AS amount_paisa, SUM(refunded_paisa)::bigint AS refunded_paisa
        FROM (
            SELECT currency, 1 AS payments, units, amount_paisa, 0 AS refunded_paisa
            FROM prepaid_payments
            WHERE created_at >= %(since)s AND created_at <= %(until)s
            UNION ALL
            SELECT payment.currency, 0, 0, 0, back.amount_paisa
            FROM prepaid_gateway_refunds AS back
            JOIN prepaid_payments AS payment USING (gateway, gateway_payment_id)
            WHERE back.created_at >= %(since)s AND back.created_at <= %(until)s
        ) AS money
        GROUP BY currency
        ORDER BY currency
        """,
        {"since": since, "until": until},
        into=Revenue,
    )


async def find_kind_figures(tx: Transaction, *, since: datetime, until: datetime) -> list[KindFigures]:
    """Movements of the span by kind. The BRIN index on created_at finds the span."""
    return await tx.all(
        """
        SELECT kind, count(*) AS movements, SUM(units)::bigint AS units
        FROM prepaid_movements
        WHERE created_at >= %(since)s AND created_at <= %(until)s
        GROUP BY kind
        ORDER BY kind
        """,
        {"since": since, "until": until},
        into=KindFigures,
    )


async def find_day_figures(tx: Transaction, *, since: datetime, until: datetime, zone: str) -> list[DayFigures]:
    """Movements of the span by business day, oldest first."""
    return await tx.all(
        """
        SELECT (created_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS movements,
            COALESCE(SUM(units) FILTER (WHERE kind = 'PURCHASE'), 0)::bigint AS bought_units,
            COALESCE(SUM(units) FILTER (WHERE kind = 'BONUS' OR kind = 'ADJUSTMENT' AND units > 0), 0)::bigint
                AS given_units,
            COALESCE(-SUM(units) FILTER (WHERE kind = 'SPEND'), 0)::bigint AS spent_units,
            COALESCE(SUM(units) FILTER (WHERE kind = 'REFUND'), 0)::bigint AS refunded_units
        FROM prepaid_movements
        WHERE created_at >= %(since)s AND created_at <= %(until)s
        GROUP BY day
        ORDER BY day
        """,
        {"since": since, "until": until, "zone": zone},
        into=DayFigures,
    )


async def find_top_users(tx: Transaction, *, since: datetime, until: datetime, limit: int) -> list[TopUser]:
    """Who bought most in the span, and of these who spent most."""
    return await tx.all(
        """
        SELECT user_id, count(*) AS movements,
            COALESCE(SUM(units) FILTER (WHERE kind = 'PURCHASE'), 0)::bigint AS bought_units,
            COALESCE(-SUM(units) FILTER (WHERE kind = 'SPEND'), 0)::bigint AS spent_units
        FROM prepaid_movements
        WHERE created_at >= %(since)s AND created_at <= %(until)s AND kind IN ('PURCHASE', 'SPEND')
        GROUP BY user_id
        ORDER BY bought_units DESC, spent_units DESC, user_id
        LIMIT %(limit)s
        """,
        {"since": since, "until": until, "limit": limit},
        into=TopUser,
    )


async def find_package_figures(tx: Transaction, *, since: datetime, until: datetime) -> list[PackageFigures]:
    """What was sold in the span by package, as it was named then, the most money first."""
    return await tx.all(
        """
        SELECT bought.package_name, payment.currency, count(*) AS purchases, SUM(payment.units)::bigint AS units,
            SUM(payment.amount_paisa)::bigint AS amount_paisa
        FROM prepaid_payments AS payment
        JOIN prepaid_orders AS bought ON bought.id = payment.order_id
        WHERE payment.created_at >= %(since)s AND payment.created_at <= %(until)s
        GROUP BY bought.package_name, payment.currency
        ORDER BY amount_paisa DESC, bought.package_name
        """,
        {"since": since, "until": until},
        into=PackageFigures,
    )


async def find_breakage(tx: Transaction, *, idle_since: datetime) -> list[Breakage]:
    """By currency. Worth is rounded half up to a paisa per purchase, as every amount is per line."""
    # The last movement of a person is one step into prepaid_movements_user_idx.
    return await tx.all(
        """
        SELECT payment.currency, SUM(lot.units)::bigint AS sold_units,
            COALESCE(SUM(lot.left_units) FILTER (WHERE idle.yes), 0)::bigint AS idle_units,
            COALESCE(SUM(round(payment.amount_paisa::numeric * lot.left_units / lot.units))
                FILTER (WHERE idle.yes), 0)::bigint AS idle_paisa,
            count(DISTINCT lot.user_id) FILTER (WHERE idle.yes AND lot.left_units > 0) AS idle_users
        FROM prepaid_lots AS lot
        JOIN prepaid_payments AS payment ON payment.movement_id = lot.id
        CROSS JOIN LATERAL (
            SELECT NOT EXISTS (
                SELECT FROM prepaid_movements AS later
                WHERE later.user_id = lot.user_id AND later.created_at > %(idle_since)s
            ) AS yes
        ) AS idle
        WHERE lot.kind = 'PURCHASE'
        GROUP BY payment.currency
        ORDER BY payment.currency
        """,
        {"idle_since": idle_since},
        into=Breakage,
    )


async def find_user_totals(tx: Transaction, user_id: UUID) -> list[KindFigures]:
    """Everything that ever happened to one balance, by kind."""
    return await tx.all(
        """
        SELECT kind, count(*) AS movements, SUM(units)::bigint AS units
        FROM prepaid_movements
        WHERE user_id = %(user)s
        GROUP BY kind
        ORDER BY kind
        """,
        {"user": user_id},
        into=KindFigures,
    )
