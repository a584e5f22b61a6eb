"""The chat simulator [O7]: anybody's telephone in the browser, on exactly the way in and out that a provider's takes.

What is typed here becomes an inbound message like any other; nothing on this page answers. The left telephone is a
shop's, or a stranger's, the right one a wholesaler's; a wholesaler who is signed in has only their own.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.quick_replies import QuickReply, quick_replies
from khaacho.console.rendering import live_digest, render, render_live
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.errors import Forbidden, RouteNotFound, SimulatorOff, ValidationFailed
from khaacho.ids import new_id
from khaacho.orders.queries import find_orders
from khaacho.orders.records import OrderStatus
from khaacho.parties.phones import parse_phone
from khaacho.parties.queries import find_retailers, find_vendors, require_retailer, require_vendor
from khaacho.parties.records import PartyStatus, Vendor
from khaacho.parties.reports import NamedParty, PartyKind, find_parties_by_phone
from khaacho.platform.database import Database, Transaction
from khaacho.settings import Settings
from khaacho.whatsapp.messages import Direction, MessageRow
from khaacho.whatsapp.records import Arrival, Channel, Identity, InboundState, Kind, OutboundState
from khaacho.whatsapp.reports import find_conversation, find_last_heard
from khaacho.whatsapp.webhook import store_delivery

MESSAGES_SHOWN = 60
TEXT_LENGTH_MAX = 4_096
PEOPLE_FOUND_MAX = 12
# Of the people that could be opened first, these many are looked at for who wrote last.
PEOPLE_LOOKED_AT = 200
# After this long without an answer the page says that perhaps no worker is running.
PATIENCE = timedelta(seconds=12)

# Not on their way to the telephone yet, or never: a person would not see these.
_NOT_ARRIVED = frozenset({OutboundState.QUEUED, OutboundState.SENDING})


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


# What a newcomer may try first; each is sent as it stands. Shops write as they speak, so these are not translated.
SUGGESTIONS = {
    Side.LEFT: (
        "5 bora jeera masino 25kg ra 2 carton wai wai chicken pathaidinu",
        "CONFIRM",
        "STATUS",
        "CREDIT",
        "last order feri pathaunu",
        "HELP",
    ),
    Side.RIGHT: ("ACCEPT", "DECLINE", "PACKED", "DISPATCHED", "DELIVERED", "MY ORDERS"),
}


class Telephone(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the page: whose telephone it is, and the conversation on it, oldest first.

    `beside` is the number of the other one, and `asked` the vendor that is asked about this retailer's latest order
    when its telephone is not the one beside.
    """

    side: Side
    phone: str
    beside: str | None
    party: NamedParty | None
    messages: list[MessageRow]
    waits: bool
    waits_long: bool
    older: bool
    asked: NamedParty | None
    replies: list[QuickReply]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The two telephones by their numbers, and which of them a narrow page shows."""

    left: str | None
    right: str | None
    shown: Side

    def address(self, **changed: str | None) -> str:
        """The page with something changed; None leaves it out."""
        said = {"left": self.left, "right": self.right, "show": self.shown.value, **changed}
        return "/console/chat?" + urlencode({name: value for name, value in said.items() if value})

    def of(self, side: Side) -> str | None:
        return self.left if side is Side.LEFT else self.right


@get("/chat")
async def chat_page(request: AnyRequest, database: Database, settings: Settings, visitor: Visitor) -> Response[str]:
    """Both telephones; without numbers in the address, those that were used last."""
    _require_simulator(settings)
    params = request.query_params
    async with database.reading() as tx:
        left, right = await _numbers(tx, visitor, params.get("left"), params.get("right"))
        shown = Side.RIGHT if left is None or params.get("show") == Side.RIGHT else Side.LEFT
        pair = Pair(left=left, right=right, shown=shown)
        telephones = [
            await _look_at(tx, side, number, beside=pair.of(side.other))
            for side in Side
            if (number := pair.of(side)) is not None
        ]
    return render(
        request,
        "chat.html",
        pair=pair,
        telephones=telephones,
        seen={one.side: live_digest(request, "chat_messages.html", telephone=one) for one in telephones},
        suggestions=SUGGESTIONS,
        new_number=_fresh_number(),
    )


@get("/chat/{side:str}/{phone:str}")
async def conversation(
    request: AnyRequest, side: str, phone: str, database: Database, settings: Settings, visitor: Visitor
) -> Response[str]:
    """The conversation on one telephone; asks for itself every second and answers 204 when nothing is new."""
    _require_simulator(settings)
    async with database.reading() as tx:
        number = await _require_telephone(tx, visitor, phone)
        telephone = await _look_at(tx, _side(side), number, beside=_phone(request.query_params.get("beside")))
    return render_live(request, "chat_messages.html", telephone=telephone)


@post("/chat/{side:str}/{phone:str}", status_code=200)
async def write(
    request: AnyRequest, side: str, phone: str, database: Database, settings: Settings, visitor: Visitor
) -> Response[Any]:
    """Write as this person: stored and enqueued just as a provider's delivery is."""
    _require_simulator(settings)
    form = await request.form()
    text = str(form.get("suggestion") or form.get("text", "")).strip()
    async with database.reading() as tx:
        number = await _require_telephone(tx, visitor, phone)
    if len(text) > TEXT_LENGTH_MAX:
        raise ValidationFailed(field="text", why=f"has more than {TEXT_LENGTH_MAX} characters")
    if text:
        await store_delivery(database, messages=[simulated_arrival(number, text)])
    pair = Pair(left=_phone(form.get("left")), right=_phone(form.get("right")), shown=_side(side))
    beside = pair.of(pair.shown.other)
    if "HX-Request" not in request.headers:
        return Redirect(pair.address(), status_code=303)
    async with database.reading() as tx:
        telephone = await _look_at(tx, _side(side), number, beside=beside)
    seen = live_digest(request, "chat_messages.html", telephone=telephone)
    return render(request, "chat_messages.html", telephone=telephone, seen=seen)


