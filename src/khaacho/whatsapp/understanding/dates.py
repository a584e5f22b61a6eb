"""Which day a message names: bholi, parsi, sukrabar, 5 gate, Falgun 10, 13 Feb, 2 din pachi, next week.

Pure: told which day it is. A day is either named exactly, or vaguely ("next week", "bholi parsi", two days at once),
or not at all; nothing vague is ever made exact by guessing. Days without a month or year are the next such day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import nepali_datetime
from msgspec import Struct

_DEVANAGARI_DIGITS = str.maketrans("०१२३४५६७८९", "0123456789")
_WORDS = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/]\d{1,2}(?:[-/]\d{2,4})?|\d[\d,]*(?:\.\d+)?|[a-z]+|[\u0900-\u097f]+"
)
_BIKRAM_YEAR_MIN = 2070
_MONTHS_TRIED = 13


def _table(text: str) -> dict[str, int]:
    """'word word: 1 | word: 2' → {word: 1, …}."""
    groups = (group.rsplit(":", 1) for group in text.split("|"))
    return {word: int(number) for words, number in groups for word in words.split()}


_RELATIVE = _table(
    "aaja aja aaj ajai aajai today tonight आज आजै: 0 | "
    "bholi voli bholie bholii tomorrow tommorow tomorow tmrw tmr kal भोलि भोली: 1 | "
    "parsi parsee parso parson पर्सि पर्सी: 2 | nikkai nikarsi nikorsi nikosi tarsi निकोर्सि तर्सि: 3"
)
_WEEKDAYS = _table(
    "sombar sombaar som somvar monday mon सोमबार सोमवार: 0 | mangalbar mangalbaar mangal mangalvar tuesday tue tues "
    "मंगलबार मङ्गलबार मंगलवार: 1 | budhabar budhbar budhabaar budha wednesday wed बुधबार बुधवार: 2 | "
    "bihibar bihibaar bihi brihaspatibar guruvar thursday thu thurs बिहीबार बिहिबार: 3 | "
    "sukrabar shukrabar sukrabaar sukravar shukravar friday fri शुक्रबार शुक्रवार: 4 | "
    "sanibar shanibar sanibaar shanivar saturday sat शनिबार शनिवार: 5 | "
    "aitabar aaitabar aaitbar itabar ravivar sunday sun आइतबार आइतवार: 6"
)
_BIKRAM_MONTHS = _table(
    "baisakh baishakh vaishakh बैशाख वैशाख: 1 | jestha jeth jyestha जेठ जेष्ठ: 2 | asar ashar ashadh असार: 3 | "
    "saun shrawan srawan shaun साउन श्रावण: 4 | bhadau bhadra भदौ भाद्र: 5 | asoj ashwin aswin असोज आश्विन: 6 | "
    "kartik kattik कात्तिक कार्तिक: 7 | mangsir mansir मंसिर मङ्सिर: 8 | pus poush paush पुस पौष: 9 | magh माघ: 10 | "
    "phagun fagun falgun phalgun फागुन फाल्गुन: 11 | chait chaitra चैत चैत्र: 12"
)
_MONTHS = _table(
    "january jan: 1 | february feb: 2 | march mar: 3 | april apr: 4 | may: 5 | june jun: 6 | july jul: 7 | "
    "august aug: 8 | september sep sept: 9 | october oct: 10 | november nov: 11 | december dec: 12"
)
_NUMBERS = _table(
    "ek एक a one: 1 | dui दुई two: 2 | tin teen तीन three: 3 | char चार four: 4 | panch paanch पाँच five: 5 | "
    "chha छ six: 6 | sat saat सात seven: 7 | das दस ten: 10"
)
_GATE = frozenset({"gate", "gatey", "gatema", "गते", "गतेमा"})
_TARIKH = frozenset({"tarikh", "tarik", "tarikhma", "तारिख", "st", "nd", "rd", "th"})
_DAYS = frozenset({"din", "day", "days", "dinma", "dinpachi", "dinbhitra", "दिन", "दिनमा", "दिनपछि", "दिनभित्र"})
_WEEKS = frozenset({"hapta", "hafta", "haptama", "week", "weeks", "हप्ता", "हप्तामा"})
_UNSURE = frozenset({"next", "arko", "अर्को", "this", "yo", "यो", "aune", "aaune", "आउने", "few", "kehi", "केही"})
_ARKO = frozenset({"next", "arko", "अर्को"})
_SPANS_UNSURE = _WEEKS | frozenset({"mahina", "month", "महिना", "din", "days", "दिन"})
_LAST_OF_MONTH = frozenset({"masanta", "masant", "मसान्त"})
_MONTH_ENDS = (("month", "end"), ("end", "of", "month"), ("mahina", "ko", "antya"), ("mahinako", "antya"))
_BAJE = frozenset({"baje", "bje", "बजे", "am", "pm"})


class DayFound(Struct, frozen=True, kw_only=True):
    """`day` when exactly one was named; `is_vague` when one was named but not which; `used` are the words read."""

    day: date | None = None
    is_vague: bool = False
    used: frozenset[int] = frozenset()


class _Mention(Struct, frozen=True, kw_only=True):
    start: int
    length: int
    # None for a vague one.
    day: date | None


def split_words(text: str) -> list[str]:
    """Lower-case words and numbers, digits in Latin; dates like 2026-02-13 stay whole."""
    return _WORDS.findall(text.translate(_DEVANAGARI_DIGITS).lower())


def find_day(words: Sequence[str], today: date) -> DayFound:
    """The day that `words` (of `split_words`) name, as seen on `today`."""
    mentions = list(_mentions(words, today))
    used = frozenset(place for one in mentions for place in range(one.start, one.start + one.length))
    days = {one.day for one in mentions}
    if not days:
        return DayFound(used=used)
    exact = days.pop() if len(days) == 1 else None
    return DayFound(day=exact, is_vague=exact is None, used=used)


def _mentions(words: Sequence[str], today: date) -> Iterator[_Mention]:
    place = 0
    while place < len(words):
        if len(words) > place + 1 and words[place + 1] in _BAJE and words[place][0].isdigit():
            place += 2
            continue
        found = _mention_at(words, place, today)
        if found is not None:
            yield found
        place += found.length if found else 1


def _mention_at(words: Sequence[str], place: int, today: date) -> _Mention | None:
    """What begins at this word, the longest reading first."""

    def mention(length: int, day: date | None) -> _Mention:
        return _Mention(start=place, length=length, day=day)

    rest = tuple(words[place : place + 4])
    for phrase in _MONTH_ENDS:
        if rest[: len(phrase)] == phrase:
            return mention(len(phrase), None)
    if rest[:3] == ("day", "after", "tomorrow"):
        return mention(3, today + timedelta(days=2))
    word, after = rest[0], rest[1] if len(rest) > 1 else ""
    if word in _UNSURE and after in _SPANS_UNSURE:
        return mention(2, None)
    if word in _ARKO and after in _WEEKDAYS:
        return mention(2, None)
    if word in _LAST_OF_MONTH:
        return mention(1, _last_of_bikram_month(today))
    if word in _RELATIVE:
        return mention(1, today + timedelta(days=_RELATIVE[word]))
    counted = _counted(rest, today)
    if counted is not None:
        return mention(*counted)
    if word in _WEEKDAYS:
        return mention(1, today + timedelta(days=(_WEEKDAYS[word] - today.weekday() - 1) % 7 + 1))
    if "-" in word or "/" in word or word.count(".") == 2:
        if word.count("-") + word.count("/") + word.count(".") == 2 and len(re.split(r"[-/.]", word)[0]) == 4:
            return mention(1, _whole_date(word))
        # 5-6, 13/2: a range or a day in either calendar; in both cases not one day.
        return mention(2 if after in _GATE | _TARIKH | _DAYS else 1, None)
    return _month_day(rest, place, today)


def _counted(rest: Sequence[str], today: date) -> tuple[int, date | None] | None:
    """'2 din pachi', 'ek hapta', '2 3 din' (vague), 'hapta din'."""
    number = _number(rest[0])
    if rest[0] in _WEEKS and len(rest) > 1 and rest[1] in _DAYS:
        return 2, today + timedelta(days=7)
    if number is None or len(rest) < 2:
        return None
    if _number(rest[1]) is not None and len(rest) > 2 and rest[2] in _DAYS | _WEEKS | _GATE | _TARIKH:
        return 3, None
    if rest[1] in _DAYS and 0 < number <= 60:
        return 2, today + timedelta(days=number)
    if rest[1] in _WEEKS and 0 < number <= 8:
        return 2, today + timedelta(days=7 * number)
    if rest[1] in ("mahina", "month", "months", "महिना"):
        return 2, None
    return None


def _month_day(rest: Sequence[str], place: int, today: date) -> _Mention | None:
    """'5 gate', '5 falgun', 'falgun 5 gate', '13 feb', 'feb 13', '13 tarikh'."""
    number = _plain_number(rest[0])
    after = rest[1] if len(rest) > 1 else ""
    length, month, is_bikram = 0, 0, False
    if number is not None:
        unit_at = 1
        if after in _TARIKH and len(rest) > 2 and rest[2] in _MONTHS:
            unit_at = 2
        unit = rest[unit_at] if len(rest) > unit_at else ""
        if unit in _GATE:
            beyond = rest[unit_at + 1] if len(rest) > unit_at + 1 else ""
            month, length, is_bikram = _BIKRAM_MONTHS.get(beyond, 0), 3 if beyond in _BIKRAM_MONTHS else 2, True
        elif unit in _BIKRAM_MONTHS:
            gate = len(rest) > 2 and rest[2] in _GATE
            month, length, is_bikram = _BIKRAM_MONTHS[unit], 3 if gate else 2, True
        elif unit in _MONTHS:
            month, length = _MONTHS[unit], unit_at + 1
        elif unit in _TARIKH:
            length = 2
    elif rest[0] in _BIKRAM_MONTHS or rest[0] in _MONTHS:
        number = _plain_number(after)
        is_bikram = rest[0] in _BIKRAM_MONTHS
        month = _BIKRAM_MONTHS[rest[0]] if is_bikram else _MONTHS[rest[0]]
        tail = len(rest) > 2 and rest[2] in (_GATE if is_bikram else _TARIKH)
        length = 0 if number is None else 3 if tail else 2
    if not length or number is None:
        return None
    day = _next_bikram(number, month, today) if is_bikram else _next_gregorian(number, month, today)
    return _Mention(start=place, length=length, day=day)


def _number(word: str) -> int | None:
    plain = _plain_number(word)
    return _NUMBERS.get(word) if plain is None else plain


def _plain_number(word: str) -> int | None:
    return int(word) if word.isdigit() and len(word) <= 2 else None


def _whole_date(word: str) -> date | None:
    year, month, day = (int(part) for part in re.split(r"[-/.]", word))
    try:
        return _from_bikram(year, month, day) if year >= _BIKRAM_YEAR_MIN else date(year, month, day)
    except ValueError:
        return None


def _next_bikram(day: int, month: int, today: date) -> date | None:
    """The next such day of the Nepali calendar, today included; None when no coming month has it."""
    now = nepali_datetime.date.from_datetime_date(today)
    for ahead in range(_MONTHS_TRIED):
        year, index = divmod(now.year * 12 + now.month - 1 + ahead, 12)
        if month and index + 1 != month:
            continue
        try:
            found = _from_bikram(year, index + 1, day)
        except ValueError:
            # This month is too short; without a named month a day is not carried over into the one after.
            return None
        if found >= today:
            return found
    return None


def _next_gregorian(day: int, month: int, today: date) -> date | None:
    for ahead in range(_MONTHS_TRIED):
        year, index = divmod(today.year * 12 + today.month - 1 + ahead, 12)
        if month and index + 1 != month:
            continue
        try:
            found = date(year, index + 1, day)
        except ValueError:
            return None
        if found >= today:
            return found
    return None


def _last_of_bikram_month(today: date) -> date:
    now = nepali_datetime.date.from_datetime_date(today)
    year, index = divmod(now.year * 12 + now.month, 12)
    return _from_bikram(year, index + 1, 1) - timedelta(days=1)


def _from_bikram(year: int, month: int, day: int) -> date:
    found: date = nepali_datetime.date(year, month, day).to_datetime_date()
    return found
