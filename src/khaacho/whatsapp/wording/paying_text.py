"""Reminders, promises and the standing of credit as their readers see them. Pure but for the calendars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.events import CreditStatusChanged
from khaacho.credit.lateness.reminding import ReminderItem
from khaacho.money import format_rupees_short
from khaacho.parties.standings import CreditStatus
from khaacho.whatsapp.records import Template
from khaacho.whatsapp.wording.figures import numbered, show_day
from khaacho.whatsapp.wording.paying_words import WEEKDAYS, PayingWords, paying_words_for
from khaacho.whatsapp.wording.templates import template


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A text, and the approved message that stands in for it outside the window of free text."""

    text: str
    template: Template


def lay_out_reminder(
    locale: str, name: str, items: Sequence[ReminderItem], *, order_codes: Mapping[UUID, str], today: date
) -> Notice:
    """One reminder of these items, as it is true on `today`; `order_codes` by the source of an item."""
    words = paying_words_for(locale)
    total = format_rupees_short(sum(item.remaining_paisa for item in items))
    lines = [_item(words, item, order_codes.get(item.source_id), today) for item in items]
    head = words.reminder_one if len(items) == 1 else words.reminder_many.format(count=len(items))
    blocks = [words.reminder_head.format(name=name), head, *(lines if len(items) == 1 else numbered(lines))]
    if len(items) > 1:
        blocks.append(words.reminder_total.format(total=total))
    blocks.append(words.reminder_foot)
    first = min(items, key=lambda item: (item.due_on, item.opened_at))
    oldest = min(items, key=lambda item: item.opened_at)
    ready = template("payment_reminder", locale, name, total, show_day(first.due_on), str(_open_days(oldest, today)))
    return Notice(text="\n".join(blocks), template=ready)


def lay_out_standing(
    locale: str, name: str, change: CreditStatusChanged, *, owed_paisa: int, available_paisa: int
) -> Notice:
    """What a retailer is told when their credit was paused, blocked, or given back."""
    words = paying_words_for(locale)
    figures = {
        "name": name,
        "amount": format_rupees_short(change.late_paisa),
        "days": show_days(words, change.open_days),
        "allowed": show_days(words, change.allowed_days),
        "owed": format_rupees_short(owed_paisa),
        "available": format_rupees_short(available_paisa),
        "reason": (change.reason or "—").rstrip(" .।"),
    }
    if change.to_status is CreditStatus.ACTIVE:
        blocks = [words.resumed_by_rule if change.automatic else words.resumed_by_person]
        brief = words.resumed_brief
    elif change.automatic:
        blocks = [words.paused_by_rule, words.still_to_pay, words.cod_stays, words.reopens_when_paid]
        brief = words.paused_by_rule_brief
    elif change.to_status is CreditStatus.PAUSED:
        blocks = [words.paused_by_person, words.still_to_pay, words.cod_stays, words.ask_us]
        brief = words.paused_by_person_brief
    else:
        blocks = [words.blocked, words.still_to_pay, words.cod_stays, words.ask_us]
        brief = words.blocked_brief
    text = "\n".join(block.format(**figures) for block in blocks)
    return Notice(text=text, template=template("credit_notice", locale, brief.format(**figures)))


def show_days(words: PayingWords, count: int) -> str:
    """'1 day', '3 days'."""
    return words.one_day if count == 1 else words.many_days.format(count=count)


def show_weekday(locale: str, day: date) -> str:
    """The day of the week in the reader's language."""
    return WEEKDAYS["en" if locale == "en" else "ne"][day.weekday()]


def _item(words: PayingWords, item: ReminderItem, code: str | None, today: date) -> str:
    late = (today - item.due_on).days
    tense = words.reminder_was_due if late > 0 else words.reminder_due_today
    told = words.reminder_due_tomorrow if late < 0 else tense
    line = told.format(
        amount=format_rupees_short(item.remaining_paisa),
        date=show_day(item.due_on),
        late_days=show_days(words, late),
        open_days=show_days(words, _open_days(item, today)),
    )
    return f"{code}: {line}" if code else line


def _open_days(item: ReminderItem, today: date) -> int:
    return (today - clock.business_day(item.opened_at)).days
