"""Baskets: what a retailer has asked for, waiting for the word that turns it into an order [O20–O22]."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import BasketClosed, BasketEmpty, KhaachoError, NotFound, PriceChanged
from khaacho.ids import new_id
from khaacho.orders.placement import Placement, place_batch
from khaacho.orders.queries import BASKET_COLUMNS, ORDER_COLUMNS, find_open_basket
from khaacho.orders.quote import Quoted, quote_lines, same_promise
from khaacho.orders.records import Basket, BasketState, Order, PaymentMode, WantedLine
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.idempotency import hash_request
from khaacho.platform.locks import lock_rows, with_bounded_wait
from khaacho.platform.metrics import ORDERS_PLACED

BASKET_LIFE = timedelta(hours=24)


class _Expired(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    retailer_id: UUID


__all__ = [
    "cancel_basket",
    "choose_payment",
    "confirm_basket",
    "expire_baskets",
    "find_open_basket",
    "follow_up_baskets",
    "put_basket",
    "reopen_basket",
    "set_open_questions",
]


async def put_basket(
    tx: Transaction,
    actor: Actor,
    retailer_id: UUID,
    lines: Sequence[WantedLine],
    *,
    open_questions: Sequence[Any] = (),
    source_text: str = "",
) -> Basket:
    """Open the retailer's basket, or replace what is in it, with a fresh quote. Raises ProductNotFound."""
    quoted = await quote_lines(tx, retailer_id, lines)
    now = clock.now()
    basket = await _lock_open_basket(tx, retailer_id)
    params = {
        "id": basket.id if basket else new_id(),
        "retailer": retailer_id,
        "lines": Jsonb(lines),
        "quote": Jsonb(quoted.quote),
        "questions": Jsonb(list(open_questions)),
        "text": source_text,
        "now": now,
        "expires": now + BASKET_LIFE,
    }
    if basket is None:
        return await tx.one(
            f"""
            INSERT INTO baskets (id, retailer_id, state, lines, quote, open_questions, source_text, created_at,
                updated_at, expires_at)
            VALUES (%(id)s, %(retailer)s, 'PENDING', %(lines)s, %(quote)s, %(questions)s, %(text)s, %(now)s, %(now)s,
                %(expires)s)
            RETURNING {BASKET_COLUMNS}
            """,
            params,
            into=Basket,
        )
    return await tx.one(
        f"""
        UPDATE baskets
        SET lines = %(lines)s, quote = %(quote)s, open_questions = %(questions)s, updated_at = %(now)s,
            expires_at = %(expires)s,
            source_text = CASE
                WHEN %(text)s = '' THEN source_text
                ELSE right(source_text || chr(10) || %(text)s, 4000)
            END
        WHERE id = %(id)s
        RETURNING {BASKET_COLUMNS}
        """,
        params,
        into=Basket,
    )


async def set_open_questions(tx: Transaction, basket_id: UUID, questions: Sequence[Any]) -> None:
    """Remember what the retailer was asked; of a basket that is closed by now, nothing."""
    await tx.execute(
        """
        UPDATE baskets SET open_questions = %(questions)s, updated_at = %(now)s
        WHERE id = %(id)s AND state = 'PENDING'
        """,
        {"id": basket_id, "questions": Jsonb(list(questions)), "now": clock.now()},
    )


async def choose_payment(tx: Transaction, basket_id: UUID, mode: PaymentMode | None) -> None:
    """Remember how the retailer wants to pay; of a basket that is closed by now, nothing."""
    await tx.execute(
        "UPDATE baskets SET payment_mode = %(mode)s, updated_at = %(now)s WHERE id = %(id)s AND state = 'PENDING'",
        {"id": basket_id, "mode": mode.value if mode else None, "now": clock.now()},
    )


async def confirm_basket(tx: Transaction, actor: Actor, basket_id: UUID, mode: PaymentMode) -> list[Order]:
    """Place the basket. Confirming it again answers the same orders.

    Raises PriceChanged when a price, quantity or stock is no longer as shown; the fresh quote is then stored in the
    basket, so the caller keeps the transaction and shows it. Raises BasketClosed, BasketEmpty, or whatever refuses
    the placement (then nothing changed).
    """
    basket = await _lock_basket(tx, basket_id)
    if basket.state in (BasketState.CONFIRMED, BasketState.RECOVERED):
        return await _orders_of(tx, basket_id)
    if basket.state is not BasketState.PENDING:
        raise BasketClosed(basket_state=basket.state.value)
    quoted = await quote_lines(tx, basket.retailer_id, basket.lines)
    await _require_same_promise(tx, basket, quoted)
    orders = await _place(tx, actor, basket, quoted, mode)
    ORDERS_PLACED.labels(mode).inc(len(orders))
    recovered = basket.followed_up_at is not None or basket.reopened_at is not None
    await _close(tx, basket_id, BasketState.RECOVERED if recovered else BasketState.CONFIRMED, mode)
    return orders


