"""What a conversation remembers between two messages, beside the basket."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from khaacho.platform.database import Transaction
from khaacho.whatsapp.dialogue.commands import Word


class RegistrationStep(StrEnum):
    SHOP = "shop"
    OWNER = "owner"
    CITY = "city"
    PHONE = "phone"


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """How far somebody unknown has come in introducing themselves."""

    step: RegistrationStep
    shop: str = ""
    owner: str = ""
    city: str = ""


class AskedPayment(msgspec.Struct, frozen=True, kw_only=True, tag="payment"):
    """We asked how this basket is to be paid: 1 COD, 2 CREDIT."""

    basket_id: UUID


class AskedOrder(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """We asked which of these orders (in the numbered order) the command is about."""

    word: Word
    order_ids: tuple[UUID, ...]
    rest: str = ""


class AskedPromiseDay(msgspec.Struct, frozen=True, kw_only=True, tag="promise_day"):
    """We asked on which day they will pay; the amount in paisa where they named one."""

    amount_paisa: int | None = None


class AskedPromise(msgspec.Struct, frozen=True, kw_only=True, tag="promise"):
    """We repeated the day and the amount (None: everything that is open) and asked whether that is right."""

    day: date
    amount_paisa: int | None = None


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """Everything remembered. Unknown or broken notes are forgotten, never a reason to fail."""

    asked: AskedPayment | AskedOrder | AskedPromiseDay | AskedPromise | None = None
    registration: Registration | None = None


def read_notes(stored: object) -> Notes:
    """The notes as stored with the conversation."""
    try:
        return msgspec.convert(stored, Notes)
    except msgspec.ValidationError:
        return Notes()


async def write_notes(tx: Transaction, contact_id: UUID, notes: Notes) -> None:
    """Remember these notes until the next message."""
    await tx.execute(
        "UPDATE conversations SET notes = %(notes)s WHERE id = %(id)s",
        {"id": contact_id, "notes": Jsonb(msgspec.to_builtins(notes))},
    )