@get("/chat/people")
async def people(
    request: AnyRequest, database: Database, settings: Settings, visitor: Visitor, side: str, q: str = ""
) -> Response[str]:
    """Shops (left) or wholesalers (right) whose name, phone or code fits; the newest when nothing was typed."""
    _require_simulator(settings)
    visitor.require_staff()
    chosen = _side(side)
    async with database.reading() as tx:
        found = await _find_people(tx, chosen, q)
        heard = await find_last_heard(tx, [person.phone for person in found])
    params = request.query_params
    pair = Pair(left=_phone(params.get("left")), right=_phone(params.get("right")), shown=chosen)
    return render(request, "chat_people.html", people=found, heard=heard, side=chosen, pair=pair)


@get("/chat/new")
async def new_number(request: AnyRequest, settings: Settings, visitor: Visitor) -> Response[Any]:
    """Open the left telephone with a number that may belong to nobody."""
    _require_simulator(settings)
    visitor.require_staff()
    params = request.query_params
    number = parse_phone(str(params.get("phone", "")), field="phone")
    pair = Pair(left=number, right=_phone(params.get("right")), shown=Side.LEFT)
    return Redirect(pair.address(), status_code=303)


def simulated_arrival(phone: str, text: str) -> Arrival:
    """The message as the simulator's channel delivers it."""
    return Arrival(
        channel=Channel.SIMULATOR,
        provider_message_id=f"sim-{new_id()}",
        identity=Identity(phone=phone),
        address=phone,
        kind=Kind.TEXT,
        body=text,
        raw={"from": phone, "text": text},
    )


async def _numbers(
    tx: Transaction, visitor: Visitor, left: str | None, right: str | None
) -> tuple[str | None, str | None]:
    if not visitor.is_staff:
        return None, await _own_number(tx, visitor)
    shop = _phone(left) or await _last_used(tx, Side.LEFT) or _fresh_number()
    return shop, _phone(right) or await _last_used(tx, Side.RIGHT)


