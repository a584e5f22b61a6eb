"""Guardrails over HTTP: the question whether an order would be accepted, a shop's guardrails, who comes near them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import get, post, put
from litestar.params import QueryParameter

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.exposure.aging import Severity
from khaacho.credit.exposure.asking import OrderJudge, OrderQuestion
from khaacho.credit.exposure.at_risk import Danger, Evaluation, LineAtRisk, find_at_risk
from khaacho.credit.exposure.risk_api_records import LineAnswer, line_answer
from khaacho.credit.exposure.risk_jobs import GUARDRAILS
from khaacho.credit.queries import credit_line_id, find_credit_overview
from khaacho.credit.records import CreditLine, CreditOverview
from khaacho.credit.terms import NewTerms, change_terms
from khaacho.errors import NoCreditAccount
from khaacho.money import paisa_from_rupees, rupees
from khaacho.parties.access import requires
from khaacho.parties.standings import CreditStatus
from khaacho.platform.database import Database
from khaacho.platform.http import ApiRecord, Envelope, Rupees, ShortText, ok, wire_details
from khaacho.platform.scheduler import audit_hand_run, run_by_hand

AT_RISK_LIMIT_MAX = 200
AT_RISK_LIMIT_DEFAULT = 100
PAGE_MAX = 10_000


class GuardrailQuestion(ApiRecord, frozen=True, kw_only=True):
    """Would this order be accepted now?"""

    retailer_id: UUID
    order_amount: Rupees
    payment_mode: Literal["COD", "CREDIT"]
    vendor_id: UUID | None = None


class GuardrailAnswer(ApiRecord, frozen=True, kw_only=True):
    """`reason` is OK or the code of the refusal; `details` are its figures."""

    allowed: bool
    reason: str
    message: str
    details: dict[str, Any]


class GuardrailsAnswer(LineAnswer, frozen=True, kw_only=True):
    """The guardrails of the platform's line, or of the first where a vendor alone lends; `lines` has them all.

    `belowUse` says that a limit is below what is used: nothing more can be ordered on it until enough is paid.
    """

    credit_status: CreditStatus
    credit_status_reason: str | None
    below_use: bool
    lines: list[LineAnswer]


class GuardrailsChange(ApiRecord, frozen=True, kw_only=True):
    """What is to change; the rest stays. Without `accountId` the platform's line is meant.

    A limit below what is used needs `belowUse`.
    """

    account_id: UUID | None = None
    credit_limit: Rupees | None = None
    max_order_value: Rupees | None = None
    max_outstanding_days: int | None = None
    terms_days: int | None = None
    de_minimis: Rupees | None = None
    below_use: bool = False
    reason: ShortText | None = None


class AtRiskAnswer(ApiRecord, frozen=True, kw_only=True):
    """A line near its limit, or with something open for too long; `amount` is what is used, or open for too long."""

    retailer_id: UUID
    pasal_name: str
    phone_number: str
    account_id: UUID
    vendor_id: UUID | None
    risk_type: Danger
    severity: Severity
    detail: str
    amount: Rupees
    credit_limit: Rupees
    used_credit: Rupees
    available_credit: Rupees
    days_outstanding: int
    days_overdue: int
    flagged_since: datetime | None


class EvaluationAnswer(ApiRecord, frozen=True, kw_only=True):
    """What the run did, or would do: lines in danger now, and flags raised, changed and ended."""

    dry_run: bool
    at_risk: int
    critical: int
    raised: int
    changed: int
    ended: int


@post(
    "/admin/guardrails/validate-order",
    operation_id="validateOrder",
    summary="Ask whether an order would be accepted",
    guards=[requires("guardrails.read")],
    status_code=200,
)
async def validate_order(data: GuardrailQuestion, judge: OrderJudge) -> Envelope[GuardrailAnswer]:
    """The very decision placement takes under the lock, on the figures of this moment."""
    amount_paisa = paisa_from_rupees(data.order_amount)
    judgement = await judge.judge(
        OrderQuestion(
            retailer_id=data.retailer_id,
            vendor_id=data.vendor_id,
            amount_paisa=amount_paisa,
            on_credit=data.payment_mode == "CREDIT",
        )
    )
    refusal = judgement.decision.refusal
    if refusal is not None:
        return ok(
            GuardrailAnswer(
                allowed=False, reason=refusal.code, message=str(refusal), details=wire_details(refusal.details)
            )
        )
    details = _figures(judgement.line, amount_paisa) if judgement.line else {}
    return ok(GuardrailAnswer(allowed=True, reason="OK", message="The order would be accepted.", details=details))


@get(
    "/admin/guardrails/{retailer_id:uuid}",
    operation_id="getGuardrails",
    summary="A shop's guardrails, line by line",
    guards=[requires("guardrails.read")],
)
async def get_guardrails(retailer_id: UUID, database: Database) -> Envelope[GuardrailsAnswer]:
    """NO_CREDIT_ACCOUNT for a shop without a line."""
    async with database.reading() as tx:
        return ok(_guardrails(retailer_id, await find_credit_overview(tx, retailer_id)))


@put(
    "/admin/guardrails/{retailer_id:uuid}",
    operation_id="changeGuardrails",
    summary="Change guardrails of one of a shop's lines",
    guards=[requires("guardrails.write")],
)
async def change_guardrails(
    retailer_id: UUID, data: GuardrailsChange, database: Database, actor: Actor
) -> Envelope[GuardrailsAnswer]:
    """What is not named stays. Due days of items that are open stay as well."""
    new = NewTerms(
        limit_paisa=_paisa(data.credit_limit),
        max_order_paisa=_paisa(data.max_order_value),
        max_outstanding_days=data.max_outstanding_days,
        terms_days=data.terms_days,
        de_minimis_paisa=_paisa(data.de_minimis),
    )
    async with database.transaction() as tx:
        overview = await find_credit_overview(tx, retailer_id)
        line = _line_meant(retailer_id, overview, data.account_id)
        await change_terms(tx, actor, line.id, new, below_use=data.below_use, reason=data.reason)
        return ok(_guardrails(retailer_id, await find_credit_overview(tx, retailer_id)))


@post(
    "/admin/guardrails/evaluate-all",
    operation_id="evaluateGuardrails",
    summary="Flag the lines in danger now",
    status_code=200,
    guards=[requires("guardrails.write")],
)
async def evaluate(
    database: Database, actor: Actor, dry_run: Annotated[bool, QueryParameter(name="dryRun")] = False
) -> Envelope[EvaluationAnswer]:
    """The same as the job of 04:00; twice in a row changes nothing the second time."""
    if not dry_run:
        async with database.transaction() as tx:
            await audit_hand_run(tx, actor, GUARDRAILS.name)
    done = await run_by_hand(database, GUARDRAILS, clock.now(), dry_run=dry_run)
    return ok(EvaluationAnswer(dry_run=dry_run, **{name: done[name] for name in Evaluation.__struct_fields__}))


@get(
    "/admin/guardrails/at-risk",
    operation_id="listAtRisk",
    summary="Lines near their limit or with something open for too long, the worst first",
    guards=[requires("guardrails.read")],
)
async def list_at_risk(
    database: Database,
    page: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
    limit: Annotated[int, QueryParameter(ge=1, le=AT_RISK_LIMIT_MAX)] = AT_RISK_LIMIT_DEFAULT,
) -> Envelope[list[AtRiskAnswer]]:
    """Live, CRITICAL before HIGH, then by amount. A line may be in danger in both ways."""
    async with database.reading() as tx:
        found = await find_at_risk(tx, skip=(page - 1) * limit, limit=limit)
    return ok([_at_risk(one) for one in found])


ROUTES: list[Any] = [validate_order, get_guardrails, change_guardrails, evaluate, list_at_risk]


def _figures(line: CreditLine, amount_paisa: int) -> dict[str, Any]:
    return {
        "creditLimit": rupees(line.limit_paisa),
        "projectedBalance": rupees(line.used_paisa + amount_paisa),
        "availableCredit": rupees(line.available_paisa),
    }


def _paisa(amount: Rupees | None) -> int | None:
    return None if amount is None else paisa_from_rupees(amount)


def _line_meant(retailer_id: UUID, overview: CreditOverview, account_id: UUID | None) -> CreditLine:
    wanted = account_id or credit_line_id(retailer_id)
    for line in overview.lines:
        if line.id == wanted:
            return line
    raise NoCreditAccount(retailer_id=retailer_id)


def _guardrails(retailer_id: UUID, overview: CreditOverview) -> GuardrailsAnswer:
    if not overview.lines:
        raise NoCreditAccount(retailer_id=retailer_id)
    lines = [line_answer(line) for line in overview.lines]
    first = {name: getattr(lines[0], name) for name in LineAnswer.__struct_fields__}
    return GuardrailsAnswer(
        **first,
        credit_status=overview.status,
        credit_status_reason=overview.status_reason,
        below_use=any(line.limit_paisa < line.used_paisa for line in overview.lines),
        lines=lines,
    )


def _at_risk(one: LineAtRisk) -> AtRiskAnswer:
    return AtRiskAnswer(
        retailer_id=one.retailer_id,
        pasal_name=one.pasal_name,
        phone_number=one.phone,
        account_id=one.account_id,
        vendor_id=one.vendor_id,
        risk_type=one.kind,
        severity=one.severity,
        detail=one.detail,
        amount=rupees(one.amount_paisa),
        credit_limit=rupees(one.limit_paisa),
        used_credit=rupees(one.used_paisa),
        available_credit=rupees(one.available_paisa),
        days_outstanding=one.open_days,
        days_overdue=one.days_past,
        flagged_since=one.flagged_since,
    )
