"""How figures, times and names are written on the pages. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from markupsafe import Markup, escape

from khaacho.actors import SYSTEM
from khaacho.clock import business_time
from khaacho.money import PAISA_PER_RUPEE, format_rupees, format_rupees_short, round_half_up
from khaacho.parties.phones import is_reachable

ORDER_CODE = re.compile(r"\bORD\d{6}-\d{4,}\b")
# WhatsApp's own marks: *bold*, _italic_, ~struck~, each hugging its words.
_MARKS = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), r"<s>\1</s>"),
)


def who(name: str) -> str:
    """Whoever did it; what nobody did, the product did by itself."""
    return "Khaacho" if name == SYSTEM.name else name


def amount(paisa: int) -> str:
    """'Rs. 2,37,300.00', the space so that it is read and wrapped well."""
    return format_rupees(paisa).replace("Rs.", "Rs. ", 1).replace(" ", "\u00a0")


def amount_short(paisa: int) -> str:
    """Without paisa when there are none: 'Rs. 2,373'."""
    return format_rupees_short(paisa).replace("Rs.", "Rs. ", 1).replace(" ", "\u00a0")


def amount_round(paisa: int) -> str:
    """To the nearest rupee, for figures that are read at a glance: 'Rs. 14,33,217'."""
    return amount_short(round_half_up(Decimal(paisa) / PAISA_PER_RUPEE) * PAISA_PER_RUPEE)


def amount_change(paisa: int) -> str:
    """With its sign: '+Rs. 2,373', '−Rs. 500', '0' for no change."""
    if paisa == 0:
        return "0"
    return ("+" if paisa > 0 else "\u2212") + amount_short(abs(paisa))


def price(paisa: int, currency: str) -> str:
    """With the sign of its currency: '₹\u00a01,125' for Indian rupees, 'Rs.\u00a01,800' for Nepali ones."""
    return amount_short(paisa).replace("Rs.", "₹" if currency == "INR" else "Rs.", 1)


def quantity(value: Decimal) -> str:
    """Without needless zeros: 5.000 → '5', 2.500 → '2.5'."""
    return format(value.normalize(), "f")


def clock_time(moment: datetime) -> str:
    """'14:05' in business time."""
    return f"{business_time(moment):%H:%M}"


def day(value: date, months: Sequence[str]) -> str:
    """'21 Nov 2026', with the language's names of the months."""
    return f"{value.day} {months[value.month - 1]} {value.year}"


def moment(value: datetime, months: Sequence[str], *, today: date) -> str:
    """'14:05' today, otherwise '21 Nov, 14:05', in business time."""
    local = business_time(value)
    if local.date() == today:
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {months[local.month - 1]}{year}, {local:%H:%M}"


def span(duration: timedelta, units: Sequence[str]) -> str:
    """How long, in its largest unit or two: '42 min', '3 h 05 min', '2 d 4 h'; `units` names day, hour and minute."""
    days_unit, hours_unit, minutes_unit = units
    minutes = max(0, int(duration.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} {minutes_unit}"
    if minutes < 24 * 60:
        return f"{minutes // 60} {hours_unit} {minutes % 60:02d} {minutes_unit}"
    return f"{minutes // 1440} {days_unit} {minutes % 1440 // 60} {hours_unit}"


def phone_spaced(phone: str) -> str:
    """'+9779812345678' → '+977 981-2345678', as it is said here; others as they are, and a dash for no telephone."""
    if not is_reachable(phone):
        return "–"
    if phone.startswith("+977") and len(phone) == 14:
        return f"+977 {phone[4:7]}-{phone[7:]}"
    return phone


def bubble(text: str) -> Markup:
    """A message as WhatsApp shows it: its marks for bold and italic, and order codes that lead to their orders."""
    html = str(escape(text))
    for mark, written in _MARKS:
        html = mark.sub(written, html)
    return Markup(ORDER_CODE.sub(lambda code: f'<a href="/console/orders/{code[0]}">{code[0]}</a>', html))


def in_short(text: str, length: int = 90) -> str:
    """The beginning of a message, in one line."""
    for mark, _ in _MARKS:
        text = mark.sub(r"\1", text)
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
