"""Phone numbers in one spelling. [O5]"""

from __future__ import annotations

import pytest

from khaacho.errors import ValidationFailed
from khaacho.parties.phones import masked_phone, parse_phone


@pytest.mark.parametrize(
    "raw",
    ["9841234567", "98412 34567", "९८४१२३४५६७", "+977-9841234567", "9779841234567", "tel:+977-984-1234567"],
)
def test_one_number_in_many_spellings(raw: str) -> None:
    """[O5] However a Nepali mobile is written, it is one E.164 number."""
    assert parse_phone(raw) == "+9779841234567"


def test_numbers_of_other_countries() -> None:
    """[O5] A number with its country code is taken as it is, and so is a landline of the valley."""
    assert parse_phone("+14155238886") == "+14155238886"
    assert parse_phone("01-4412345") == "+97714412345"


@pytest.mark.parametrize("raw", ["", "abc", "12345", "+9779", "98412345678901", "+977984123456789", "9" * 60])
def test_what_is_no_number_is_refused(raw: str) -> None:
    """[O5] Too short, too long or no number at all is a validation error that names the field."""
    with pytest.raises(ValidationFailed) as refusal:
        parse_phone(raw)
    assert refusal.value.details["field"] == "phoneNumber"


def test_masking_keeps_the_ends() -> None:
    """[X30] Logs may carry the operator and two digits, not the number."""
    assert masked_phone("+9779841234567") == "+97798******67"
