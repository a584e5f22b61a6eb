"""The one decision whether an order may be accepted [C90].

The API's validate-order and placement under the row lock call this very function; there is no second copy.
It reads nothing and changes nothing: no database, no settings, no clock.
"""

from __future__ import annotations

import msgspec

from khaacho.credit.records import CreditLine
from khaacho.errors import (
    CreditBlocked,
    CreditPaused,
    InsufficientCredit,
    KhaachoError,
    MaxOrderValueExceeded,
    NoCreditAccount,
    OverdueCredit,
    RetailerBlocked,
    RetailerNotActive,
    RetailerNotFound,
)
from khaacho.parties.standings import CreditStatus, RetailerStanding

DEFAULT_BLOCK_REASON = "no reason given"


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """What is past its due day on the line: remaining amount, and days since the earliest due day."""

    paisa: int = 0
    days: int = 0


NOTHING_OVERDUE = Overdue()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Yes, or the refusal with its figures."""

    refusal: KhaachoError | None = None

    @property
    def allowed(self) -> bool:
        return self.refusal is None


ALLOWED = Decision()


def decide(
    retailer: RetailerStanding | None,
    line: CreditLine | None,
    order_paisa: int,
    *,
    on_credit: bool,
    overdue: Overdue = NOTHING_OVERDUE,
) -> Decision:
    """May this order be accepted? Checks in the order of [C90]; COD needs only an active retailer."""
    refusal = _retailer_refusal(retailer)
    if refusal is None and on_credit and retailer is not None:
        refusal = _credit_refusal(retailer, line, order_paisa, overdue)
    return Decision(refusal=refusal) if refusal else ALLOWED


def _retailer_refusal(retailer: RetailerStanding | None) -> KhaachoError | None:
    if retailer is None:
        return RetailerNotFound()
    if retailer.status == "BLOCKED":
        return RetailerBlocked()
    if retailer.status != "ACTIVE":
        return RetailerNotActive(retailer_status=retailer.status)
    return None


def _credit_refusal(
    retailer: RetailerStanding, line: CreditLine | None, order_paisa: int, overdue: Overdue
) -> KhaachoError | None:
    status, reason = retailer.credit_status, retailer.credit_status_reason
    if line is not None and status is CreditStatus.ACTIVE:
        status, reason = line.status, line.status_reason
    if status is CreditStatus.PAUSED:
        return CreditPaused(pause_reason=reason or DEFAULT_BLOCK_REASON)
    if status is CreditStatus.BLOCKED:
        return CreditBlocked(block_reason=reason or DEFAULT_BLOCK_REASON)
    if line is None:
        return NoCreditAccount(retailer_id=retailer.id)
    if order_paisa > line.max_order_paisa:
        return MaxOrderValueExceeded(order_amount_paisa=order_paisa, max_order_value_paisa=line.max_order_paisa)
    if overdue.paisa > 0 and overdue.paisa >= line.de_minimis_paisa:
        return OverdueCredit(overdue_amount_paisa=overdue.paisa, days_overdue=overdue.days)
    if line.used_paisa + order_paisa > line.limit_paisa:
        return InsufficientCredit(
            current_balance_paisa=line.used_paisa,
            credit_limit_paisa=line.limit_paisa,
            order_amount_paisa=order_paisa,
            available_credit_paisa=line.available_paisa,
            projected_balance_paisa=line.used_paisa + order_paisa,
        )
    return None
