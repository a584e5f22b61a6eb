"""Number words of English, Nepali and Hindi, 0 to 100, and the fractions of the bazaar.

Words are catalogue-independent. A reader of the message decides whether a word that is also something else
("tin", "do", "cha") is a number here; `WEAK` names those.
"""

from decimal import Decimal

from .sound import sound_of

_ENGLISH = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_ENGLISH_TENS = {
    "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip

# Spellings per value, romanised and Devanagari, Nepali and Hindi together.
_SOUTH_ASIAN: dict[int, str] = {
    0: "sunya shunya शून्य सुन्ना",
    1: "ek euta yeuta auta एक एउटा एउटै",
    2: "dui duita do duwai दुई दुइ दुइटा दो",
    3: "tin teen tinta tinwata तीन तिन तिनटा तीनटा",
    4: "char chaar chaarta charta चार चारटा",
    5: "panch paanch pach paach pachta पाँच पांच पाच पंच",
    6: "chha chhah chhe cheh cha छ छः छह",
    7: "sat saat सात",
    8: "aath ath aat आठ",
    9: "nau नौ",
    10: "das dus dash dasha दस दश",
    11: "eghara egara gyarah gyara एघार ग्यारह",
    12: "bahra barha baara barah bara बाह्र बारह",
    13: "tehra tera terah तेह्र तेरह",
    14: "chaudha chauda chaudah चौध चौदह",
    15: "pandhra pandra pandrah pandhrah पन्ध्र पन्द्र पंद्रह पन्द्रह",
    16: "sohra sorha solah sola सोह्र सोलह साोह्र",
    17: "satra satrah सत्र सत्रह",
    18: "athara atharah athra अठार अठारह",
    19: "unnais unnaais unnis उन्नाइस उन्नाईस उन्नीस",
    20: "bis bees bish biis बीस बिस",
    21: "ekkais ekkaais ikkis एक्काइस इक्कीस",
    22: "bais baais बाइस बाईस",
    23: "teis teyis तेइस तेईस",
    24: "chaubis chaubees चौबिस चौबीस",
    25: "pachis pachchis pacchis pachees पच्चिस पच्चीस",
    26: "chhabbis chabbis छब्बिस छब्बीस",
    27: "sattais sattaais सत्ताइस सत्ताईस",
    28: "aththais atthais athais attaais अट्ठाइस अठ्ठाइस अट्ठाईस",
    29: "unantis unatis untis उनन्तिस उनन्तीस उनतीस",
    30: "tis tees तिस तीस",
    31: "ekatis ektis ikattis एकतिस इकतीस",
    32: "battis बत्तिस बत्तीस",
    33: "tettis taintis तेत्तिस तैंतीस",
    34: "chautis chauntis चौँतिस चौंतीस",
    35: "paitis paintis पैँतिस पैंतीस",
    36: "chhattis chattis छत्तिस छत्तीस",
    37: "saitis saintis सैँतिस सैंतीस",
    38: "athtis adhtis अठतिस अड़तीस",
    39: "unanchalis unchalis उनन्चालिस उनतालीस",
    40: "chalis chaalis chalees चालिस चालीस",
    41: "ekchalis iktalis एकचालिस इकतालीस",
    42: "bayalis bayaalis बयालिस बयालीस",
    43: "trichalis tentalis त्रिचालिस तैंतालीस",
    44: "chawalis chauwalis चवालिस चौवालीस",
    45: "paitalis paintalis पैँतालिस पैंतालीस",
    46: "chhayalis chiyalis छयालिस छियालीस",
    47: "saitalis saintalis सैँतालिस सैंतालीस",
    48: "athchalis adtalis अठचालिस अड़तालीस",
    49: "unanchas unchas उनन्चास उनचास",
    50: "pachas pachaas पचास",
    51: "ekaunna ikyawan एकाउन्न इक्यावन",
    52: "baunna bawan बाउन्न बावन",
    53: "tripanna tirpan त्रिपन्न तिरपन",
    54: "chauanna chauwan चउन्न चौवन",
    55: "pachpanna pachpan पचपन्न पचपन",
    56: "chhapanna chhappan छपन्न छप्पन",
    57: "santaunna sattawan सन्ताउन्न सत्तावन",
    58: "anthaunna atthawan अन्ठाउन्न अट्ठावन",
    59: "unansathi unsath उनन्साठी उनसठ",
    60: "sathi saathi sath saath साठी साठ",
    61: "ekasathi iksath एकसट्ठी इकसठ",
    62: "basathi basath बयसट्ठी बासठ",
    63: "trisathi tirsath त्रिसट्ठी तिरसठ",
    64: "chausathi chausath चौसट्ठी चौसठ",
    65: "paisathi painsath पैँसट्ठी पैंसठ",
    66: "chhaisathi chiyasath छयसट्ठी छियासठ",
    67: "satsathi sadsath सतसट्ठी सड़सठ",
    68: "athsathi adsath अठसट्ठी अड़सठ",
    69: "unansattari unhattar उनन्सत्तरी उनहत्तर",
    70: "sattari sattar सत्तरी सत्तर",
    71: "ekahattar ikhattar एकहत्तर इकहत्तर",
    72: "bahattar बहत्तर",
    73: "trihattar tihattar त्रिहत्तर तिहत्तर",
    74: "chauhattar चौहत्तर",
    75: "pachahattar pachhattar पचहत्तर",
    76: "chhahattar chihattar छयहत्तर छिहत्तर",
    77: "satahattar सतहत्तर",
    78: "athahattar अठहत्तर",
    79: "unasi unnasi उनासी उन्यासी",
    80: "asi assi असी अस्सी",
    81: "ekasi ikyasi एकासी इक्यासी",
    82: "bayasi बयासी",
    83: "triyasi tirasi त्रियासी तिरासी",
    84: "chaurasi चौरासी",
    85: "pachasi पचासी",
    86: "chhayasi chiyasi छयासी छियासी",
    87: "satasi सतासी",
    88: "athasi अठासी",
    89: "unanabbe unanawe nawasi उनान्नब्बे नवासी",
    90: "nabbe nabbhe नब्बे",
    91: "ekanabbe ikyanbe एकान्नब्बे इक्यानबे",
    92: "bayanabbe baanbe बयान्नब्बे बानबे",
    93: "triyanabbe tiranbe त्रियान्नब्बे तिरानबे",
    94: "chauranabbe chauranbe चौरान्नब्बे चौरानबे",
    95: "panchanabbe panchanbe पन्चान्नब्बे पंचानबे",
    96: "chhayanabbe chiyanbe छयान्नब्बे छियानबे",
    97: "santanabbe sattanbe सन्तान्नब्बे सत्तानबे",
    98: "anthanabbe atthanbe अन्ठान्नब्बे अट्ठानबे",
    99: "unansaya ninyanbe उनान्सय निन्यानबे",
    100: "ek-saya saya sau saye सय सौ एकसय",
}

_FRACTIONS: dict[str, str] = {
    "0.5": "half haf aadha adha aadhi adhi aada आधा आधी",
    "1.5": "dedh ded derh ded1 देढ डेढ़ डेढ",
    "2.5": "adhai adhaai dhai dhaai arhai अढाई अढाइ ढाई",
    "0.75": "paun pauna पौना",
    "0.25": "quarter chauthai चौथाई",
}

# Fractions that lean on the number after them: "sadhe tin" is 3.5, "sawa dui" 2.25, "paune dui" 1.75.
_LEANING: dict[str, str] = {
    "0.5": "sadhe saadhe sade saade साढे साढ़े",
    "0.25": "sawa sava savaa सवा",
    "-0.25": "paune pawne पौने",
}

_MULTIPLIERS: dict[str, str] = {
    "100": "hundred saya sau saye sai सय सौ",
    "1000": "thousand hajar hazar हजार हज़ार",
}

# Number words that are ordinary words too: they count only where a unit or a product follows.
WEAK = frozenset({"do", "cha", "chha", "chhe", "tin", "das", "sat", "saat", "sath", "saath", "bara", "dash", "छ"})


def _by_spelling() -> dict[str, Decimal]:
    values = {word: Decimal(i) for i, word in enumerate(_ENGLISH)}
    values |= {word: Decimal(value) for word, value in _ENGLISH_TENS.items()}
    for value, spellings in _SOUTH_ASIAN.items():
        values |= {word: Decimal(value) for word in spellings.split()}
    for fraction, spellings in _FRACTIONS.items():
        values |= {word: Decimal(fraction) for word in spellings.split()}
    return values


NUMBER_WORDS = _by_spelling()
LEANING_WORDS = {w: Decimal(v) for v, ws in _LEANING.items() for w in ws.split()}
MULTIPLIER_WORDS = {w: Decimal(v) for v, ws in _MULTIPLIERS.items() for w in ws.split()}

# Sounds of longer number words, so that "pachaas" and "pachas" are one; short words must be spelled as listed.
_MIN_SOUND_LETTERS = 4
_BY_SOUND = {
    sound_of(word): value for word, value in reversed(NUMBER_WORDS.items()) if len(sound_of(word)) >= _MIN_SOUND_LETTERS
}


def number_of(word: str) -> Decimal | None:
    """The value of a single number word, or None. "twenty-five" is two words here."""
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    key = sound_of(word)
    return _BY_SOUND.get(key) if len(key) >= _MIN_SOUND_LETTERS else None
