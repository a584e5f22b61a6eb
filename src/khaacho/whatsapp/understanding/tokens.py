"""The pieces a message is read into, and the tables that tell them apart.

Words, amounts, separators, and DROP for what is digits but no amount (prices, dates, phone numbers).
"""

from decimal import Decimal
from enum import Enum

from msgspec import Struct


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    NOISE = "noise"
    NUMBER = "number"
    UNIT = "unit"
    AMOUNT = "amount"
    CODE = "code"
    BREAK = "break"
    AND = "and"
    COLON = "colon"
    TIMES = "times"
    EACH = "each"
    INSTEAD = "instead"
    RATHER = "rather"
    DROP = "drop"


class Token(Struct, frozen=True, kw_only=True):
    """A stretch of the clean text. AMOUNT has a value and, if said, a unit; CODE the product's sku in `text`.

    `is_wala` marks an amount that describes ("the 20 one"), `is_each` one said for every item; `is_known` a NOISE
    word that some product's name holds.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: Decimal | None = None
    unit: str = ""
    is_wala: bool = False
    is_each: bool = False
    is_known: bool = False
