"""A basket as its retailer reads it: lines, totals, what is missing, what is asked, how to pay. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from khaacho.money import BASIS_POINTS_WHOLE, format_rupees
from khaacho.orders.records import CreditOffer, Quote, QuoteLine, Shortage, ShortageReason
from khaacho.whatsapp.understanding.records import AskReason, Unknown
from khaacho.whatsapp.wording.figures import numbered, show_name, show_quantity
from khaacho.whatsapp.wording.words import Words

HEAD = "📋 Order Summary"
SUGGESTIONS_MAX = 5


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it is put: `choices` are the names to number, `unit` the selling unit when one product is meant.

    `has_further` when more fit than are shown.
    """

    said: str
    reason: AskReason
    choices: tuple[str, ...]
    unit: str = ""
    has_further: bool = False


class BasketText(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a summary is made of. `suggested` names the products that `unknown` suggests, by code."""

    quote: Quote
    locale: str
    unknown: Sequence[Unknown] = ()
    suggested: Mapping[str, str] = {}
    asked: Sequence[Asked] = ()


def lay_out_basket(words: Words, text: BasketText) -> str:
    """The summary, or only the questions when nothing is understood well enough yet."""
    quote = text.quote
    blocks: list[str] = []
    if quote.lines:
        blocks.append("\n".join([HEAD, *numbered([_line(line, text.locale) for line in quote.lines])]))
        blocks.append(lay_out_totals(quote))
    shortages = [lay_out_shortage(words, shortage, text.locale) for shortage in quote.shortages]
    if shortages:
        blocks.append("\n".join(shortages))
    if text.unknown:
        blocks.append(_unknown(words, text))
    if text.asked:
        blocks.append(lay_out_questions(words, text.asked, also_lines=bool(quote.lines)))
    if quote.lines:
        blocks.append(lay_out_payment(words, quote.credit))
        example = f"{_first_word(quote.lines[0].name)} {show_quantity(quote.lines[0].quantity + 1)} garnu"
        blocks.append(f"{words.confirm_hint}\n{words.edit_hint.format(example=example)}")
    return "\n\n".join(blocks)


def lay_out_totals(quote: Quote) -> str:
    """Subtotal, tax with its rate where there is one rate, total."""
    rates = {line.vat_basis_points for line in quote.lines if line.vat_basis_points}
    rate = f" ({show_quantity(Decimal(rates.pop() * 100) / BASIS_POINTS_WHOLE)}%)" if len(rates) == 1 else ""
    return "\n".join(
        [
            f"Subtotal: {format_rupees(quote.subtotal_paisa)}",
            f"Tax{rate}: {format_rupees(quote.tax_paisa)}",
            f"Total: {format_rupees(quote.total_paisa)}",
        ]
    )


def lay_out_payment(words: Words, credit: CreditOffer) -> str:
    """COD always; credit with what is available, or one sentence why not."""
    if not credit.allowed:
        return "\n".join([f"{words.how_to_pay} {words.pay_cod}", why_no_credit(words, credit)])
    offered = words.pay_credit.format(available=format_rupees(credit.available_paisa or 0), days=credit.terms_days or 0)
    return "\n".join([words.how_to_pay, words.pay_cod, offered])


def why_no_credit(words: Words, credit: CreditOffer) -> str:
    """One sentence."""
    return refusal_sentence(words, credit.refusal_code or "OTHER", credit.refusal_details)


def refusal_sentence(words: Words, code: str, details: Mapping[str, object]) -> str:
    """Why credit is refused, with the figures of the refusal that its sentence needs."""
    sentence = words.no_credit.get(code, words.no_credit["OTHER"])
    figures = {
        "max": _rupees(details.get("max_order_value_paisa")),
        "available": _rupees(details.get("available_credit_paisa")),
        "days": str(details.get("days_overdue", "")),
    }
    return sentence.format(**figures)


def lay_out_shortage(words: Words, shortage: Shortage, locale: str) -> str:
    """What is not as wanted, and the nearest quantity there is."""
    name = show_name(shortage.name, shortage.name_ne, locale)
    wanted, offered = show_quantity(shortage.wanted), show_quantity(shortage.offered)
    match shortage.why:
        case ShortageReason.OUT_OF_STOCK:
            return words.out_of_stock.format(name=name)
        case ShortageReason.NOT_OFFERED:
            return words.not_offered.format(name=name)
        case ShortageReason.TOO_LITTLE_STOCK:
            text = words.too_little if shortage.offered else words.out_of_stock
            return text.format(name=name, wanted=wanted, offered=offered)
        case ShortageReason.QUANTITY_RULE:
            text = words.nearest_quantity if shortage.offered else words.quantity_not_sold
            return text.format(name=name, wanted=wanted, offered=offered, rule=_rule(words, shortage))


def _rule(words: Words, shortage: Shortage) -> str:
    rules = [
        text.format(quantity=show_quantity(value))
        for text, value in (
            (words.rule_min, shortage.min),
            (words.rule_max, shortage.max),
            (words.rule_multiple, shortage.multiple),
        )
        if value is not None
    ]
    return f" ({', '.join(rules)})" if rules else ""


def _line(line: QuoteLine, locale: str) -> str:
    name = show_name(line.name, line.name_ne, locale)
    return (
        f"{name} ({line.code})\n"
        f"   {show_quantity(line.quantity)} {line.selling_unit} × {format_rupees(line.unit_price_paisa)}"
        f" = {format_rupees(line.amount_paisa)}"
    )


def _unknown(words: Words, text: BasketText) -> str:
    lines = [words.unknown_head]
    for unknown in text.unknown:
        names = [text.suggested[sku] for sku in unknown.suggestions[:SUGGESTIONS_MAX] if sku in text.suggested]
        hint = f" ({words.did_you_mean.format(names=' / '.join(names))})" if names else ""
        lines.append(f"• {unknown.said}{hint}")
    return "\n".join(lines)


def lay_out_questions(words: Words, asked: Sequence[Asked], *, also_lines: bool = False) -> str:
    """The open questions, with how to answer; `also_lines` when there are lines that can be placed without them."""
    blocks = [lay_out_question(words, question) for question in asked]
    hints = [words.answer_hint] if any(len(question.choices) > 1 for question in asked) else []
    if any(question.has_further for question in asked):
        hints.append(words.another_choice_hint)
    if also_lines:
        hints.append(words.open_lines_hint)
    return "\n".join([*blocks, " ".join(hints)]).rstrip()


def lay_out_question(words: Words, question: Asked) -> str:
    """One question with its numbered choices."""
    if question.reason is AskReason.HOW_MANY and len(question.choices) == 1:
        return words.ask_how_many.format(name=question.choices[0], unit=question.unit)
    text = words.ask_unit if question.reason is AskReason.WHICH_UNIT else words.ask_which
    return "\n".join([text.format(said=question.said), *numbered(question.choices)])


def _first_word(name: str) -> str:
    return " ".join(name.split()[:2]).lower()


def _rupees(paisa: object) -> str:
    return format_rupees(paisa) if isinstance(paisa, int) else ""
