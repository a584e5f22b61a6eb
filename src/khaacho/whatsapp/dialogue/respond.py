"""One message in, one answer out: who speaks, what the words mean here, and which part of the house answers.

Literal commands come first, then answers to what we asked, then the understanding. Whatever a person may not do is
said in a sentence; only trouble of our own is raised.
"""

from __future__ import annotations

import msgspec

from khaacho.actors import SYSTEM
from khaacho.catalog.queries import find_retailer_aliases
from khaacho.errors import AlreadyExists
from khaacho.orders.basket import find_open_basket
from khaacho.orders.queries import last_order_lines, order_history_counts
from khaacho.orders.records import Basket, PaymentMode, WantedLine
from khaacho.parties.actions import update_retailers, update_vendors
from khaacho.parties.records import Locale, PartyStatus
from khaacho.platform.database import Transaction
from khaacho.whatsapp.catalog_index import Goods
from khaacho.whatsapp.channels.cloud_inbound import read_identity_change
from khaacho.whatsapp.contacts import change_identity, link_contact
from khaacho.whatsapp.dialogue import own_orders, paying, selling
from khaacho.whatsapp.dialogue.accounts import show_credit, show_insights
from khaacho.whatsapp.dialogue.baskets import (
    show_basket,
    still_asked,
    take_answers,
    take_back,
    take_edit,
    take_order,
    take_repeat,
)
from khaacho.whatsapp.dialogue.commands import (
    Command,
    Word,
    asks_total,
    is_only_payment,
    read_choice,
    read_code,
    read_command,
    read_payment,
)
from khaacho.whatsapp.dialogue.confirming import cancel_open_basket, confirm
from khaacho.whatsapp.dialogue.goods import show_goods
from khaacho.whatsapp.dialogue.notes import AskedOrder, AskedPayment, read_notes, write_notes
from khaacho.whatsapp.dialogue.people import Speaker, find_speaker
from khaacho.whatsapp.dialogue.questions import open_questions, read_questions
from khaacho.whatsapp.dialogue.registration import register
from khaacho.whatsapp.dialogue.staff import tell_staff
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.inbox import Turn
from khaacho.whatsapp.records import Contact, InboundMessage, Kind, Reply
from khaacho.whatsapp.understanding.answers import rejects
from khaacho.whatsapp.understanding.intents import plain_text
from khaacho.whatsapp.understanding.records import (
    Alias,
    BasketLine,
    Context,
    History,
    Intent,
    OpenQuestion,
    Understanding,
)
from khaacho.whatsapp.understanding.understand import understand
from khaacho.whatsapp.wording import in_both, words_for

TEXT_LENGTH_READ = 4_096
SAYINGS_SILENT = frozenset({Kind.REACTION, Kind.DELETED})
_VENDOR_WORDS = {
    Intent.ACCEPT: Word.ACCEPT,
    Intent.DECLINE: Word.DECLINE,
    Intent.PACKED: Word.PACKED,
    Intent.DISPATCHED: Word.DISPATCHED,
    Intent.DELIVERED: Word.DELIVERED,
}
_SELLING_WORDS = frozenset({*_VENDOR_WORDS.values(), Word.OUT_FOR_DELIVERY})


async def respond(tx: Transaction, turn: Turn, goods: Goods) -> Reply:
    """The answer to one message, with everything it does done in `tx`."""
    message, contact = turn.message, turn.contact
    if message.kind is Kind.SYSTEM:
        return await _take_identity_change(tx, contact, message)
    if message.kind in SAYINGS_SILENT:
        return reply(intent=message.kind)
    speaker = await find_speaker(tx, contact)
    known = speaker.retailer is not None or speaker.vendor is not None
    if message.kind is Kind.EDITED:
        return reply(_in_their_words(speaker, "edits_not_read"), intent=message.kind)
    text = message.body.strip()[:TEXT_LENGTH_READ]
    if not text:
        return reply(_in_their_words(speaker, "only_text"), intent=message.kind)
    notes = read_notes(turn.notes)
    if not known:
        return await register(tx, contact, notes, text)
    talk = Talk(tx=tx, speaker=speaker, message=message, text=text, goods=goods, notes=notes)
    command = read_command(text)
    if command is not None and command.word is Word.SUPPORT:
        return await _call_support(talk)
    if not speaker.may_buy and not speaker.may_sell:
        return _closed(speaker)
    if speaker.may_buy:
        talk = msgspec.structs.replace(talk, basket=await find_open_basket(tx, talk.retailer.id))
    if notes.asked is not None:
        # Asked once: whatever comes now is the answer or is about something else.
        await write_notes(tx, contact.id, msgspec.structs.replace(notes, asked=None))
    return (
        await _answer_what_we_asked(talk)
        or (await _obey(talk, command) if command is not None else None)
        or (await paying.take_paying(talk) if speaker.may_buy else None)
        or await _understand_and_answer(talk)
    )


