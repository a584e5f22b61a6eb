"""Whatever a form about credit is refused with is said in both languages, and under the name it goes by today."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import khaacho
from khaacho import errors
from khaacho.console.wording import ENGLISH, NEPALI
from khaacho.credit.lateness.promise_rules import PROMISE_DAYS_MAX
from khaacho.credit.paying.receiving import EVENT_YEAR_MIN
from khaacho.credit.terms import OUTSTANDING_DAYS_MAX, TERMS_DAYS_MAX

SOURCE = Path(khaacho.__file__).parent
ASKED = ("console/forms.py", "console/retailer_acts.py", "credit/actions.py", "credit/terms.py", "credit/lateness/*.py",
         "credit/paying/*.py", "money.py")  # fmt: skip
# What only a request over the API can be refused with: the forms send these right.
NOT_OF_FORMS = {
    "must be above zero (owed more) or below (owed less)",
    "must say its zone",
    "must say why",
    "name the retailer or the item that is paid",
    "names no guardrail to change",
    "an amount must be a decimal number",
}
FIGURES = {
    "PROMISE_DAYS_MAX": PROMISE_DAYS_MAX,
    "EVENT_YEAR_MIN": EVENT_YEAR_MIN,
    "OUTSTANDING_DAYS_MAX": OUTSTANDING_DAYS_MAX,
    "TERMS_DAYS_MAX": TERMS_DAYS_MAX,
}


def reasons() -> set[str]:
    """Every `why` that the forms about credit and what they call are refused with, read off the code."""
    files = [file for pattern in ASKED for file in SOURCE.glob(pattern) if not file.name.endswith("api_records.py")]
    found = {why for file in files for why in re.findall(r'why=f?"([^"]+)"', file.read_text())}
    return {re.sub(r"{(\w+)}", lambda name: str(FIGURES[name[1]]), why) for why in found}


def test_every_reason_has_words() -> None:
    """[C60, C20] No English sentence of the code on a Nepali page, nor one in small letters on an English one."""
    asked = reasons() - NOT_OF_FORMS
    assert len(asked) > 20
    assert {why for why in asked if f"why.{why}" not in ENGLISH or f"why.{why}" not in NEPALI} == set()


def test_every_field_of_a_reason_has_a_name() -> None:
    """The name the form gives it, not that of the program."""
    files = [file for pattern in ("actions.py", "terms.py", "lateness/*.py", "paying/*.py")
             for file in (SOURCE / "credit").glob(pattern)]  # fmt: skip
    fields = {field for file in files for field in re.findall(r'field="([^"]+)"', file.read_text())} - {"body"}
    read = set(re.findall(r'form\.\w+\("(\w+)"', (SOURCE / "console" / "retailer_acts.py").read_text()))
    assert {
        field for field in fields | read - {"key", "below_use", "reference"} if f"field.{field}" not in NEPALI
    } == set()


def test_no_refusal_is_worded_under_a_name_it_no_longer_has() -> None:
    """Words for a code that no error has are never read, and the page falls back to English."""
    codes = {one.code for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.KhaachoError)}
    worded = {key.removeprefix("refused.") for key in ENGLISH if key.startswith("refused.")}
    assert len(worded) > 10
    assert worded - codes == set()
