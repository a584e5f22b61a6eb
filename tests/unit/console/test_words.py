"""Both languages say everything, and the templates ask for nothing that has no words."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

from khaacho.console.credits.settings import NUMBERS, PEG, PRICE
from khaacho.console.order_acts import WITH_REASON, Act
from khaacho.console.project_page import Act as ProjectAct
from khaacho.console.wording import ENGLISH, NEPALI
from khaacho.ledger.records import EntryKind
from khaacho.orders.in_hand import Answer
from khaacho.orders.records import OrderStatus, PaymentMode, PaymentStatus
from khaacho.orders.reports import Trouble
from khaacho.orders.scoring import Factor
from khaacho.parties.records import PartyStatus
from khaacho.prepaid.gateways.port import GatewayName
from khaacho.prepaid.orders import OrderState
from khaacho.prepaid.records import MovementKind
from khaacho.projects.records import ApplicationStatus, Category, ProjectStatus
from khaacho.projects.refund_policy import RefundCause
from khaacho.whatsapp.records import InboundState, OutboundState

TEMPLATES = Path(__file__).parents[3] / "src" / "khaacho" / "console" / "templates"
ASKED = re.compile(r"""\bt\(["']([\w.-]+)["']\s*[,)]""")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_with_the_same_figures() -> None:
    """No key in one only, and no figure that one of them forgets."""
    assert ENGLISH.keys() == NEPALI.keys()
    assert {key: places(text) for key, text in ENGLISH.items()} == {key: places(text) for key, text in NEPALI.items()}
    assert len(ENGLISH["months"].split()) == len(NEPALI["months"].split()) == 12


def test_every_key_of_the_templates_has_words() -> None:
    """Read off the templates, so that a page can never stumble over a missing word."""
    asked = {key for file in TEMPLATES.glob("*.html") for key in ASKED.findall(file.read_text())}
    assert len(asked) > 150
    assert asked - ENGLISH.keys() == set()


def test_every_state_and_act_has_words() -> None:
    """The keys that templates put together from states and acts."""
    put_together = {
        **{f"status.{one}": one for one in OrderStatus},
        **{f"step.{one}": one for one in OrderStatus},
        **{f"payment.{one}": one for one in PaymentStatus},
        **{f"mode.{one}": one for one in PaymentMode},
        **{f"party.{one}": one for one in PartyStatus},
        **{f"trouble.{one}": one for one in Trouble},
        **{f"factor.{one}": one for one in Factor},
        **{f"entry.{one}": one for one in EntryKind},
        **{f"answer.{one}": one for one in (Answer.DECLINED, Answer.TIMED_OUT, Answer.WITHDRAWN)},
        **{f"act.{one}": one for one in Act},
        **{f"done.{one}": one for one in Act},
        **{f"act.{one}.explained": one for one in WITH_REASON},
        **{f"chat.tick.{one}": one for one in (InboundState.RECEIVED, InboundState.PROCESSED)},
        **{f"chat.tick.{one}": one for one in (OutboundState.SENT, OutboundState.DELIVERED, OutboundState.READ)},
        **{f"weekday.{number}": number for number in range(7)},
        **{f"movement.{one}": one for one in MovementKind},
        **{f"purchase.{one}": one for one in OrderState},
        **{f"gateway.{one}": one for one in GatewayName},
        **{f"cause.{one}": one for one in RefundCause},
        **{f"category.{one}": one for one in Category},
        **{f"project.{one}": one for one in ProjectStatus},
        **{f"{whose}.{one}": one for whose in ("application", "client") for one in ApplicationStatus},
        **{f"project.done.{one}": one for one in ProjectAct},
        **{f"credits.{name}": name for name in (PRICE, PEG, *NUMBERS)},
    }
    assert put_together.keys() - ENGLISH.keys() == set()
