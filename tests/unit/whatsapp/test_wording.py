"""Both languages say the same things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from khaacho.ids import new_id
from khaacho.orders.records import CreditOffer, Quote, QuoteLine, Shortage, ShortageReason
from khaacho.whatsapp.understanding.records import AskReason, Unknown
from khaacho.whatsapp.wording.basket_text import Asked, BasketText, lay_out_basket
from khaacho.whatsapp.wording.en import ENGLISH
from khaacho.whatsapp.wording.figures import digits_of, show_day, show_quantity
from khaacho.whatsapp.wording.ne import NEPALI

_PLACES = re.compile(r"\{(\w+)\}")


def texts() -> list[tuple[str, str, str]]:
    both: list[tuple[str, str, str]] = []
    for name in ENGLISH.__struct_fields__:
        english, nepali = getattr(ENGLISH, name), getattr(NEPALI, name)
        if isinstance(english, Mapping):
            assert set(english) == set(nepali), name
            both.extend((f"{name}[{key}]", english[key], nepali[key]) for key in english)
        else:
            both.append((name, english, nepali))
    return both


@pytest.mark.parametrize(("name", "english", "nepali"), texts(), ids=lambda value: str(value)[:40])
def test_every_text_has_the_same_places(name: str, english: str, nepali: str) -> None:
    """All outbound wording exists in both languages, with the same figures in it, and is really translated."""
    assert set(_PLACES.findall(english)) == set(_PLACES.findall(nepali)), name
    assert english.strip(), name
    assert re.search(r"[ऀ-ॿ]", nepali) or english == nepali or not re.search(r"[a-z]{3}", nepali), name


def quote(**changes: Any) -> Quote:
    line = QuoteLine(
        product_id=new_id(),
        code="WAIWAI-CHK-75G",
        name="Wai Wai Chicken 75g",
        name_ne="वाइ वाइ चिकेन ७५ ग्राम",
        selling_unit="packet",
        vendor_id=new_id(),
        offer_id=new_id(),
        quantity=Decimal("60.000"),
        unit_price_paisa=3_500,
        vat_basis_points=1_300,
        amount_paisa=210_000,
        tax_paisa=27_300,
    )
    whole = Quote(
        lines=(line,),
        shortages=(),
        subtotal_paisa=210_000,
        tax_paisa=27_300,
        total_paisa=237_300,
        credit=CreditOffer(allowed=True, limit_paisa=1_000_000, available_paisa=500_000, terms_days=7),
    )
    return msgspec.structs.replace(whole, **changes)


@pytest.mark.parametrize("words", [ENGLISH, NEPALI], ids=["en", "ne"])
def test_the_summary_keeps_its_facts(words: Any) -> None:
    """[O20] Lines with name, SKU, quantity × price = amount; subtotal, tax with its rate, total; how to answer."""
    text = lay_out_basket(words, BasketText(quote=quote(), locale="en"))
    assert text.startswith("📋 Order Summary")
    assert "1. Wai Wai Chicken 75g (WAIWAI-CHK-75G)\n   60 packet × Rs.35.00 = Rs.2,100.00" in text
    for fact in ("Subtotal: Rs.2,100.00", "Tax (13%): Rs.273.00", "Total: Rs.2,373.00", "Reply CONFIRM / CANCEL"):
        assert fact in text
    assert "COD" in text
    assert "Rs.5,000.00" in text


def test_a_nepali_reader_sees_nepali_names() -> None:
    """[O20] Goods are called what the reader calls them."""
    assert "वाइ वाइ चिकेन" in lay_out_basket(NEPALI, BasketText(quote=quote(), locale="ne"))


def test_what_is_missing_asked_and_refused_is_said() -> None:
    """[O14][O15][O20] Shortages with the nearest quantity, unknown lines with suggestions, questions, why no credit."""
    shortage = Shortage(
        product_id=new_id(),
        code="RICE",
        name="Rice 25kg",
        name_ne="",
        wanted=Decimal(7),
        offered=Decimal(10),
        why=ShortageReason.QUANTITY_RULE,
        multiple=Decimal(5),
    )
    refusal = CreditOffer(allowed=False, refusal_code="OVERDUE_CREDIT", refusal_details={"days_overdue": 12})
    text = lay_out_basket(
        ENGLISH,
        BasketText(
            quote=quote(shortages=(shortage,), credit=refusal),
            locale="en",
            unknown=[Unknown(said="lalala", suggestions=("RICE",))],
            suggested={"RICE": "Rice 25kg"},
            asked=[
                Asked(said="alu", reason=AskReason.WHICH_PRODUCT, choices=("Red potato", "White potato")),
                Asked(said="chini", reason=AskReason.HOW_MANY, choices=("Sugar",), unit="kg"),
            ],
        ),
    )
    assert "Rice 25kg: 7 is not sold (in steps of 5); the nearest is 10." in text
    assert "• lalala (did you mean Rice 25kg?)" in text
    assert "Which *alu* do you mean?\n1. Red potato\n2. White potato" in text
    assert "How many kg of *Sugar*?" in text
    assert "12 days overdue" in text
    assert "CREDIT:" not in text


def test_figures_as_people_read_them() -> None:
    """No needless zeros, no powers of ten, both calendars, the digits people type."""
    assert [show_quantity(Decimal(text)) for text in ("5.000", "2.500", "1E+3", "0.125")] == [
        "5",
        "2.5",
        "1000",
        "0.125",
    ]
    assert show_day(date(2026, 2, 10)) == "2026-02-10 (2082-10-27 BS)"
    assert (digits_of("ORD260210-0001"), digits_of("ORD260210-12345")) == ("0001", "12345")
