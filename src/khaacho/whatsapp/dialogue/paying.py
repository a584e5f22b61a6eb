"""What a shop says about paying: "bholi tirchhu" becomes a promise once its day is sure, "tirisake" a task for us.

A promise is recorded only after its day and amount were repeated and agreed to; a day that is missing or vague is
asked for. Saying that one has paid records no payment: a person looks, and the payment then says thanks by itself.
"""

from __future__ import annotations

import re
from datetime import timedelta

from khaacho import clock
from khaacho.credit.lateness.claims import open_claim
from khaacho.credit.lateness.promise_rules import PROMISE_DAYS_MAX
from khaacho.credit.lateness.promises import NewPromise, record_promise
from khaacho.credit.queries import find_open_debits
from khaacho.errors import Conflict, ValidationFailed
from khaacho.money import format_rupees_short
from khaacho.orders.records import PaymentMode
from khaacho.whatsapp.dialogue.commands import read_payment
from khaacho.whatsapp.dialogue.notes import AskedPromise, AskedPromiseDay
from khaacho.whatsapp.dialogue.staff import tell_staff
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.records import Reply
from khaacho.whatsapp.understanding.paying import PayingSaid, Said, read_only_day, read_paying, without_paying
from khaacho.whatsapp.understanding.records import Context, Intent, Understanding
from khaacho.whatsapp.understanding.understand import understand
from khaacho.whatsapp.wording.figures import show_day
from khaacho.whatsapp.wording.paying_text import show_days, show_weekday
from khaacho.whatsapp.wording.paying_words import PayingWords, paying_words_for

SAID_SHOWN_MAX = 300
EXAMPLE_AHEAD = timedelta(days=3)
PROMISE = "promise"
CLAIM = "payment_claim"
_ASKING_FOR_GOODS = frozenset({Intent.ORDER, Intent.EDIT, Intent.REPEAT})

_YES = re.compile(
    r"^\W*(?:y|yes|yeah|yep|ok|okay|oke|1|sure|right|correct|ho|hoo|ho ni|ho dai|hajur|hus|hunchha|huncha|hunxa|hunch|"
    r"thik(?: cha| chha| xa)?|thikcha|sahi|pakka|haan|ha|हो|हजुर|हुन्छ|ठीक|ठीक छ|ठिक छ)"
    r"(?:\s+(?:dai|hajur|ji|sir|हजुर|दाइ))?\W*$|^\W*👍\W*$",
    re.IGNORECASE,
)
# In a message known to be about paying, these words say that it was done.
_SAYS_PAID = re.compile(
    r"\b(?:paid|transferred|deposited|sent|gare|gardiye|gardie|pathaideko|pathaye|pathaideye|halideko|haldiye|halye|"
    r"tire|tiriye|tirisake|tiriyo|jamma|kar diya|kardiya|bhej diya|de diya|voucher|receipt|slip)\b"
    r"|तिरें|तिरिसकें|तिरेको|पठाएको|पठाइदिएको|जम्मा ग|हालिदिएको|हालें",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:n|no|nope|2|hoina|haina|nai|nahi|cancel|wrong|not now|होइन|हैन|नाइँ|नाइ)\W*$|^\W*👎\W*$", re.IGNORECASE
)


async def answer_paying_question(talk: Talk) -> Reply | None:
    """The answer to a day or an agreement we asked for; None when the message is about something else."""
    asked = talk.notes.asked
    if isinstance(asked, AskedPromise):
        if _YES.match(talk.text):
            return await _record(talk, asked)
        if _NO.match(talk.text):
            return reply(_words(talk).promise_dropped, intent=PROMISE)
    if isinstance(asked, AskedPromise | AskedPromiseDay):
        said = read_only_day(talk.text, clock.business_day())
        if said is not None:
            amount_paisa = said.amount_paisa or asked.amount_paisa
            return await _take_day(talk, said, amount_paisa)
    return None


async def take_paying(talk: Talk) -> Reply | None:
    """A message that is nothing but a promise, or nothing but word of a payment; otherwise None."""
    said = read_paying(talk.text, clock.business_day())
    if said is None:
        return None
    if said.said is Said.HAS_PAID:
        return await _take_claim(talk)
    if talk.basket is not None and talk.basket.lines and _is_about_the_basket(talk, said):
        return None
    return await _take_promise(talk, said)


def prefer_goods(talk: Talk, meaning: Understanding, context: Context) -> Understanding:
    """What a message about paying asks for beside it: "5 bora chamal, paisa bholi tirchhu" is an order."""
    rest = without_paying(talk.text, clock.business_day())
    if rest is None:
        return meaning
    beside = understand(rest, talk.goods.index, context)
    return beside if beside.intent in _ASKING_FOR_GOODS else meaning


