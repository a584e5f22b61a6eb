"""Giving one application's credits back [P22]: what it would be, and doing it, once.

Whoever pays has the application's row locked; a second refund is refused by the database too.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import AlreadyRefunded, KhaachoError, RefundNotEligible, ValidationFailed
from khaacho.ids import new_id
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish
from khaacho.prepaid.actions import find_spends, refund_all
from khaacho.prepaid.records import NewRefund
from khaacho.prepaid.records import Refund as UnitsBack
from khaacho.projects.events import ApplicationRefunded
from khaacho.projects.queries import (
    find_refunds_by_application,
    lock_applications,
    lock_project,
    require_application,
    require_project,
)
from khaacho.projects.records import Application, ApplicationRefund, ApplicationStatus, Project, ProjectStatus
from khaacho.projects.refund_policy import RefundCause, RefundQuote, quote_refund
from khaacho.projects.states import ending_of, status_at

# What an admin may name for refunding one application; the other causes speak through what happened.
CAUSES_GIVEN_BY_HAND = frozenset({RefundCause.ADMIN, RefundCause.TECHNICAL_ERROR, RefundCause.DUPLICATE})


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """What an application was given back, or would be if it were left now."""

    application: Application
    quote: RefundQuote
    refund: ApplicationRefund | None


# --- what would be given back ------------------------------------------------------------------------------------


async def find_refund_view(tx: Transaction, application_id: UUID) -> RefundView:
    """Exactly what would be paid now, by the very function that pays. Raises ApplicationNotFound."""
    application = await require_application(tx, application_id)
    project = await require_project(tx, application.project_id)
    refund = (await find_refunds_by_application(tx, [application_id])).get(application_id)
    return RefundView(application=application, quote=quote_of(application, project), refund=refund)


def quote_of(application: Application, project: Project) -> RefundQuote:
    """What leaving the application now would give back; of one that has ended already, what its ending gave."""
    now = clock.now()
    ended = application.status is ApplicationStatus.WITHDRAWN
    return quote_refund(
        ending_of(application, status_at(project, now)),
        spent_units=application.spent_units,
        age=(application.status_since if ended else now) - application.created_at,
    )


# --- one application ---------------------------------------------------------------------------------------------


async def refund_application(
    tx: Transaction, actor: Actor, application_id: UUID, *, cause: RefundCause, reason: str
) -> ApplicationRefund:
    """Give one application back in full, because somebody says so; one that waits for an answer is ended with it.

    Raises ApplicationNotFound, AlreadyRefunded, RefundNotEligible for one at work or done, and ValidationFailed for a
    cause that is not said by hand.
    """
    if cause not in CAUSES_GIVEN_BY_HAND:
        raise ValidationFailed(field="cause", why="is not one that is given by hand")
    project = await lock_project(tx, (await require_application(tx, application_id)).project_id)
    (application,) = await lock_applications(tx, [application_id])
    if await find_refunds_by_application(tx, [application_id]):
        raise AlreadyRefunded(application_id=application_id)
    if application.status is ApplicationStatus.COMPLETED or (
        application.status is ApplicationStatus.APPROVED and project.status is ProjectStatus.ASSIGNED
    ):
        raise RefundNotEligible(why=f"the application is {application.status.value}")
    quote = quote_refund(cause, spent_units=application.spent_units, age=clock.now() - application.created_at)
    if application.status is ApplicationStatus.PENDING and project.status in (
        ProjectStatus.OPEN,
        ProjectStatus.ASSIGNED,
    ):
        await write_application_status(tx, actor, application, ApplicationStatus.REJECTED, reason=reason)
    return (await pay_refunds(tx, actor, [(application, quote)], reason=reason))[0]


async def pay_refunds(
    tx: Transaction,
    actor: Actor,
    owed: Sequence[tuple[Application, RefundQuote]],
    *,
    run_id: UUID | None = None,
    reason: str | None = None,
) -> list[ApplicationRefund]:
    """Give back what was quoted, for locked applications; those quoted nothing are left out.

    Raises AlreadyRefunded when one of them was refunded before.
    """
    now = clock.now()
    refunds = [
        ApplicationRefund(
            id=new_id(),
            application_id=application.id,
            run_id=run_id,
            cause=quote.cause,
            percent=quote.percent,
            units=quote.units,
            created_at=now,
        )
        for application, quote in owed
        if quote.eligible
    ]
    if not refunds:
        return []
    await _insert_refunds(tx, refunds)
    given_back = await _give_back(tx, actor, refunds)
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="APPLICATION_REFUNDED",
                subject_kind="application",
                subject_id=refund.application_id,
                reason=reason,
                new={"units": refund.units, "percent": refund.percent, "cause": refund.cause.value},
            )
            for refund in refunds
        ],
    )
    # Who withdrew was answered there and then.
    await publish(
        tx,
        [
            ApplicationRefunded(
                application_id=refund.application_id,
                units=refund.units,
                cause=refund.cause.value,
                balance_after=given.balance_after,
            )
            for refund, given in zip(refunds, given_back, strict=True)
            if refund.cause is not RefundCause.WITHDRAWN
        ],
    )
    return refunds


async def write_application_status(
    tx: Transaction, actor: Actor, before: Application, to_status: ApplicationStatus, *, reason: str | None
) -> Application:
    """Store the new state of a locked application."""
    after = msgspec.structs.replace(before, status=to_status, status_reason=reason, status_since=clock.now())
    await tx.execute(
        """
        UPDATE applications
        SET status = %(status)s, status_reason = %(status_reason)s, status_since = %(status_since)s
        WHERE id = %(id)s
        """,
        msgspec.structs.asdict(after),
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="APPLICATION_STATUS_CHANGED",
                subject_kind="application",
                subject_id=before.id,
                reason=reason,
                old={"status": before.status.value},
                new={"status": to_status.value},
            )
        ],
    )
    return after


async def _give_back(tx: Transaction, actor: Actor, refunds: Sequence[ApplicationRefund]) -> list[UnitsBack]:
    spends = await find_spends(tx, [refund.application_id for refund in refunds])
    outcomes = await refund_all(
        tx,
        [
            NewRefund(
                actor=actor,
                spend_id=spends[refund.application_id].id,
                units=refund.units,
                reason=refund.cause.value,
                key=f"application-refund:{refund.application_id}",
            )
            for refund in refunds
        ],
    )
    given: list[UnitsBack] = []
    for outcome in outcomes:
        # None is refused after the rows above were written; were one, nothing of this may stay.
        if isinstance(outcome, KhaachoError):
            raise outcome
        given.append(outcome)
    return given


async def _insert_refunds(tx: Transaction, refunds: Sequence[ApplicationRefund]) -> None:
    await tx.execute(
        """
        INSERT INTO application_refunds (id, application_id, run_id, cause, percent, units, created_at)
        SELECT *
        FROM unnest(%(ids)s::uuid[], %(applications)s::uuid[], %(runs)s::uuid[], %(causes)s::text[],
            %(percents)s::integer[], %(units)s::integer[], %(moments)s::timestamptz[])
        """,
        {
            "ids": [refund.id for refund in refunds],
            "applications": [refund.application_id for refund in refunds],
            "runs": [refund.run_id for refund in refunds],
            "causes": [refund.cause.value for refund in refunds],
            "percents": [refund.percent for refund in refunds],
            "units": [refund.units for refund in refunds],
            "moments": [refund.created_at for refund in refunds],
        },
    )