async def cancel_basket(tx: Transaction, actor: Actor, basket_id: UUID) -> None:
    """Drop the basket; dropping it twice is a quiet success. Raises BasketClosed when it was placed."""
    basket = await _lock_basket(tx, basket_id)
    if basket.state in (BasketState.CONFIRMED, BasketState.RECOVERED):
        raise BasketClosed(basket_state=basket.state.value)
    await _close(tx, basket_id, BasketState.CANCELLED, basket.payment_mode)


async def reopen_basket(tx: Transaction, actor: Actor, basket_id: UUID) -> Basket:
    """Bring an expired basket back with a fresh quote, for a retailer who returns. Raises BasketClosed."""
    basket = await _lock_basket(tx, basket_id)
    if basket.state is not BasketState.EXPIRED or await find_open_basket(tx, basket.retailer_id):
        raise BasketClosed(basket_state=basket.state.value)
    now = clock.now()
    await tx.execute(
        """
        UPDATE baskets
        SET state = 'PENDING', reopened_at = %(now)s, updated_at = %(now)s, expires_at = %(expires)s
        WHERE id = %(id)s
        """,
        {"id": basket_id, "now": now, "expires": now + BASKET_LIFE},
    )
    return await put_basket(tx, actor, basket.retailer_id, basket.lines)


async def expire_baskets(tx: Transaction, actor: Actor) -> int:
    """Close every basket whose time is over; answers how many."""
    expired = await tx.all(
        """
        UPDATE baskets
        SET state = 'EXPIRED', updated_at = %(now)s
        WHERE state = 'PENDING' AND expires_at <= %(now)s
        RETURNING id, retailer_id
        """,
        {"now": clock.now()},
        into=_Expired,
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(action="BASKET_EXPIRED", subject_kind="basket", subject_id=one.id, retailer_id=one.retailer_id)
            for one in expired
        ],
    )
    return len(expired)


async def _lock_basket(tx: Transaction, basket_id: UUID) -> Basket:
    """The basket as it is once nobody else is at it. Raises NotFound."""
    locked = await lock_rows(tx, f"SELECT {BASKET_COLUMNS} FROM baskets", [basket_id], into=Basket)
    if not locked:
        raise NotFound(what="basket")
    return locked[0]


async def _lock_open_basket(tx: Transaction, retailer_id: UUID) -> Basket | None:
    """The retailer's open basket; None also when it was confirmed while we waited for it."""
    basket = await find_open_basket(tx, retailer_id)
    if basket is None:
        return None
    locked = await _lock_basket(tx, basket.id)
    return locked if locked.state is BasketState.PENDING else None


async def follow_up_baskets(tx: Transaction, *, quiet_since: datetime, limit: int) -> list[Basket]:
    """Mark baskets untouched since `quiet_since` as followed up, each once; the caller asks their retailers."""
    return await tx.all(
        f"""
        UPDATE baskets
        SET followed_up_at = %(now)s
        WHERE id IN (
            SELECT id FROM baskets
            WHERE state = 'PENDING' AND followed_up_at IS NULL AND lines <> '[]'
                AND updated_at <= %(quiet_since)s AND expires_at > %(now)s
            ORDER BY id
            LIMIT %(limit)s
        )
            AND followed_up_at IS NULL
        RETURNING {BASKET_COLUMNS}
        """,
        {"now": clock.now(), "quiet_since": quiet_since, "limit": limit},
        into=Basket,
    )


async def _require_same_promise(tx: Transaction, basket: Basket, quoted: Quoted) -> None:
    if basket.quote is not None and same_promise(basket.quote, quoted.quote):
        if not quoted.shares:
            raise BasketEmpty
        return
    await tx.execute(
        "UPDATE baskets SET quote = %(quote)s, updated_at = %(now)s WHERE id = %(id)s",
        {"id": basket.id, "quote": Jsonb(quoted.quote), "now": clock.now()},
    )
    if not quoted.shares:
        raise BasketEmpty
    raise PriceChanged(total_paisa=quoted.quote.total_paisa)


async def _place(tx: Transaction, actor: Actor, basket: Basket, quoted: Quoted, mode: PaymentMode) -> list[Order]:
    placement = Placement(
        key=f"basket:{basket.id}",
        request_hash=hash_request(str(basket.id)),
        actor=actor,
        retailer_id=basket.retailer_id,
        payment_mode=mode,
        shares=quoted.shares,
        basket_id=basket.id,
    )

    async def attempt() -> list[Order]:
        (outcome,) = await place_batch(tx, [placement])
        if isinstance(outcome, KhaachoError):
            raise outcome
        return outcome

    return await with_bounded_wait(tx, attempt)


async def _close(tx: Transaction, basket_id: UUID, state: BasketState, mode: PaymentMode | None) -> None:
    await tx.execute(
        """
        UPDATE baskets
        SET state = %(state)s, payment_mode = %(mode)s, open_questions = '[]', updated_at = %(now)s
        WHERE id = %(id)s
        """,
        {"id": basket_id, "state": state.value, "mode": mode.value if mode else None, "now": clock.now()},
    )


async def _orders_of(tx: Transaction, basket_id: UUID) -> list[Order]:
    return await tx.all(
        f"SELECT {ORDER_COLUMNS} FROM orders WHERE basket_id = %(basket)s ORDER BY id",
        {"basket": basket_id},
        into=Order,
    )
