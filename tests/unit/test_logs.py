"""Logs tell what happened to whom by ids, and nobody's words or number. [X30]"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from khaacho.platform.logs import configure_logs, hide_people
from khaacho.settings import Settings, load_settings


@pytest.fixture
def production_log(capsys: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """What production writes; logging is afterwards as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logs(production())
    written = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def production() -> Settings:
    return load_settings(
        _env_file=None, KHAACHO_ENV="production", KHAACHO_SECRET_KEY="s" * 32, KHAACHO_PUBLIC_URL="https://k.example"
    )


def test_words_and_numbers_of_people_are_hidden() -> None:
    """Message bodies and secrets are dropped by name, phone numbers shortened wherever they stand; ids stay whole."""
    shown = hide_people(
        None,
        "info",
        {
            "event": "sent to +977 98-not-a-number and +9779812345678",
            "body": "2 bora chamal",
            "password": "secret",
            "phone": "+9779812345678",
            "contact_id": "01a1fad1-7f9b-7621-987f-981234567890",
            "order_code": "ORD260210-0001",
            "nested": {"text": "malai 5 kg", "amount": 5, "to": "9841234567"},
            "why": ["key (phone)=(9841234567) exists"],
        },
    )
    assert shown == {
        "event": "sent to +977 98-not-a-number and …678",
        "body": "[hidden]",
        "password": "[hidden]",
        "phone": "…678",
        "contact_id": "01a1fad1-7f9b-7621-987f-981234567890",
        "order_code": "ORD260210-0001",
        "nested": {"text": "[hidden]", "amount": 5, "to": "…567"},
        "why": ["key (phone)=(…567) exists"],
    }


def test_production_writes_json_with_the_ids_of_the_work_in_hand(production_log: io.StringIO) -> None:
    """Our lines and those of libraries alike are one JSON object each, with the ids bound around them."""
    with structlog.contextvars.bound_contextvars(request_id="r-1", order_id="o-1"):
        structlog.get_logger("ours").info("placed", amount=5)
        logging.getLogger("theirs").warning("odd thing about %s", "+9779812345678")
    ours, theirs = [json.loads(line) for line in production_log.getvalue().splitlines()]
    assert (ours["event"], ours["request_id"], ours["order_id"], ours["amount"]) == ("placed", "r-1", "o-1", 5)
    assert (ours["logger"], ours["level"]) == ("ours", "info")
    assert (theirs["event"], theirs["request_id"]) == ("odd thing about …678", "r-1")


def test_a_traceback_hides_numbers_too(production_log: io.StringIO) -> None:
    """What a database says about a row ends up in tracebacks."""
    try:
        raise ValueError("Key (phone)=(+9779812345678) already exists")
    except ValueError as error:
        structlog.get_logger("ours").error("broken", exc_info=error)
    (line,) = [json.loads(line) for line in production_log.getvalue().splitlines()]
    assert "ValueError" in line["exception"]
    assert "9812345678" not in line["exception"]
