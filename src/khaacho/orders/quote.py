"""What a basket would cost and who would deliver it, and whether on credit. Reads, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho.actors import SYSTEM
from khaacho.credit.lock import CreditRequest, look_at_credit
from khaacho.credit.queries import choose_line, find_credit_lines
from khaacho.errors import InsufficientStock, InvalidQuantity, KhaachoError, NoVendorAvailable
from khaacho.ids import new_id
from khaacho.money import line_paisa, tax_paisa
from khaacho.orders.placement import VendorShare
from khaacho.orders.records import CreditOffer, Quote, QuoteLine, Shortage, ShortageReason, WantedLine
from khaacho.orders.routing import plan_routes
from khaacho.orders.splitting import PlannedLine, RoutePlan, VendorPart
from khaacho.platform.database import Transaction


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """A quote with the division among vendors it rests on."""

    quote: Quote
    shares: tuple[VendorShare, ...]


async def quote_lines(tx: Transaction, retailer_id: UUID, lines: Sequence[WantedLine]) -> Quoted:
    """Vendors, prices, totals and the credit offer for these lines, as of now. Raises ProductNotFound."""
    plan = await plan_routes(tx, retailer_id, lines) if lines else RoutePlan(parts=(), shortages=())
    shares = tuple(share_of(part) for part in plan.parts)
    quoted = tuple(line for share in shares for line in share.lines)
    subtotal = sum(line.amount_paisa for line in quoted)
    tax = sum(line.tax_paisa for line in quoted)
    quote = Quote(
        lines=_in_wanted_order(quoted, lines),
        shortages=plan.shortages,
        subtotal_paisa=subtotal,
        tax_paisa=tax,
        total_paisa=subtotal + tax,
        credit=await _offer_credit(tx, retailer_id, shares),
    )
    return Quoted(quote=quote, shares=shares)


def share_of(part: VendorPart) -> VendorShare:
    """A vendor's part of a plan with its amounts."""
    return VendorShare(
        vendor_id=part.vendor_id,
        lines=tuple(_quote_line(line, part.vendor_id) for line in part.lines),
        score=part.score,
        candidates=msgspec.to_builtins(part.candidates),
        asked_at=part.asked_at,
        answer_by=part.answer_by,
    )


def require_as_wanted(plan: RoutePlan) -> None:
    """Refuse a plan that is not exactly what was wanted: NoVendorAvailable, InsufficientStock or InvalidQuantity."""
    for shortage in plan.shortages:
        raise _refusal(shortage)


def same_promise(shown: Quote, fresh: Quote) -> bool:
    """Is every product still there in the same quantity at the same price? Which vendor delivers does not matter."""
    return _promise(shown.lines) == _promise(fresh.lines)


def _promise(lines: Iterable[QuoteLine]) -> set[tuple[UUID, Decimal, int, int]]:
    return {(line.product_id, line.quantity, line.unit_price_paisa, line.tax_paisa) for line in lines}


def _quote_line(line: PlannedLine, vendor_id: UUID) -> QuoteLine:
    amount = line_paisa(line.quantity, line.unit_price_paisa)
    return QuoteLine(
        product_id=line.product_id,
        code=line.code,
        name=line.name,
        name_ne=line.name_ne,
        selling_unit=line.selling_unit,
        vendor_id=vendor_id,
        offer_id=line.offer_id,
        quantity=line.quantity,
        unit_price_paisa=line.unit_price_paisa,
        vat_basis_points=line.vat_basis_points,
        amount_paisa=amount,
        tax_paisa=tax_paisa(amount, line.vat_basis_points),
    )


def _in_wanted_order(quoted: Sequence[QuoteLine], wanted: Sequence[WantedLine]) -> tuple[QuoteLine, ...]:
    position = {line.product_id: place for place, line in reversed(list(enumerate(wanted)))}
    return tuple(sorted(quoted, key=lambda line: position[line.product_id]))


async def _offer_credit(tx: Transaction, retailer_id: UUID, shares: Sequence[VendorShare]) -> CreditOffer:
    lines = await find_credit_lines(tx, retailer_id)
    used = {choose_line(lines, share.vendor_id) for share in shares} if shares else {choose_line(lines, None)}
    known = [line for line in used if line is not None]
    requests = [
        CreditRequest(
            order_id=new_id(),
            retailer_id=retailer_id,
            vendor_id=share.vendor_id,
            amount_paisa=sum(line.amount_paisa + line.tax_paisa for line in share.lines),
            on_credit=True,
            actor=SYSTEM,
        )
        for share in shares
    ]
    desk = await look_at_credit(tx, requests)
    refusal: KhaachoError | None = None
    try:
        for request in requests:
            desk.acquire(request)
    except KhaachoError as error:
        refusal = error
    return CreditOffer(
        allowed=bool(requests) and refusal is None,
        limit_paisa=sum(line.limit_paisa for line in known) if known else None,
        available_paisa=sum(line.available_paisa for line in known) if known else None,
        terms_days=min(line.terms_days for line in known) if known else None,
        refusal_code=refusal.code if refusal else None,
        refusal_details=_plain(refusal.details) if refusal else {},
    )


def _plain(details: dict[str, object]) -> dict[str, object]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in details.items()}


def _refusal(shortage: Shortage) -> KhaachoError:
    if shortage.why is ShortageReason.NOT_OFFERED:
        return NoVendorAvailable(products=shortage.code)
    if shortage.why is ShortageReason.QUANTITY_RULE:
        return InvalidQuantity(sku=shortage.code, quantity=shortage.wanted, nearest=shortage.offered)
    return InsufficientStock(sku=shortage.code, available=shortage.offered, wanted=shortage.wanted)