async def _last_used(tx: Transaction, side: Side) -> str | None:
    """Whoever of the newest people wrote last, else whose order is the latest; None when there is nobody at all."""
    found = await _find_people(tx, side, "", limit=PEOPLE_LOOKED_AT)
    heard = await find_last_heard(tx, [person.phone for person in found])
    if heard:
        return max(heard, key=lambda phone: heard[phone])
    for order in await find_orders(tx, limit=1):
        if side is Side.LEFT:
            return (await require_retailer(tx, order.retailer_id)).phone
        return (await require_vendor(tx, order.vendor_id)).phone
    return found[0].phone if found else None


async def _find_people(tx: Transaction, side: Side, q: str, *, limit: int = PEOPLE_FOUND_MAX) -> list[NamedParty]:
    words = q.replace("\x00", "").strip()[:80] or None
    if side is Side.LEFT:
        retailers = await find_retailers(tx, q=words, limit=limit)
        return [
            NamedParty(kind=PartyKind.RETAILER, id=one.id, phone=one.phone, name=one.pasal_name, city=one.city)
            for one in retailers
        ]
    vendors = await find_vendors(tx, status=PartyStatus.ACTIVE, q=words, limit=limit)
    return [_vendor(vendor) for vendor in vendors]


def _vendor(vendor: Vendor) -> NamedParty:
    return NamedParty(kind=PartyKind.VENDOR, id=vendor.id, phone=vendor.phone, name=vendor.name, city=vendor.city)


async def _look_at(tx: Transaction, side: Side, phone: str, *, beside: str | None) -> Telephone:
    rows = await find_conversation(tx, phone, limit=MESSAGES_SHOWN + 1)
    parties = (await find_parties_by_phone(tx, [phone])).get(phone, [])
    wanted = PartyKind.RETAILER if side is Side.LEFT else PartyKind.VENDOR
    unanswered = [
        row for row in rows if row.direction is Direction.INBOUND and row.status == InboundState.RECEIVED.value
    ]
    party = next((one for one in parties if one.kind is wanted), parties[0] if parties else None)
    last = next(iter(rows), None)
    return Telephone(
        side=side,
        phone=phone,
        beside=beside,
        party=party,
        messages=[row for row in reversed(rows[:MESSAGES_SHOWN]) if row.status not in _NOT_ARRIVED],
        waits=bool(unanswered),
        waits_long=any(clock.now() - row.created_at > PATIENCE for row in unanswered),
        older=len(rows) > MESSAGES_SHOWN,
        asked=await _asked_elsewhere(tx, party, beside) if side is Side.LEFT else None,
        replies=quick_replies(last.text) if last is not None and last.direction is Direction.OUTBOUND else [],
    )


async def _asked_elsewhere(tx: Transaction, party: NamedParty | None, beside: str | None) -> NamedParty | None:
    if party is None or party.kind is not PartyKind.RETAILER:
        return None
    for order in await find_orders(tx, retailer_id=party.id, statuses=[OrderStatus.PENDING], limit=1):
        vendor = await require_vendor(tx, order.vendor_id)
        if vendor.phone != beside:
            return _vendor(vendor)
    return None


async def _require_telephone(tx: Transaction, visitor: Visitor, phone: str) -> str:
    """The number, if the visitor may hold its telephone. Raises Forbidden, ValidationFailed."""
    number = parse_phone(phone, field="phone")
    if not visitor.is_staff and number != await _own_number(tx, visitor):
        raise Forbidden
    return number


async def _own_number(tx: Transaction, visitor: Visitor) -> str:
    if visitor.actor.vendor_id is None:
        raise Forbidden
    return (await require_vendor(tx, visitor.actor.vendor_id)).phone


def _require_simulator(settings: Settings) -> None:
    if not settings.simulator_on:
        raise SimulatorOff


def _side(side: str) -> Side:
    if side not in tuple(Side):
        raise RouteNotFound
    return Side(side)


def _phone(raw: Any) -> str | None:
    try:
        return parse_phone(str(raw), field="phone") if raw else None
    except ValidationFailed:
        return None


def _fresh_number() -> str:
    """A mobile number that most likely belongs to nobody here."""
    return f"+97798{secrets.randbelow(10**8):08d}"


ROUTES: list[Any] = [chat_page, people, new_number, conversation, write]
