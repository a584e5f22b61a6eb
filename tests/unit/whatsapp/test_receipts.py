"""Thanks, bounced cheques and payments taken back, as shops read of them in both languages [C42]."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from khaacho.credit.records import Debit
from khaacho.whatsapp.wording.receipt_text import lay_out_bounce, lay_out_thanks, lay_out_undone
from khaacho.whatsapp.wording.receipt_words import ENGLISH, NEPALI
from khaacho.whatsapp.wording.templates import render_template

TODAY = date(2026, 2, 10)
_PLACES = re.compile(r"\{(\w+)\}")


def owed(number: int, paisa: int, due_on: date) -> Debit:
    return Debit(
        id=UUID(int=number),
        account_id=UUID(int=0),
        retailer_id=UUID(int=0),
        source_kind="order",
        source_id=UUID(int=number),
        amount_paisa=paisa + 100,
        cleared_paisa=100,
        written_off=False,
        opened_at=datetime(2026, 2, 1, tzinfo=UTC),
        due_on=due_on,
        cleared_at=None,
    )


@pytest.mark.parametrize("name", ENGLISH.__struct_fields__)
def test_both_languages_say_the_same(name: str) -> None:
    """The same places are filled in both, and the Nepali is Nepali."""
    english, nepali = getattr(ENGLISH, name), getattr(NEPALI, name)
    assert set(_PLACES.findall(english)) == set(_PLACES.findall(nepali))
    assert re.search(r"[ऀ-ॿ]", nepali)


def test_thanks_tell_what_remains_and_when_the_next_is_due() -> None:
    """[C42] Name, amount, the remaining amounts, and the day of what is due first; items of one day are one amount."""
    items = [owed(1, 50_000, date(2026, 2, 20)), owed(2, 120_050, date(2026, 2, 14)), owed(3, 50, date(2026, 2, 14))]
    notice = lay_out_thanks("en", "Hari", 237_300, owed=items, ahead_paisa=0, today=TODAY)
    assert notice.text.splitlines() == [
        "🙏 Thank you, Hari! We received your payment of Rs.2,373.",
        "Still to pay: Rs.1,701",
        "Next: Rs.1,201, due 2026-02-14 (2082-11-02 BS)",
    ]
    assert render_template(notice.template) == (
        "Thank you Hari, we received your payment of Rs.2,373. Still to pay: Rs.1,701. "
        "Next: Rs.1,201, due 2026-02-14 (2082-11-02 BS) Reply CREDIT for more."
    )


def test_what_was_due_is_said_to_have_been() -> None:
    """No threat in it: the day, and nothing more."""
    notice = lay_out_thanks("en", "Hari", 100, owed=[owed(1, 500, date(2026, 2, 9))], ahead_paisa=0, today=TODAY)
    assert "Next: Rs.5, was due 2026-02-09" in notice.text


def test_when_all_is_paid_what_is_ahead_is_told() -> None:
    """[C60] What nobody owes yet is kept for the next order, and the shop knows it."""
    notice = lay_out_thanks("ne", "हरि", 100_000, owed=[], ahead_paisa=25_000, today=TODAY)
    assert notice.text.splitlines() == [
        "🙏 धन्यवाद हरि! तपाईंको Rs.1,000 भुक्तानी पायौं।",
        "👏 सबै तिरिसक्नुभयो।",
        "Rs.250 तपाईंको अर्को अर्डरका लागि राखेका छौं।",
    ]


@pytest.mark.parametrize("lay_out", [lay_out_bounce, lay_out_undone])
@pytest.mark.parametrize("locale", ["en", "ne"])
def test_bad_news_has_its_reason_and_a_way_out(lay_out: object, locale: str) -> None:
    """[C61] Amount, reason, what is owed now, and whom to ask; the approved message has the same figures."""
    notice = lay_out(locale, "Hari", 60_000, "no funds.", owed=[owed(1, 100_000, TODAY)])  # type: ignore[operator]
    for text in (notice.text, render_template(notice.template)):
        assert "Rs.600" in text
        assert "Rs.1,000" in text
        assert "no funds" in text
        assert "no funds.." not in text
    assert "SUPPORT" in notice.text
