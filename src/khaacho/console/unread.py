"""Messages nobody could read: shown in their conversation, to be mapped to a product, answered or let be.

Also the words people taught us that way, each of which can be forgotten again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho.actors import ActorRole
from khaacho.catalog.product_actions import forget_alias
from khaacho.catalog.queries import find_products, find_products_by_code
from khaacho.catalog.records import Product
from khaacho.catalog.taught import find_taught
from khaacho.console.people import Names, find_names
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.errors import Forbidden, KhaachoError, RouteNotFound, ValidationFailed
from khaacho.parties.permissions import Permission
from khaacho.parties.reports import NamedParty, find_parties_by_phone
from khaacho.platform.database import Database, Transaction
from khaacho.whatsapp.messages import MessageRow
from khaacho.whatsapp.unread import (
    Unread,
    count_unread,
    dismiss_unread,
    find_around,
    find_unread,
    map_unread,
    reply_to_unread,
    require_unread,
)

PAGE_LENGTH = 25
PRODUCTS_FOUND_MAX = 8
TAUGHT_SHOWN = 100
WORDS_LENGTH_MAX = 80
_PERMISSIONS: Mapping[str, Permission] = {
    "map": "catalog.write",
    "reply": "messages.send",
    "dismiss": "messages.send",
}


class UnreadView(msgspec.Struct, frozen=True, kw_only=True):
    """One of them with everything its page shows."""

    unread: Unread
    around: list[MessageRow]
    people: dict[str, list[NamedParty]]
    found: list[Product]
    q: str
    words: str


@get("/unread")
async def unread_page(
    request: AnyRequest, database: Database, visitor: Visitor, show: str = "", before: str = "", done: str = ""
) -> Response[str]:
    """Open ones, newest first, or with `show=settled` those that were dealt with."""
    visitor.require("messages.read")
    is_open = show != "settled"
    async with database.reading() as tx:
        found = await find_unread(tx, is_open=is_open, before=_uuid(before), limit=PAGE_LENGTH + 1)
        shown = found[:PAGE_LENGTH]
        waiting = await count_unread(tx)
        names = await _names(tx, shown)
        people = await find_parties_by_phone(tx, list({one.phone for one in shown if one.phone}))
    following = f"/console/unread?{'' if is_open else 'show=settled&'}before={shown[-1].id}" if shown else ""
    return render(
        request,
        "unread_rows.html" if "HX-Request" in request.headers else "unread.html",
        shown=shown,
        waiting=waiting,
        is_open=is_open,
        names=names,
        people=people,
        done=done if done in _PERMISSIONS else "",
        next_address=following if len(found) > PAGE_LENGTH else None,
    )


@get("/unread/{unread_id:uuid}")
async def unread_item(
    request: AnyRequest, unread_id: UUID, database: Database, visitor: Visitor, q: str = "", words: str | None = None
) -> Response[str]:
    """The message in its conversation; `q` searches a product for the words."""
    visitor.require("messages.read")
    async with database.reading() as tx:
        view = await _look_at(tx, unread_id, q, words)
    part = "unread_found.html" if "HX-Request" in request.headers else "unread_item.html"
    return render(request, part, view=view, refusal=None, tried="")


@post("/unread/{unread_id:uuid}/{act:str}", status_code=303)
async def settle_unread(
    request: AnyRequest, unread_id: UUID, act: str, database: Database, visitor: Visitor
) -> Response[Any]:
    """Map, reply or dismiss, and back to the list; a refusal is said on the page of the message."""
    if act not in _PERMISSIONS:
        raise RouteNotFound
    visitor.require(_PERMISSIONS[act])
    form = await request.form()
    try:
        async with database.transaction() as tx:
            match act:
                case "map":
                    await _map(tx, visitor, unread_id, form)
                case "reply":
                    await reply_to_unread(tx, visitor.actor, unread_id, str(form.get("text", "")).replace("\x00", ""))
                case _:
                    await dismiss_unread(tx, visitor.actor, unread_id)
    except KhaachoError as refusal:
        if refusal.status >= 500 and not refusal.retryable:
            raise
        async with database.reading() as tx:
            view = await _look_at(tx, unread_id, str(form.get("q", "")), str(form.get("words", "")) or None)
        return render(request, "unread_item.html", status=refusal.status, view=view, refusal=refusal, tried=act)
    return Redirect(f"/console/unread?done={act}", status_code=303)


@get("/unread/words")
async def taught_page(
    request: AnyRequest, database: Database, visitor: Visitor, q: str = "", done: str = ""
) -> Response[str]:
    """Words people taught us, newest first."""
    visitor.require("catalog.read")
    visitor.require_staff()
    asked = _clean(q)
    async with database.reading() as tx:
        taught = await find_taught(tx, q=asked, limit=TAUGHT_SHOWN)
    return render(request, "taught.html", taught=taught, q=asked, done=bool(done), whole=len(taught) < TAUGHT_SHOWN)


@post("/unread/words/forget", status_code=303)
async def forget_word(request: AnyRequest, database: Database, visitor: Visitor) -> Response[Any]:
    """A word means nothing special any more, to that shop or to everyone."""
    visitor.require("catalog.write")
    form = await request.form()
    product_id, retailer_id = _uuid(str(form.get("product", ""))), _uuid(str(form.get("retailer", "")))
    if product_id is None:
        raise ValidationFailed(field="product", why="is not a product's id")
    _require_admin(visitor, for_everyone=retailer_id is None)
    async with database.transaction() as tx:
        await forget_alias(
            tx, visitor.actor, product_id=product_id, phrase=str(form.get("phrase", "")), retailer_id=retailer_id
        )
    return Redirect("/console/unread/words?done=forget", status_code=303)


async def _map(tx: Transaction, visitor: Visitor, unread_id: UUID, form: Any) -> None:
    product_id = _uuid(str(form.get("product", "")))
    if product_id is None:
        raise ValidationFailed(field="product", why="is not a product's id")
    for_everyone = form.get("for") == "everyone"
    _require_admin(visitor, for_everyone=for_everyone)
    words = str(form.get("words", "")).replace("\x00", "")
    await map_unread(tx, visitor.actor, unread_id, product_id=product_id, words=words, for_everyone=for_everyone)


def _require_admin(visitor: Visitor, *, for_everyone: bool) -> None:
    """What everyone's words mean is an admin's to say. Raises Forbidden."""
    if for_everyone and visitor.actor.role is not ActorRole.ADMIN:
        raise Forbidden


async def _look_at(tx: Transaction, unread_id: UUID, q: str, words: str | None) -> UnreadView:
    unread = await require_unread(tx, unread_id)
    asked = _clean(q)
    if asked:
        found = await find_products(tx, active=True, q=asked, limit=PRODUCTS_FOUND_MAX)
    else:
        found = await find_products_by_code(tx, unread.suggestions[:PRODUCTS_FOUND_MAX])
    phones = [unread.phone] if unread.phone else []
    return UnreadView(
        unread=unread,
        around=await find_around(tx, unread),
        people=await find_parties_by_phone(tx, phones),
        found=found,
        q=asked,
        words=unread.words if words is None else words[:WORDS_LENGTH_MAX],
    )


async def _names(tx: Transaction, shown: Sequence[Unread]) -> Names:
    return await find_names(tx, list({one.retailer_id for one in shown if one.retailer_id}), [])


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:WORDS_LENGTH_MAX]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


ROUTES: list[Any] = [unread_page, taught_page, forget_word, unread_item, settle_unread]