# --- what comes before understanding -----------------------------------------------------------------------------


async def _answer_what_we_asked(talk: Talk) -> Reply | None:
    asked = talk.notes.asked
    choice = read_choice(talk.text)
    if isinstance(asked, AskedPayment) and talk.basket is not None and talk.basket.id == asked.basket_id:
        mode = {1: PaymentMode.COD, 2: PaymentMode.CREDIT}.get(choice or 0)
        if mode is None and is_only_payment(talk.text):
            mode = read_payment(talk.text)
        return await confirm(talk, mode) if mode is not None else None
    if isinstance(asked, AskedOrder) and choice is not None and choice <= len(asked.order_ids):
        order_id = asked.order_ids[choice - 1]
        if asked.word in _SELLING_WORDS or not talk.speaker.may_buy:
            return await selling.act_on_chosen(talk, asked, order_id)
        return await own_orders.act_on_chosen(talk, asked, order_id)
    return await paying.answer_paying_question(talk) if talk.speaker.may_buy else None


async def _obey(talk: Talk, command: Command) -> Reply | None:
    """The command, where this person may give it and said nothing beside it that needs understanding."""
    word, code, rest = command.word, command.code, command.rest
    if word in (Word.ENGLISH, Word.NEPALI):
        return await _change_language(talk, Locale.EN if word is Word.ENGLISH else Locale.NE)
    if word in _SELLING_WORDS and talk.speaker.may_sell:
        return await selling.handle_vendor_word(talk, word, code, rest)
    if word is Word.MY_ORDERS and talk.speaker.may_sell:
        return await _show_all_orders(talk)
    if word is Word.STATUS and code is not None and talk.speaker.may_sell and not rest:
        return await _show_order_of_either(talk, code)
    if not talk.speaker.may_buy:
        return None
    if word is Word.MY_ORDERS:
        return await own_orders.list_orders(talk)
    if word is Word.CONFIRM and (not rest or is_only_payment(rest)):
        return await confirm(talk, read_payment(rest))
    if word is Word.CANCEL and code is not None:
        return await own_orders.cancel_placed(talk, code, rest or None)
    if word is Word.CANCEL and not rest and talk.basket is not None:
        return await cancel_open_basket(talk, talk.basket)
    if word is Word.STATUS and (code is not None or not rest):
        return await own_orders.show_status(talk, code)
    if word is Word.RETRY:
        return await own_orders.retry_placed(talk, code)
    return None


async def _show_order_of_either(talk: Talk, code: str) -> Reply | None:
    """Of one who buys and sells: the order they placed, or else the one they were asked for."""
    if talk.speaker.may_buy:
        own = await own_orders.show_status(talk, code)
        if own.texts != (talk.words.order_not_found.format(code=code.upper()),):
            return own
    return await selling.show_vendor_order(talk, code)


async def _show_all_orders(talk: Talk) -> Reply:
    sold = await selling.show_vendor_orders(talk)
    if not talk.speaker.may_buy:
        return sold
    bought = await own_orders.list_orders(talk)
    return reply(*sold.texts, *bought.texts, intent=Intent.MY_ORDERS)


async def _change_language(talk: Talk, locale: Locale) -> Reply:
    changes = {"locale": locale}
    if talk.speaker.retailer is not None:
        await update_retailers(talk.tx, SYSTEM, changes={talk.speaker.retailer.id: changes})
    if talk.speaker.vendor is not None:
        await update_vendors(talk.tx, SYSTEM, changes={talk.speaker.vendor.id: changes})
    return reply(words_for(locale).language_changed, intent="language")


# --- what is understood ------------------------------------------------------------------------------------------


