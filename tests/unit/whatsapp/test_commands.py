"""What our own messages tell people to write is read to the letter."""

from __future__ import annotations

import pytest

from khaacho.orders.records import PaymentMode
from khaacho.whatsapp.dialogue.commands import (
    Command,
    Word,
    is_only_payment,
    read_choice,
    read_code,
    read_command,
    read_payment,
)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ACCEPT 0001", Command(word=Word.ACCEPT, code="0001")),
        ("accept ORD260210-0001", Command(word=Word.ACCEPT, code="ORD260210-0001")),
        ("Accept order 1043", Command(word=Word.ACCEPT, code="1043")),
        ("decline 0001 stock chaina", Command(word=Word.DECLINE, code="0001", rest="stock chaina")),
        ("DECLINE out of stock", Command(word=Word.DECLINE, rest="out of stock")),
        ("packed", Command(word=Word.PACKED)),
        ("dispatched #०००१", Command(word=Word.DISPATCHED, code="0001")),
        ("out for delivery 0001", Command(word=Word.OUT_FOR_DELIVERY, code="0001")),
        ("delivered 0001 wai wai 40", Command(word=Word.DELIVERED, code="0001", rest="wai wai 40")),
        ("DELIVERED wai wai 40", Command(word=Word.DELIVERED, rest="wai wai 40")),
        ("status ord2602100001", Command(word=Word.STATUS, code="ord2602100001")),
        ("STATUS", Command(word=Word.STATUS)),
        ("cancel 0001 too late", Command(word=Word.CANCEL, code="0001", rest="too late")),
        ("CONFIRM CREDIT", Command(word=Word.CONFIRM, rest="CREDIT")),
        ("retry ORD260210-0001", Command(word=Word.RETRY, code="ORD260210-0001")),
        ("my orders", Command(word=Word.MY_ORDERS)),
        ("नेपाली", Command(word=Word.NEPALI)),
    ],
)
def test_commands(text: str, command: Command) -> None:
    """[O43] With and without a code, with a reason or amounts behind it."""
    assert read_command(text) == command


@pytest.mark.parametrize("text", ["accepted thanks", "5 bora chamal", "english tea 5 packet", "my orders kaha cha", ""])
def test_other_words_are_no_commands(text: str) -> None:
    """[O16] A message that only begins alike is left to the understanding."""
    assert read_command(text) is None


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("udharo ma", PaymentMode.CREDIT),
        ("CREDIT", PaymentMode.CREDIT),
        ("ok udharo ma pathaidinu", PaymentMode.CREDIT),
        ("उधारो", PaymentMode.CREDIT),
        ("COD", PaymentMode.COD),
        ("nagad", PaymentMode.COD),
        ("cash on delivery", PaymentMode.COD),
        ("नगद", PaymentMode.COD),
    ],
)
def test_ways_to_pay(text: str, mode: PaymentMode) -> None:
    """[O20] A message that only says how to pay is an answer to the summary."""
    assert read_payment(text) is mode
    assert is_only_payment(text)


@pytest.mark.parametrize(
    "text", ["mero udharo kati cha", "credit limit badhaidinu", "5 bora chamal udharo ma", "ok", "cash or credit"]
)
def test_what_is_more_than_a_way_to_pay(text: str) -> None:
    """[O16] A question about credit, or goods beside it, places nothing."""
    assert not is_only_payment(text)


def test_numbers_and_codes() -> None:
    """[O32] A choice is a lone digit; a code is full, or the digits behind 'order', or four digits alone."""
    assert [read_choice(text) for text in ("2", " 2. ", "(३)", "22", "2 carton", "")] == [2, 2, 3, None, None, None]
    assert read_code("mero ORD260210-0001 kaha cha") == "ORD260210-0001"
    assert read_code("order 104 kaha pugyo") == "104"
    assert read_code("cancel gardinu 1043") == "1043"
    assert read_code("9841234567 ma phone garnu") is None
