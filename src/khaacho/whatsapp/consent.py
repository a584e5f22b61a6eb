"""STOP and START. Pure."""

from __future__ import annotations

import re
from enum import Enum


class Consent(Enum):
    """What a message says about being written to."""

    STOP = "stop"
    START = "start"


_STOP = frozenset(
    {
        "stop",
        "stop all",
        "stopall",
        "unsubscribe",
        "opt out",
        "optout",
        "stop messages",
        "message band gara",
        "message band garnu",
        "message banda garnus",
        "message napathau",
        "message napathaunu",
        "sandesh band gara",
        "बन्द",
        "बन्द गर",
        "बन्द गर्नुस्",
        "बन्द गर्नुहोस्",
        "रोक",
        "रोक्नुस्",
        "रोक्नुहोस्",
        "स्टप",
        "सन्देश बन्द गर्नुहोस्",
        "सन्देश नपठाउनुहोस्",
        "मेसेज बन्द गर्नुस्",
        "मेसेज नपठाउनुस्",
    }
)
_START = frozenset(
    {
        "start",
        "unstop",
        "subscribe",
        "opt in",
        "optin",
        "suru",
        "suru gara",
        "suru garnu",
        "message suru gara",
        "सुरु",
        "सुरु गर",
        "सुरु गर्नुस्",
        "सुरु गर्नुहोस्",
        "शुरु",
        "स्टार्ट",
        "सन्देश सुरु गर्नुहोस्",
    }
)
_AROUND = re.compile(r"^[\s.!।,]+|[\s.!।,]+$")


def read_consent(text: str) -> Consent | None:
    """Only a message that says nothing else counts: 'stop the rice' is an edit, not an opt-out."""
    said = re.sub(r"\s+", " ", _AROUND.sub("", text)).casefold().removesuffix(" please").strip()
    if said in _STOP:
        return Consent.STOP
    if said in _START:
        return Consent.START
    return None
