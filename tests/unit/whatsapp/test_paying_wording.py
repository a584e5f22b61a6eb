"""What is said about paying later: both languages, the same facts, and never a threat."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from khaacho.credit.events import CreditStatusChanged
from khaacho.credit.lateness.reminder_rules import Stage
from khaacho.credit.lateness.reminding import ReminderItem
from khaacho.ids import new_id
from khaacho.parties.standings import CreditStatus
from khaacho.whatsapp.wording.paying_text import lay_out_reminder, lay_out_standing, show_days
from khaacho.whatsapp.wording.paying_words import ENGLISH, NEPALI, WEEKDAYS
from khaacho.whatsapp.wording.templates import render_template

DUE = date(2026, 2, 10)
_PLACES = re.compile(r"\{(\w+)\}")
_THREATS = re.compile(
    r"\b(?:warn\w*|legal|police|court|penalt\w*|fine|must|immediately|last chance|final notice|or else)\b"
    r"|कानुन|प्रहरी|अदालत|जरिवाना|कारबाही|चेतावनी",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", ENGLISH.__struct_fields__)
def test_every_text_has_the_same_places(name: str) -> None:
    """[C42] Both languages carry the same figures, and Nepali is really translated."""
    english, nepali = getattr(ENGLISH, name), getattr(NEPALI, name)
    assert sorted(_PLACES.findall(english)) == sorted(_PLACES.findall(nepali))
    assert re.search(r"[ऀ-ॿ]", nepali)
    assert not _THREATS.search(english)
    assert not _THREATS.search(nepali)


def item(rupees: int, *, due_on: date = DUE, open_days: int = 7, today: date = DUE) -> ReminderItem:
    opened_at = datetime(today.year, today.month, today.day, 6, tzinfo=UTC) - timedelta(days=open_days)
    return ReminderItem(
        debit_id=new_id(),
        retailer_id=new_id(),
        stage=Stage.DUE_DAY,
        remaining_paisa=rupees * 100,
        opened_at=opened_at,
        due_on=due_on,
        source_kind="order",
        source_id=new_id(),
    )


@pytest.mark.parametrize("locale", ["en", "ne"])
def test_a_reminder_carries_its_facts(locale: str) -> None:
    """[C42] Name, amount, due date in both calendars, days outstanding, the order, and how to answer."""
    one = item(2_373)
    notice = lay_out_reminder(locale, "Gita", [one], order_codes={one.source_id: "ORD260203-0001"}, today=DUE)
    for fact in ("Gita", "ORD260203-0001: Rs.2,373,", "2026-02-10 (2082-10-27 BS)", "PAY", "PAID"):
        assert fact in notice.text
    assert ("open for 7 days" if locale == "en" else "7 दिन भयो") in notice.text
    brief = render_template(notice.template)
    for fact in ("Gita", "Rs.2,373", "2026-02-10 (2082-10-27 BS)", "7"):
        assert fact in brief


def test_every_item_is_listed_however_many() -> None:
    """[C40] Fifty items are fifty lines and one total."""
    items = [item(100 + number) for number in range(50)]
    text = lay_out_reminder("en", "Gita", items, order_codes={}, today=DUE).text
    assert "To be paid, 50 items:" in text
    assert "50. Rs.149, due today" in text
    assert "Together: Rs.6,225" in text


def change(**fields: Any) -> CreditStatusChanged:
    defaults: dict[str, Any] = {
        "decision_id": new_id(),
        "retailer_id": new_id(),
        "from_status": CreditStatus.ACTIVE,
        "to_status": CreditStatus.PAUSED,
        "automatic": False,
        "reason": "the shop has moved.",
        "late_paisa": 0,
        "open_days": 0,
        "allowed_days": 0,
    }
    return CreditStatusChanged(**(defaults | fields))


@pytest.mark.parametrize("locale", ["en", "ne"])
@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        (
            {"automatic": True, "late_paisa": 237_300, "open_days": 31, "allowed_days": 30},
            ("Rs.2,373", "31", "30", "Rs.5,000", "COD", "PAY"),
        ),
        ({}, ("the shop has moved", "Rs.5,000", "COD", "SUPPORT")),
        ({"to_status": CreditStatus.BLOCKED}, ("the shop has moved", "Rs.5,000", "COD", "SUPPORT")),
        ({"to_status": CreditStatus.ACTIVE, "from_status": CreditStatus.PAUSED}, ("Rs.900",)),
        ({"to_status": CreditStatus.ACTIVE, "automatic": True}, ("Rs.900",)),
    ],
)
def test_a_pause_says_why_how_much_and_how_it_ends(locale: str, fields: dict[str, Any], facts: tuple[str, ...]) -> None:
    """[C51] And that COD stays possible; so does the approved message that stands in for it."""
    notice = lay_out_standing(locale, "Gita", change(**fields), owed_paisa=500_000, available_paisa=90_000)
    for fact in (*facts, "Gita"):
        assert fact in notice.text
    assert "None" not in notice.text
    brief = render_template(notice.template)
    assert "COD" in brief or "Rs.900" in brief


def test_days_are_counted_as_people_say_them() -> None:
    """[C42] '1 day', '2 days'."""
    assert [show_days(ENGLISH, count) for count in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert len(WEEKDAYS["en"]) == len(WEEKDAYS["ne"]) == 7