async def _understand_and_answer(talk: Talk) -> Reply:
    if talk.speaker.may_buy and talk.basket is not None and talk.basket.lines and is_only_payment(talk.text):
        return await confirm(talk, read_payment(talk.text))
    context = await _context(talk) if talk.speaker.may_buy else Context(role=talk.speaker.role)
    if talk.basket is not None and talk.basket.lines and not context.open_questions and rejects(plain_text(talk.text)):
        return await take_back(talk, talk.basket, context)
    meaning = understand(talk.text, talk.goods.index, context)
    if meaning.intent is Intent.PAY and talk.speaker.may_buy:
        meaning = paying.prefer_goods(talk, meaning, context)
    if talk.speaker.may_sell:
        told = await _answer_seller(talk, meaning)
        if told is not None:
            return told
    if talk.speaker.may_buy:
        return await _answer_buyer(talk, meaning)
    return await _small_talk(talk, meaning)


async def _answer_seller(talk: Talk, meaning: Understanding) -> Reply | None:
    """What a vendor does with orders; None when the message is none of that."""
    word = _VENDOR_WORDS.get(meaning.intent)
    if word is not None:
        rest = meaning.said_reason or "" if word is Word.DECLINE else ""
        return await selling.handle_vendor_word(talk, word, meaning.order_code, rest)
    if meaning.intent is Intent.MY_ORDERS:
        return await _show_all_orders(talk)
    if talk.speaker.may_buy:
        return None
    code = meaning.order_code or read_code(talk.text)
    match meaning.intent:
        case Intent.CONFIRM:
            return await selling.handle_vendor_word(talk, Word.ACCEPT, code, "")
        case Intent.CANCEL:
            return await selling.handle_vendor_word(talk, Word.DECLINE, code, meaning.said_reason or "")
        case Intent.STATUS if code is not None:
            return await selling.show_vendor_order(talk, code)
        case Intent.STATUS | Intent.RECENT_ORDERS:
            return await selling.show_vendor_orders(talk)
        case _:
            return None


async def _answer_buyer(talk: Talk, meaning: Understanding) -> Reply:
    match meaning.intent:
        case Intent.ORDER:
            return await take_order(talk, meaning)
        case Intent.EDIT:
            return await take_edit(talk, meaning)
        case Intent.REPEAT:
            return await take_repeat(talk, meaning)
        case Intent.ANSWER:
            return await take_answers(talk, meaning)
        case Intent.CONFIRM | Intent.ACCEPT:
            return await confirm(talk, read_payment(talk.text))
        case Intent.CANCEL | Intent.DECLINE:
            return await _cancel(talk, meaning)
        case Intent.STATUS | Intent.PACKED | Intent.DISPATCHED | Intent.DELIVERED:
            return await own_orders.show_status(talk, meaning.order_code or read_code(talk.text))
        case Intent.RECENT_ORDERS | Intent.MY_ORDERS:
            return await own_orders.list_orders(talk)
        case Intent.CREDIT | Intent.CATALOG if talk.basket is not None and talk.basket.lines and asks_total(talk.text):
            return reply(*show_basket(talk, talk.basket), intent=meaning.intent)
        case Intent.CREDIT:
            return await show_credit(talk)
        case Intent.CATALOG:
            return await show_goods(talk, meaning)
        case Intent.INSIGHTS:
            return await show_insights(talk)
        case Intent.PAY:
            return await paying.answer_paying(talk)
        case Intent.OTHER:
            return await paying.take_promise(talk) or await _small_talk(talk, meaning)
        case _:
            return await _small_talk(talk, meaning)


async def _cancel(talk: Talk, meaning: Understanding) -> Reply:
    code = meaning.order_code or read_code(talk.text)
    if code is None and talk.basket is not None:
        return await cancel_open_basket(talk, talk.basket)
    return await own_orders.cancel_placed(talk, code, meaning.said_reason)


async def _small_talk(talk: Talk, meaning: Understanding) -> Reply:
    words = talk.words
    match meaning.intent:
        case Intent.HELP:
            helps = [words.help_retailer] if talk.speaker.may_buy else []
            helps += [words.help_vendor] if talk.speaker.may_sell else []
            return reply(*helps, intent=Intent.HELP)
        case Intent.SUPPORT:
            return await _call_support(talk)
        case Intent.GREETING:
            greeting = words.greeting if talk.speaker.may_buy else words.greeting_vendor
            return reply(greeting.format(name=talk.speaker.name), intent=Intent.GREETING)
        case Intent.THANKS:
            return reply(words.thanks, intent=Intent.THANKS)
        case _ if not talk.speaker.may_buy:
            return reply(words.help_vendor, intent=meaning.intent, not_understood=True)
        case _:
            return reply(words.not_understood, *still_asked(talk), intent=meaning.intent, not_understood=True)


