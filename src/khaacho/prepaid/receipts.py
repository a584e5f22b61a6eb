"""The receipt of a purchase [P34]: what was bought, what it cost, how it was paid; on paper, in the buyer's language.

Finding is one statement; drawing only computes, so it is done in a thread and in no transaction.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.errors import NotFound
from khaacho.money import format_rupees
from khaacho.parties.queries import require_user
from khaacho.parties.records import Locale, User
from khaacho.platform.database import Transaction
from khaacho.platform.pdf import Column, PdfDocument, Row
from khaacho.prepaid.gateways.port import Currency, GatewayName

_SIGNS = {Currency.INR: "₹", Currency.NPR: "Rs."}
_GATEWAYS = {GatewayName.RAZORPAY: "Razorpay", GatewayName.ESEWA: "eSewa"}

_WORDS = {
    Locale.EN: {
        "title": "Receipt",
        "for": "For",
        "phone": "Phone",
        "paid_at": "Paid on",
        "number": "Receipt number",
        "gateway": "Paid through",
        "payment": "Payment",
        "what": "What",
        "credits": "Credits",
        "each": "Each",
        "amount": "Amount",
        "single": "Credits",
        "package": "Package {name}",
        "discount": "{percent} % off the price of a single credit",
        "total": "Paid",
        "given_back": "Given back since",
        "foot": "Khaacho",
        "note": "Credits are spent on applying to projects. They are no money and cannot be passed on.",
        "page": "Page {page} of {pages}",
    },
    Locale.NE: {
        "title": "रसिद",
        "for": "नाम",
        "phone": "फोन",
        "paid_at": "तिरेको मिति",
        "number": "रसिद नम्बर",
        "gateway": "तिरेको माध्यम",
        "payment": "भुक्तानी",
        "what": "विवरण",
        "credits": "क्रेडिट",
        "each": "दर",
        "amount": "रकम",
        "single": "क्रेडिट",
        "package": "प्याकेज {name}",
        "discount": "एउटा क्रेडिटको दरमा {percent} % छुट",
        "total": "तिरेको",
        "given_back": "पछि फिर्ता गरिएको",
        "foot": "Khaacho",
        "note": "क्रेडिट परियोजनामा आवेदन दिन प्रयोग हुन्छ। यो पैसा होइन र अरूलाई दिन मिल्दैन।",
        "page": "पृष्ठ {page} / {pages}",
    },
}


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase that was paid. `refunded_paisa` is what the gateway gave back since."""

    movement_id: UUID
    user_id: UUID
    receipt: str
    gateway: GatewayName
    gateway_payment_id: str
    units: int
    amount_paisa: int
    currency: Currency
    discount_basis_points: int
    package_name: str | None
    paid_at: datetime
    refunded_paisa: int


async def require_receipt(tx: Transaction, purchase_id: UUID) -> Receipt:
    """By the transaction that brought the credits, or by the order. Raises NotFound, also for an order not paid."""
    # The primary key and prepaid_payments_order_idx; a purchase has one payment.
    found = await tx.first(
        """
        SELECT payment.movement_id, payment.user_id, bought.receipt, payment.gateway, payment.gateway_payment_id,
            payment.units, payment.amount_paisa, payment.currency, bought.discount_basis_points, bought.package_name,
            payment.paid_at,
            COALESCE((
                SELECT SUM(back.amount_paisa)
                FROM prepaid_gateway_refunds AS back
                WHERE (back.gateway, back.gateway_payment_id) = (payment.gateway, payment.gateway_payment_id)
            ), 0)::bigint AS refunded_paisa
        FROM prepaid_payments AS payment
        JOIN prepaid_orders AS bought ON bought.id = payment.order_id
        WHERE payment.movement_id = %(id)s OR payment.order_id = %(id)s
        """,
        {"id": purchase_id},
        into=Receipt,
    )
    if found is None:
        raise NotFound(what="purchase")
    return found


async def require_buyer(tx: Transaction, receipt: Receipt) -> User:
    """Whose receipt it is."""
    return await require_user(tx, receipt.user_id)


def draw_receipt(receipt: Receipt, buyer: User) -> bytes:
    """The receipt as a PDF, in the buyer's language."""
    words = _WORDS[buyer.locale]
    day = clock.business_day(receipt.paid_at)
    paper = PdfDocument(title=words["title"], made_at=receipt.paid_at, page_words=words["page"], foot=words["foot"])
    paper.title(words["title"], beside=f"{day.isoformat()} ({clock.bikram_sambat(day)} BS)")
    paper.facts(
        [
            (words["for"], buyer.name),
            (words["phone"], buyer.phone),
            (words["paid_at"], f"{clock.business_time(receipt.paid_at):%Y-%m-%d %H:%M}"),
            (words["number"], receipt.receipt),
            (words["gateway"], _GATEWAYS[receipt.gateway]),
            (words["payment"], receipt.gateway_payment_id),
        ]
    )
    paper.gap()
    name = words["package"].format(name=receipt.package_name) if receipt.package_name else words["single"]
    if receipt.discount_basis_points:
        percent = f"{Decimal(receipt.discount_basis_points).scaleb(-2).normalize():f}"
        name = f"{name} ({words['discount'].format(percent=percent)})"
    each = _money(receipt.amount_paisa // receipt.units, receipt.currency)
    exact = receipt.amount_paisa % receipt.units == 0
    rows = [
        Row(cells=(name, str(receipt.units), each if exact else f"~ {each}", _amount(receipt))),
        Row(cells=(words["total"], "", "", _amount(receipt)), strong=True),
    ]
    if receipt.refunded_paisa:
        rows.append(Row(cells=(words["given_back"], "", "", _money(-receipt.refunded_paisa, receipt.currency))))
    paper.table(
        [
            Column(title=words["what"], share=5),
            Column(title=words["credits"], share=2, numeric=True),
            Column(title=words["each"], share=2, numeric=True),
            Column(title=words["amount"], share=2, numeric=True),
        ],
        rows,
    )
    paper.gap()
    paper.paragraph(words["note"], soft=True)
    return paper.to_bytes()


def _amount(receipt: Receipt) -> str:
    return _money(receipt.amount_paisa, receipt.currency)


def _money(paisa: int, currency: Currency) -> str:
    return format_rupees(paisa).replace("Rs.", f"{_SIGNS[currency]} ")
