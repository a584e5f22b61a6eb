"""Phone numbers, in one spelling: E.164. Pure."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from khaacho.errors import ValidationFailed

DEFAULT_REGION = "NP"
RAW_LENGTH_MAX = 40
# No country has it, and none will: for shops whose telephone nobody told us. No message may ever go there.
UNREACHABLE_PREFIX = "+999"


def parse_phone(raw: str, *, field: str = "phoneNumber") -> str:
    """'98412 34567', '९८४१२३४५६७' or '+977-9841234567' → '+9779841234567'.

    The length must fit the country; whether the operator has opened that range is not asked, because operators open
    ranges faster than number tables learn of them. Raises ValidationFailed for anything else.
    """
    try:
        if len(raw) > RAW_LENGTH_MAX:
            raise ValidationFailed(field=field, why="is too long for a phone number")
        number = phonenumbers.parse(raw, DEFAULT_REGION)
    except NumberParseException as error:
        raise ValidationFailed(field=field, why="is not a phone number") from error
    if number.extension or phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise ValidationFailed(field=field, why="is not a phone number of its country")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def masked_phone(phone: str) -> str:
    """For answers and logs that may not carry the number: '+97798*****67'."""
    return phone[:6] + "*" * max(len(phone) - 8, 0) + phone[-2:]


def unreachable_phone(number: int) -> str:
    """What stands in the place of a telephone nobody told us; `number` tells it from the others."""
    return f"{UNREACHABLE_PREFIX}{number:011d}"


def is_reachable(phone: str) -> bool:
    """Can anybody be called there?"""
    return not phone.startswith(UNREACHABLE_PREFIX)
