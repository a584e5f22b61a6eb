"""How figures, times and messages are written on the pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from khaacho.actors import SYSTEM
from khaacho.console import formats
from khaacho.console.orders import Asked, decode_place, read_filters
from khaacho.console.quick_replies import quick_replies
from khaacho.orders.records import OrderStatus
from khaacho.parties.phones import unreachable_phone

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def test_amounts_read_as_in_nepal() -> None:
    """Groups of the subcontinent, a space that does not break, a true minus sign, rupees rounded half up."""
    assert formats.amount(23_730_000) == "Rs.\u00a02,37,300.00"
    assert formats.amount_short(237_300) == "Rs.\u00a02,373"
    assert formats.amount_round(143_321_676) == "Rs.\u00a014,33,217"
    assert formats.amount_round(50) == "Rs.\u00a01"
    assert formats.amount_change(-793_486) == "\u2212Rs.\u00a07,934.86"
    assert (formats.amount_change(100), formats.amount_change(0)) == ("+Rs.\u00a01", "0")
    assert (formats.quantity(Decimal("5.000")), formats.quantity(Decimal("2.500"))) == ("5", "2.5")


def test_nobody_is_called_system() -> None:
    """What the product did by itself is by its name, whatever people did by theirs."""
    assert (formats.who(SYSTEM.name), formats.who("Asha Gurung")) == ("Khaacho", "Asha Gurung")


def test_times_are_those_of_the_business_zone() -> None:
    """18:20 UTC is five past midnight in Kathmandu, and so the next day."""
    moment = datetime(2026, 11, 20, 18, 20, tzinfo=UTC)
    assert formats.moment(moment, MONTHS, today=date(2026, 11, 21)) == "00:05"
    assert formats.moment(moment, MONTHS, today=date(2026, 11, 22)) == "21 Nov, 00:05"
    assert formats.moment(moment, MONTHS, today=date(2027, 1, 2)) == "21 Nov 2026, 00:05"
    assert formats.span(timedelta(minutes=42), ("d", "h", "min")) == "42 min"
    assert formats.span(timedelta(minutes=185), ("d", "h", "min")) == "3 h 05 min"
    assert formats.span(timedelta(hours=52), ("d", "h", "min")) == "2 d 4 h"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("*Total:* 5", "<strong>Total:</strong> 5"),
        ("_ok_ ~no~", "<em>ok</em> <s>no</s>"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("<script>*x*</script>", "&lt;script&gt;<strong>x</strong>&lt;/script&gt;"),
        ('see ORD261121-0016"', 'see <a href="/console/orders/ORD261121-0016">ORD261121-0016</a>&#34;'),
        ("SKU_A_B", "SKU_A_B"),
    ],
)
def test_a_message_looks_as_in_whatsapp_and_carries_nothing_dangerous(said: str, written: str) -> None:
    """Marks become bold and italic, codes become links, and everything else is only text."""
    assert formats.bubble(said) == written


def test_quick_replies_are_what_the_message_asks_for() -> None:
    """Choices after a question, or the words in capitals; the numbered goods of a summary are no choices."""

    def texts(message: str) -> list[str]:
        return [reply.text for reply in quick_replies(message)]

    assert texts("Which rice?\n1. Jeera 25 kg\n2. Sona 25 kg\nWrite a number.") == ["1", "2"]
    assert texts("Order Summary\n1. Rice 5 × Rs.10\n2. Oil\nReply CONFIRM / CANCEL") == ["CONFIRM", "CANCEL"]
    assert texts("New order ORD261121-0015\n1. Rice\nACCEPT 0015 or DECLINE 0015") == ["ACCEPT 0015", "DECLINE 0015"]
    assert texts("Track: STATUS ORD261121-0016") == ["STATUS ORD261121-0016"]
    assert texts("Status: PENDING. Thank you!") == []
    assert quick_replies("Which?\n1. *A very long name of something to be chosen*")[0].label == (
        "1. A very long name of something…"
    )


def test_filters_make_sense_of_any_address() -> None:
    """What cannot be meant is as if it were not there, and an address of a list leads to the same list."""
    asked = read_filters({"status": "FAILED", "q": " gita\x00 ", "from": "2026-11-01", "sort": "oldest"})
    assert (asked.statuses, asked.q, asked.narrows) == ((OrderStatus.FAILED,), "gita", True)
    assert asked.address() == "/console/orders?status=FAILED&q=gita&from=2026-11-01&sort=oldest"
    assert asked.address(status=None, q=None) == "/console/orders?from=2026-11-01&sort=oldest"
    assert read_filters({"status": "x", "retailer": "1", "to": "0001-01-01", "sort": "?"}) == Asked()
    assert decode_place("bm9uc2Vuc2U") is None
    assert decode_place("%%%") is None


def test_a_telephone_is_written_as_it_is_said() -> None:
    """Ours in two parts, others as they are, and a dash for a shop whose telephone nobody told."""
    assert formats.phone_spaced("+9779812345678") == "+977 981-2345678"
    assert formats.phone_spaced("+4915112345678") == "+4915112345678"
    assert formats.phone_spaced(unreachable_phone(1)) == "–"
