"""Does a message promise to pay, or say that somebody has paid? Pure.

Read in two ways. *Closed*: every word of the message is one of talk about paying, so that no order, whatever it
names, can ever be taken for a promise. *Open*, only for messages already understood as being about paying: other words
may stand around, but then a promise needs a verb that says nothing else, and a day, and nothing that
counts or asks for goods may stand beside it.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from .dates import find_day, split_words

AMOUNT_RUPEES_MIN = 100
_AMOUNT_DIGITS_MAX = 9
_SHORT_MAX = 12


class Said(Enum):
    """What a message says about paying."""

    WILL_PAY = "will pay"
    HAS_PAID = "has paid"


class PayingSaid(Struct, frozen=True, kw_only=True):
    """`day` where one was named exactly, `is_vague` where one was named but not which; the amount in paisa."""

    said: Said
    day: date | None = None
    is_vague: bool = False
    amount_paisa: int | None = None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _verbs(latin: str, devanagari: str) -> re.Pattern[str]:
    """Whole words; a stem that ends in '-' takes any ending. Vowel signs are no word characters to `re`."""
    spelled = [word.replace("-", r"[\w\u0900-\u097f]*") for word in f"{latin} {devanagari}".split()]
    return re.compile("|".join(spelled))


# Verbs that mean paying and nothing else, in a time to come.
_WILL_PAY = _verbs(
    "tirch- tirc?hh- tirxu- tirxau- tirx tirne- tir[ao]?uch- tir[ao]?ux- tirula tiraula tirnechu tirdai- tiridinch- "
    "tiridinx- tiridine- tirdinch- tirdinx- bujhauch- bujhaux- bujhaula bujhaune- bujaula chukaunga",
    "तिर्छ- तिर्ने- तिरौ- तिरुँला तिरिदिन्छ- तिर्दै- बुझाउँछ- बुझाउछ- बुझाउने-",
)
# The same for what is done.
_HAS_PAID = _verbs(
    "paid tire tirey tireko tireka tiryo tirye tiriye tiriyo tirisak- tirsak- tirdiye- tiridiye- tirideko bujhaye- "
    "bujhaisak- bujhaideko chukaye- chukta",
    "तिरें तिरे तिरेँ तिरेको तिरियो तिरिस- तिर्‍यो बुझाएँ बुझाएको बुझाइस-",
)
# Giving: means paying beside money, or beside a day and nothing else.
_WILL_GIVE = _verbs("dinch- dinx- dinechu dine diula diunla deula deuchu dunga dungi denge", "दिन्छ- दिने दिनेछु दिउँला")
# Doing, sending, putting in: means paying beside money only.
_WILL_DO = _verbs(
    "garch- garx- garne- gardinch- gardinx- garidinch- garidinx- garula garaula pathauch- pathaux- pathaune- "
    "pathaidinch- pathaidinx- pathaula halch- halx- halne- haldinch- haldinx- halaula halula karunga bhejunga kardunga",
    "गर्छ- गर्ने- गरौंला पठाउँछ- पठाउछ- पठाउने- हाल्छ- हाल्ने-",
)
_HAS_DONE = _verbs(
    "gare gareko gardeko gardiyeko garisak- garyo gardiye- gardie pathaye- pathae- pathaiye pathaide- pathaidiye- "
    "pathaisak- halye haldiye- haleko halideko halisak- diye- diisak- diyo sent transferred deposited done diya "
    "bhejdiya kardiya",
    "गरें गरे गरेको गरिस- पठाएँ पठाए- पठाइस- हालें हालेको दिएँ दिएको दिइस-",
)
_MONEY = _words(
    "pay payment payments paisa paise paisaa rakam baki baaki bankey udharo udhaaro udhar hisab rupaiya rupees rupee "
    "rs npr money amount bill due dues balance पैसा रकम बाँकी उधारो हिसाब भुक्तानी पेमेन्ट रुपैयाँ रु"
)
_PAYMENT = _words("pay payment payments paisa paise paisaa पैसा भुक्तानी पेमेन्ट")
_WAYS = _words("esewa khalti fonepay imepay connectips bank banking account khata online")
_WILL = _words("will ill shall ll")
_NEGATIONS = _words(
    "chaina chhaina xaina chaena nai haina hoina not dont didnt wont cant never sakdina tirdina nahi nahin no "
    "छैन होइन सक्दिन"
)
_ASKING = _words(
    "kati kasari kaha kahile kaile k ke kina kun how where when what which why milcha milchha sakincha "
    "कति कसरी कहाँ कहिले किन के मिल्छ"
)
_FILLERS = _words(
    "ma maile mero hami hamro dai bhai didi hajur sir sahuji sauji ji la ok okay hus hunchha huncha hunxa hai ho ani "
    "ra ta chai please pls kripaya i we my our the full sabai all jamma pura kehi thorai adhi half lai ko le bata by "
    "samma on at in till until before within bhitra bhitrama pachi paxi pachhi esewa khalti fonepay bank banking cash "
    "nagad online imepay connectips transfer deposit clear bihana diuso beluka sanjha sanjh rati baje bje am pm "
    "morning evening afternoon noon pakka pakkai sure promise garera gayera aayera aaera tapai tapailai account khata "
    "thank thanks thankyou dhanyabad dhanyawad namaste namaskar to you u for it that already have has bhayo hola "
    "check garnus garnuhola garnuhos hernus hernuhola hernu hos just now ahile aile bhane bhaneko pani matra only din "
    "dinma yo so sorry maaf is of me kar bhej de thousand hajar hazar and mane chu chhu cha "
    "हजुर दाइ भाइ म मैले मेरो है हुन्छ सम्म मा ले को लाई बाट अहिले नै हो अनि र पछि भित्र हजार नमस्ते धन्यवाद सबै पूरा "
    "जम्मा बिहान बेलुका छु छ"
)
# Asking for goods, and what they are counted in.
_WISHES = _verbs(
    "pathau- pathaid- patha bhej- chahi- chaiy- chainch- send need- want- order- dinu- lyau- lyaid- mangau- deliver- "
    "lekh- hali- thap- add bora bori carton cartoon ctn packet pkt kg kilo liter litre ltr pc pcs piece pieces dozen "
    "darjan jar tin bottle case box peti",
    "पठाउनु- पठाइदिनु- चाहि- दिनु- ल्याउनु- मगाउ- बोरा कार्टन प्याकेट केजी किलो लिटर दर्जन थान",
)
_CLAUSES = re.compile(r"(?<!\d),|,(?!\d)|[;\n।]|\.(?!\d)")
_THOUSANDS = _words("hajar hazar thousand हजार")
_THOUSAND_SIGN = re.compile(r"(?<=\d)\s*k\b", re.IGNORECASE)
_HOURS = _words("baje bje am pm बजे")


def read_paying(text: str, today: date, *, is_about_paying: bool = False) -> PayingSaid | None:
    """What `text` says about paying, or None. `is_about_paying` allows the open reading."""
    words = _split(text)
    if not words or (not is_about_paying and len(words) > _SHORT_MAX):
        return None
    found = find_day(words, today)
    rest = [word for place, word in enumerate(words) if place not in found.used]
    if _NEGATIONS & set(rest) or _ASKING & set(rest):
        return None
    amount_paisa, numbers = _amount(rest)
    is_closed = all(_is_talk(word) for word in rest if word not in numbers)
    if not is_closed and (not is_about_paying or _asks_for_goods(rest, numbers)):
        return None
    has_day = found.day is not None or found.is_vague
    will, has = _says(_WILL_PAY, rest), _says(_HAS_PAID, rest)
    if is_closed:
        will = will or _will_pay_in_other_words(rest, amount_paisa, has_day=has_day)
        has = has or (bool((_MONEY | _WAYS) & set(rest)) and _says(_HAS_DONE, rest))
        # "payment tomorrow": a day, and no verb at all.
        will = will or (has_day and not has and bool(_PAYMENT & set(rest)))
    if has and not will and "?" not in text:
        return PayingSaid(said=Said.HAS_PAID, amount_paisa=amount_paisa)
    if will and not has and (is_closed or has_day):
        return PayingSaid(said=Said.WILL_PAY, day=found.day, is_vague=found.is_vague, amount_paisa=amount_paisa)
    return None


def without_paying(text: str, today: date) -> str | None:
    """The message without the clauses that only speak of paying: "5 bora chamal, paisa bholi tirchhu" → the rice.

    None when there is no such clause, or nothing else.
    """
    clauses = [clause.strip() for clause in _CLAUSES.split(text) if clause.strip()]
    others = [clause for clause in clauses if read_paying(clause, today) is None]
    return ", ".join(others) if others and len(others) < len(clauses) else None


def read_only_day(text: str, today: date) -> PayingSaid | None:
    """An answer to "which day?": nothing but a day, an amount and words of paying."""
    words = _split(text)
    found = find_day(words, today)
    rest = [word for place, word in enumerate(words) if place not in found.used]
    amount_paisa, numbers = _amount(rest)
    if not found.used or not all(_is_talk(word) for word in rest if word not in numbers):
        return None
    return PayingSaid(said=Said.WILL_PAY, day=found.day, is_vague=found.is_vague, amount_paisa=amount_paisa)


def _split(text: str) -> list[str]:
    return split_words(_THOUSAND_SIGN.sub(" hajar", text))


def _says(verb: re.Pattern[str], words: list[str]) -> bool:
    return any(verb.fullmatch(word) for word in words)


def _will_pay_in_other_words(words: list[str], amount_paisa: int | None, *, has_day: bool) -> bool:
    has_money = bool(_MONEY & set(words))
    if _says(_WILL_GIVE, words) and (has_money or has_day or amount_paisa is not None):
        return True
    return (has_money and _says(_WILL_DO, words)) or ("pay" in words and bool(_WILL & set(words)))


def _asks_for_goods(words: list[str], numbers: frozenset[str]) -> bool:
    others = [word for word in words if word not in numbers and not _is_talk(word)]
    return any(word[0].isdigit() or _WISHES.fullmatch(word) for word in others)


def _is_talk(word: str) -> bool:
    verbs = (_WILL_PAY, _HAS_PAID, _WILL_GIVE, _WILL_DO, _HAS_DONE)
    return word in _FILLERS or word in _MONEY or word in _WILL or any(verb.fullmatch(word) for verb in verbs)


def _amount(words: list[str]) -> tuple[int | None, frozenset[str]]:
    """The one amount named, in paisa, and the words that are numbers of money or of the hour."""
    amounts: list[int] = []
    numbers: set[str] = set()
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        plain = word.replace(",", "")
        if not plain.replace(".", "", 1).isdigit() or len(plain) > _AMOUNT_DIGITS_MAX:
            continue
        value = Decimal(plain)
        if following in _THOUSANDS:
            value *= 1_000
        elif following in _HOURS:
            numbers.add(word)
            continue
        paisa = value * 100
        if value >= AMOUNT_RUPEES_MIN and paisa == int(paisa):
            amounts.append(int(paisa))
            numbers.add(word)
    return (amounts[0] if len(amounts) == 1 else None), frozenset(numbers)
