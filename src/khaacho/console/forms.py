"""Forms as people fill them in, read field by field: what cannot be meant is refused with the field's name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from khaacho import clock
from khaacho.console.orders import read_day
from khaacho.console.visitor import CSRF_FIELD
from khaacho.errors import ValidationFailed
from khaacho.money import paisa_from_rupees
from khaacho.platform.idempotency import hash_request

WORDS_LENGTH_MAX = 500
# What is told of an earlier day is booked at its noon: the day is what people remember, and no zone turns it around.
NOON = time(12)

Choice = TypeVar("Choice", bound=StrEnum)


class Form:
    """A form as it was filled in; reading a field raises ValidationFailed when it cannot be meant."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def words(self, name: str) -> str:
        """What was written, without space around it and cut to a sane length."""
        return str(self._fields.get(name, "")).replace("\x00", "").strip()[:WORDS_LENGTH_MAX]

    def reason(self, name: str = "reason") -> str:
        """What must not be empty."""
        words = self.words(name)
        if not words:
            raise ValidationFailed(field=name, why="say in a few words why")
        return words

    def paisa(self, name: str) -> int:
        """An amount in rupees, as people type it: '2,373', 'Rs. 2373.50'. Raises InvalidAmount."""
        written = self.words(name).removeprefix("Rs.").removeprefix("Rs").replace(",", "").strip()
        if not written.isascii():
            # Python would read the digits of any script; whoever types them is asked again rather than guessed at.
            raise ValidationFailed(field=name, why="write the amount in the digits 0 to 9")
        if not written:
            raise ValidationFailed(field=name, why="an amount is missing")
        return paisa_from_rupees(written)

    def paisa_if_given(self, name: str) -> int | None:
        return self.paisa(name) if self.words(name) else None

    def days(self, name: str) -> int:
        """A whole number of days; how many are allowed, the action knows."""
        written = self.words(name)
        if not (written.isascii() and written.isdigit() and len(written) < 6):
            raise ValidationFailed(field=name, why="must be a number of days")
        return int(written)

    def id(self, name: str) -> UUID:
        """Raises ValidationFailed for what is no id."""
        try:
            return UUID(self.words(name))
        except ValueError as error:
            raise ValidationFailed(field=name, why="is missing or no id") from error

    def id_if_given(self, name: str) -> UUID | None:
        return self.id(name) if self.words(name) else None

    def one_of(self, name: str, choices: type[Choice]) -> Choice:
        """One of the values of an enum."""
        written = self.words(name)
        if written not in tuple(choices):
            raise ValidationFailed(field=name, why="choose one")
        return choices(written)

    def ticked(self, name: str) -> bool:
        return name in self._fields

    def moment(self, name: str) -> datetime | None:
        """When it happened: None for today or nothing, else the noon of that day."""
        written = self.words(name)
        day = read_day(written)
        if day is None and written:
            raise ValidationFailed(field=name, why="is no day")
        if day is None or day == clock.business_day():
            return None
        return datetime.combine(day, NOON, tzinfo=clock.zone())

    def digest(self, path: str) -> bytes:
        """To tell the same form sent again from another one under its key."""
        said = [f"{name}={value}" for name, value in sorted(self._fields.items()) if name not in (CSRF_FIELD, "key")]
        return hash_request(path, *said)
