"""Whether, as what, and when a message may go out. Pure: no clock, no network, no database."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from khaacho.whatsapp.records import Purpose, Template

# How long after a person's last message free text may go to them; a rule of WhatsApp itself.
WINDOW = timedelta(hours=24)
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
SENDINGS_MAX = len(RETRY_DELAYS) + 1

# What a person asked for a moment ago: an answer to a message, or a code to sign in with.
DIRECT = frozenset({Purpose.REPLY, Purpose.ONE_TIME_CODE})

# What nobody is woken for: stuck on its way until the night, it is given up visibly rather than sent late.
DAYTIME_ONLY = frozenset({Purpose.PAYMENT_REMINDER})

OPTED_OUT = "OPTED_OUT"
OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
QUIET_HOURS = "QUIET_HOURS"


class AsText(msgspec.Struct, frozen=True, kw_only=True):
    """Send the text."""

    text: str


class AsTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Send the template instead of the text."""

    template: Template


class NotAllowed(msgspec.Struct, frozen=True, kw_only=True):
    """Do not send; `reason` is kept with the message."""

    reason: str


def decide_delivery(
    *,
    purpose: Purpose,
    text: str,
    template: Template | None,
    last_inbound_at: datetime | None,
    opted_out: bool,
    at: datetime,
    has_window: bool = True,
    is_quiet: bool = False,
) -> AsText | AsTemplate | NotAllowed:
    """May this go out at `at`, and in which form?

    Direct replies pass the opt-out; outside the 24-hour window only a template goes, whatever the purpose. The
    simulator has no window: whoever tries the product should see the whole message.
    """
    if opted_out and purpose not in DIRECT:
        return NotAllowed(reason=OPTED_OUT)
    if is_quiet and purpose in DAYTIME_ONLY:
        return NotAllowed(reason=QUIET_HOURS)
    if not has_window or (last_inbound_at is not None and at - last_inbound_at < WINDOW):
        return AsText(text=text)
    if template is not None:
        return AsTemplate(template=template)
    return NotAllowed(reason=OUTSIDE_WINDOW)


def retry_delay(attempts: int) -> timedelta | None:
    """How long to wait after `attempts` sendings that did not work; None when that was the last."""
    return RETRY_DELAYS[attempts - 1] if attempts <= len(RETRY_DELAYS) else None
