"""Words for amounts: measures (kg, g, l, ml), containers (carton, bora, jar …) and plain counting words.

A unit has a code used everywhere below. Conversion of a said amount into a product's selling units is in
`quantities.py`; nothing here knows a product.
"""

from decimal import Decimal

from .sound import skeleton_of, sound_of

# code: spellings. Measures carry their size in the base unit (g, ml) in `MEASURES`.
_SPELLINGS: dict[str, str] = {
    "kg": (
        "kg kgs kgm kilo kilos kilogram kilograms kilogramme kelo kelogram keji kilogrem केजी किलो "
        "किलोग्राम के.जी. केजि kilo's"
    ),
    "g": "g gm gms gr grm gram grams gramme graam grem ग्राम ग्रा जिएम ग्राम्स gms.",
    "l": "l lt ltr ltrs litre litres liter liters litar leter lit लिटर लीटर ली लि litr",
    "ml": "ml mls mili milli mililiter millilitre milliliter मिलि मिलिलिटर एमएल मिली em-el",
    "quintal": "quintal quintals kwintal kuntal quintle kuintal क्विन्टल क्विंटल",
    "ton": "ton tonne tons metricton टन",
    "pau": "pau pao पाउ",
    "carton": (
        "carton cartons cartoon cartoons cartn cartun kartun kartoon karton ctn ctns crtn cs case cases "
        "peti petis pety pettie पेटी पेटि कार्टुन कार्टून कार्टन कार्टोन cartan"
    ),
    "box": "box boxes boxs baks bakas dabba dabbas dibba batta baksa बक्स बक्सा डब्बा बट्टा डिब्बा बाकस",
    "dozen": "dozen dozens dozan dojan doz dz dzn dozn darjan darjans drjn drjan darzan दर्जन दर्जनौं",
    "packet": (
        "packet packets pkt pkts pkat pk pks pack packs pckt paket pyaket pyakit pouch pouches poka "
        "pokaa pauch thaili प्याकेट प्याकेटका पोका पाकेट पाउच पैकेट pac"
    ),
    "bottle": "bottle bottles botal botals botol btl btls bottal बोतल शिशी sisi",
    "jar": "jar jars jaar jerkin जार",
    "tin": "tin tins teen tina टिन kanastar kanister canister",
    "can": "can cans kyan क्यान",
    "bag": "bag bags bora boras bori boris boraa sack sacks katta kattas jhola बोरा बोरी ब्याग कट्टा थैला thela",
    "crate": "crate crates kret kyaret kreta caret krate क्रेट tray trays ट्रे",
    "strip": "strip strips pata paata patta पाता पत्ता स्ट्रिप ladi लडी",
    "roll": "roll rolls रोल",
    "bundle": "bundle bundles bandal muttha mutha मुठा बन्डल",
    "cup": "cup cups kap कप",
    "tube": "tube tubes tyub ट्युब",
    "rim": "rim ream reams rims रिम",
    "pair": "pair pairs jodi जोडी",
    "set": "set sets सेट",
    "piece": (
        "pc pcs pic pis pice piece pieces peice pees ota wota wata vata oata watta outa vota ota2 gota "
        "goti thaan than nos no.s unit units dana daana nug वटा ओटा वोटा गोटा थान पिस दाना थरी वटै नग "
        "pcs."
    ),
}  # fmt: skip

# Sizes of measures in their base unit. A pau is the bazaar's quarter of a kilo.
MEASURES: dict[str, tuple[str, Decimal]] = {
    "kg": ("g", Decimal(1000)),
    "g": ("g", Decimal(1)),
    "l": ("ml", Decimal(1000)),
    "ml": ("ml", Decimal(1)),
    "quintal": ("g", Decimal(100_000)),
    "ton": ("g", Decimal(1_000_000)),
    "pau": ("g", Decimal(250)),
    "pc": ("pc", Decimal(1)),
}

# Units of a description, never of an amount: "9 watt", "2 inch", "100 pages", "4 finger".
SPEC_UNITS = frozenset(
    [
        "w",
        "watt",
        "watts",
        "wat",
        "cm",
        "mm",
        "inch",
        "inches",
        "in",
        "ft",
        "feet",
        "page",
        "pages",
        "pg",
        "pgs",
        "finger",
        "fingers",
        "mah",
        "volt",
        "v",
        "hp",
        "mtr",
        "mt",
        "meter",
        "metre",
        "m",
        "gsm",
        "ply",
        "star",
        "seater",
        "in1",
        "rs",
        "वाट",
        "पेज",
        "इन्च",
        "x",
    ]
)

COUNTING = frozenset({"piece"})
# One word, two readings: "tin" is a container and three; letters alone are measures only after a digit.
AFTER_DIGIT_ONLY = frozenset({"g", "l", "cs", "pk", "in", "m", "w", "v", "x", "gr", "lt", "pac", "can", "no.s"})

UNIT_WORDS: dict[str, str] = {w: code for code, words in _SPELLINGS.items() for w in words.split()}
# Shorter sounds collide with product words: "gram" and "garam" sound alike.
_MIN_SOUND = 4
_MIN_SKELETON = 3
_BY_SOUND: dict[str, str] = {}
_BY_SKELETON: dict[str, str] = {}
for _word, _code in UNIT_WORDS.items():
    if len(sound_of(_word)) >= _MIN_SOUND:
        _BY_SOUND.setdefault(sound_of(_word), _code)
for _word in ["carton", "dozen", "darjan", "packet", "bottle", "crate", "quintal", "gram", "kilogram"]:
    if len(skeleton_of(_word)) >= _MIN_SKELETON:
        _BY_SKELETON.setdefault(skeleton_of(_word), UNIT_WORDS[_word])


def unit_of(word: str) -> str | None:
    """The unit a word names as listed or by its sound, else None."""
    return UNIT_WORDS.get(word) or _BY_SOUND.get(sound_of(word))


def misspelt_unit_of(word: str) -> str | None:
    """The unit a badly spelled word most likely names ("drjon", "krtan"): only for words nothing else knows."""
    return _BY_SKELETON.get(skeleton_of(word))


def base_size(quantity: Decimal, unit: str) -> tuple[str, Decimal] | None:
    """A measured amount in its base unit: (1.5, "kg") is ("g", 1500). None for what is not a measure."""
    unit = {"pcs": "pc", "piece": "pc", "pieces": "pc", "litre": "l", "ltr": "l", "gm": "g"}.get(unit, unit)
    if unit not in MEASURES:
        return None
    base, factor = MEASURES[unit]
    return base, (quantity * factor).normalize()
