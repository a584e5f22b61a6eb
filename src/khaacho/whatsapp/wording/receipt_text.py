"""Money that came in, or did not, as a shop reads of it. Pure but for the calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from khaacho.credit.records import Debit
from khaacho.money import format_rupees_short
from khaacho.whatsapp.wording.figures import show_day
from khaacho.whatsapp.wording.paying_text import Notice
from khaacho.whatsapp.wording.receipt_words import ReceiptWords, receipt_words_for
from khaacho.whatsapp.wording.templates import template


def lay_out_thanks(
    locale: str, name: str, amount_paisa: int, *, owed: Sequence[Debit], ahead_paisa: int, today: date
) -> Notice:
    """Thanks, what remains, and when the next of it is due; what is beyond is kept for the next order."""
    words = receipt_words_for(locale)
    remaining = format_rupees_short(sum(debit.remaining_paisa for debit in owed))
    following = _next(words, owed, today)
    blocks = [words.thanks.format(name=name, amount=format_rupees_short(amount_paisa))]
    blocks += [words.remains.format(remaining=remaining), following] if owed else [following]
    if ahead_paisa:
        blocks.append(words.paid_ahead.format(ahead=format_rupees_short(ahead_paisa)))
    ready = template("payment_thanks", locale, name, format_rupees_short(amount_paisa), remaining, following)
    return Notice(text="\n".join(blocks), template=ready)


def lay_out_bounce(locale: str, name: str, amount_paisa: int, reason: str | None, *, owed: Sequence[Debit]) -> Notice:
    """A cheque that the bank did not pay; banks do not always say why."""
    words = receipt_words_for(locale)
    return _bad_news(locale, words.bounced, words.bounced_brief, name, amount_paisa, reason or words.no_reason, owed)


def lay_out_undone(locale: str, name: str, amount_paisa: int, reason: str, *, owed: Sequence[Debit]) -> Notice:
    """A payment that was noted and taken back."""
    words = receipt_words_for(locale)
    return _bad_news(locale, words.undone, words.undone_brief, name, amount_paisa, reason, owed)


def _bad_news(
    locale: str, told: str, brief: str, name: str, amount_paisa: int, reason: str, owed: Sequence[Debit]
) -> Notice:
    words = receipt_words_for(locale)
    figures = {
        "name": name,
        "amount": format_rupees_short(amount_paisa),
        "reason": reason.rstrip(" .।"),
        "remaining": format_rupees_short(sum(debit.remaining_paisa for debit in owed)),
    }
    text = "\n".join(block.format(**figures) for block in (told, words.remains, words.ask_us))
    return Notice(text=text, template=template("credit_notice", locale, brief.format(**figures)))


def _next(words: ReceiptWords, owed: Sequence[Debit], today: date) -> str:
    """What is due next; items due on one day are one amount."""
    if not owed:
        return words.all_paid
    due_on = min(debit.due_on for debit in owed)
    amount = sum(debit.remaining_paisa for debit in owed if debit.due_on == due_on)
    told = words.next_was_due if due_on < today else words.next_due
    return told.format(amount=format_rupees_short(amount), date=show_day(due_on))