async def _call_support(talk: Talk) -> Reply:
    party = talk.speaker.retailer or talk.speaker.vendor
    name = talk.speaker.retailer.pasal_name if talk.speaker.retailer else talk.speaker.name
    phone = talk.speaker.contact.phone or (party.phone if party else "")
    await tell_staff(talk.tx, f"support:{talk.message.id}", f"👤 {name} ({phone}) asks for help: {talk.text[:300]}")
    return reply(talk.words.support, intent=Intent.SUPPORT)


async def _context(talk: Talk) -> Context:
    """What was true when the message came, in the understanding's words."""
    retailer_id = talk.retailer.id
    habits = await order_history_counts(talk.tx, retailer_id)
    aliases = await find_retailer_aliases(talk.tx, retailer_id)
    last = await last_order_lines(talk.tx, retailer_id)
    by_id = talk.goods.by_id
    return Context(
        role=talk.speaker.role,
        basket=_lines(talk, talk.basket.lines) if talk.basket else (),
        last_order=_lines(talk, last),
        history=tuple(
            History(sku=by_id[one.product_id].code, times=one.times) for one in habits if one.product_id in by_id
        ),
        aliases=tuple(Alias(phrase=alias.phrase, sku=alias.product_code) for alias in aliases),
        open_questions=_questions(talk.basket),
    )


def _lines(talk: Talk, lines: tuple[WantedLine, ...] | list[WantedLine]) -> tuple[BasketLine, ...]:
    return tuple(
        BasketLine(sku=talk.goods.by_id[line.product_id].code, quantity=line.quantity)
        for line in lines
        if line.product_id in talk.goods.by_id
    )


def _questions(basket: Basket | None) -> tuple[OpenQuestion, ...]:
    return open_questions(read_questions(basket.open_questions)) if basket else ()


# --- people we cannot serve, or know otherwise -------------------------------------------------------------------


def _closed(speaker: Speaker) -> Reply:
    """Waiting for approval, or closed: a clear sentence."""
    party = speaker.retailer or speaker.vendor
    if party is not None and party.status is PartyStatus.PENDING:
        name = speaker.retailer.pasal_name if speaker.retailer else speaker.name
        return reply(speaker.words.still_pending.format(shop=name), intent="pending")
    return reply(speaker.words.account_closed, intent="closed")


def _in_their_words(speaker: Speaker, name: str) -> str:
    if speaker.retailer is None and speaker.vendor is None:
        return in_both(lambda words: str(getattr(words, name)))
    return str(getattr(speaker.words, name))


async def _move_parties(tx: Transaction, speaker: Speaker, phone: str) -> None:
    try:
        async with tx.savepoint():
            if speaker.retailer is not None:
                await update_retailers(tx, SYSTEM, changes={speaker.retailer.id: {"phone": phone}})
            if speaker.vendor is not None:
                await update_vendors(tx, SYSTEM, changes={speaker.vendor.id: {"phone": phone}})
    except AlreadyExists:
        # The new number is another party's already; the link says who this is, and staff are told below.
        return


async def _take_identity_change(tx: Transaction, contact: Contact, message: InboundMessage) -> Reply:
    """A new number the provider vouches for: the person stays who they were here, and the old number is nobody's.

    Otherwise whoever is given the old number next would be taken for this shop.
    """
    change = read_identity_change(message.raw)
    if change is None:
        return reply(intent="system")
    speaker = await find_speaker(tx, contact)
    await change_identity(tx, contact, change.new)
    if change.new.phone is not None:
        await _move_parties(tx, speaker, change.new.phone)
    await link_contact(
        tx,
        contact.id,
        retailer_id=speaker.retailer.id if speaker.retailer else None,
        vendor_id=speaker.vendor.id if speaker.vendor else None,
    )
    await tell_staff(tx, f"number-changed:{message.id}", f"👤 {contact.phone} is now {change.new.phone}.")
    return reply(intent="system")