async def take_promise(talk: Talk) -> Reply | None:
    """A promise with its day among other words, in a message that is no order; otherwise None."""
    said = read_paying(talk.text, clock.business_day(), is_about_paying=True)
    if said is None or said.said is not Said.WILL_PAY:
        return None
    return await _take_promise(talk, said)


async def answer_paying(talk: Talk) -> Reply:
    """A message understood as being about paying: a promise, word of a payment, or the question how."""
    promised = await take_promise(talk)
    if promised is not None:
        return promised
    if _SAYS_PAID.search(talk.text):
        return await _take_claim(talk)
    return reply(talk.words.how_to_pay_us, intent=Intent.PAY)


async def _take_promise(talk: Talk, said: PayingSaid) -> Reply:
    if await _owed_paisa(talk) == 0:
        return reply(_words(talk).nothing_owed, intent=PROMISE)
    return await _take_day(talk, said, said.amount_paisa)


async def _take_day(talk: Talk, said: PayingSaid, amount_paisa: int | None) -> Reply:
    """Repeat an exact day for agreement; ask for one otherwise."""
    words, today = _words(talk), clock.business_day()
    owed_paisa = await _owed_paisa(talk)
    if said.day is None:
        await talk.remember(AskedPromiseDay(amount_paisa=amount_paisa))
        example = (today + EXAMPLE_AHEAD).isoformat()
        return reply(words.promise_which_day.format(example=example), intent=PROMISE)
    if not today <= said.day <= today + timedelta(days=PROMISE_DAYS_MAX):
        await talk.remember(AskedPromiseDay(amount_paisa=amount_paisa))
        days = show_days(words, PROMISE_DAYS_MAX)
        return reply(words.promise_too_far.format(days=days), intent=PROMISE)
    if amount_paisa is not None and amount_paisa > owed_paisa:
        await talk.remember(AskedPromiseDay())
        return reply(words.promise_amount_wrong.format(owed=format_rupees_short(owed_paisa)), intent=PROMISE)
    await talk.remember(AskedPromise(day=said.day, amount_paisa=amount_paisa))
    confirm = words.promise_confirm.format(
        amount=format_rupees_short(amount_paisa or owed_paisa),
        weekday=show_weekday(talk.locale, said.day),
        date=show_day(said.day),
    )
    return reply(confirm, intent=PROMISE)


async def _record(talk: Talk, asked: AskedPromise) -> Reply:
    words = _words(talk)
    new = NewPromise(
        retailer_id=talk.retailer.id, promised_on=asked.day, amount_paisa=asked.amount_paisa, note="WhatsApp"
    )
    try:
        promise = await record_promise(talk.tx, talk.buyer, new)
    except Conflict:
        return reply(words.nothing_owed, intent=PROMISE)
    except ValidationFailed:
        # The day passed, or something was paid, while the question waited.
        await talk.remember(AskedPromiseDay())
        example = (clock.business_day() + EXAMPLE_AHEAD).isoformat()
        return reply(words.promise_which_day.format(example=example), intent=PROMISE)
    noted = words.promise_noted.format(
        amount=format_rupees_short(promise.amount_paisa),
        weekday=show_weekday(talk.locale, promise.promised_on),
        date=show_day(promise.promised_on),
    )
    return reply(noted, intent=PROMISE)


async def _take_claim(talk: Talk) -> Reply:
    """A task for our people, and thanks. Never a payment."""
    shop = talk.retailer
    await open_claim(talk.tx, shop.id, said=talk.text)
    note = f"💰 {shop.pasal_name} ({shop.code}, {shop.phone}) says a payment was made: {talk.text[:SAID_SHOWN_MAX]}"
    await tell_staff(talk.tx, f"paid-said:{talk.message.id}", note)
    return reply(talk.words.payment_not_recorded, intent=CLAIM)


def _is_about_the_basket(talk: Talk, said: PayingSaid) -> bool:
    """ "pachi tirchhu" beside an open basket says how that one is to be paid, unless a day is named."""
    return said.day is None or read_payment(talk.text) in (PaymentMode.COD, PaymentMode.CREDIT)


async def _owed_paisa(talk: Talk) -> int:
    return sum(debit.remaining_paisa for debit in await find_open_debits(talk.tx, talk.retailer.id))


def _words(talk: Talk) -> PayingWords:
    return paying_words_for(talk.locale)
