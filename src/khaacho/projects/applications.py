"""Applying to a project, and ways out of it again [P21].

The application is written before its credits are taken: of several that one freelancer sends at once, the unique index
makes the others wait for the first and then refuses them, and nothing of a refused one is left behind.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import Forbidden
from khaacho.ids import new_id
from khaacho.ledger.records import Source
from khaacho.parties.queries import find_users_by_id
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish
from khaacho.prepaid.actions import spend_credits
from khaacho.prepaid.events import CreditsRunLow
from khaacho.prepaid.records import Spend
from khaacho.prepaid.terms import find_terms
from khaacho.projects.events import ApplicationAnswered
from khaacho.projects.queries import lock_applications, require_application, share_project
from khaacho.projects.records import Application, ApplicationRefund, ApplicationStatus, Project
from khaacho.projects.refunds import pay_refunds, quote_of, write_application_status
from khaacho.projects.states import decide_application, decide_application_step, status_at

# Somebody who falls to this many is told once, and still has something to apply with.
LOW_BALANCE_UNITS = 2
# Under this the ledger and the movements of credits know an application.
SOURCE_KIND = "application"


class NewApplication(msgspec.Struct, frozen=True, kw_only=True):
    """What a freelancer sends."""

    project_id: UUID
    message: str | None = None
    bid_paisa: int | None = None


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A new application and what it took."""

    application: Application
    spend: Spend


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """A withdrawn application and what it gave back, None when it was too late for that."""

    application: Application
    refund: ApplicationRefund | None


async def apply_to_project(tx: Transaction, actor: Actor, *, new: NewApplication) -> Applied:
    """Apply in the actor's own name and pay for it, both or neither.

    Raises ProjectNotFound, ProjectNotOpen (also past the deadline, marked or not), OwnProject, AlreadyApplied,
    InsufficientCredits.
    """
    if actor.id is None or actor.role is not ActorRole.FREELANCER:
        raise Forbidden
    project = await share_project(tx, new.project_id)
    refusal = decide_application(project, is_own=await _is_own(tx, project, actor.id), moment=clock.now())
    if refusal is not None:
        raise refusal
    terms = await find_terms(tx)
    application = Application(
        id=new_id(),
        project_id=project.id,
        freelancer_id=actor.id,
        message=new.message,
        bid_paisa=new.bid_paisa,
        spent_units=terms.application_units,
        status=ApplicationStatus.PENDING,
        status_reason=None,
        status_since=clock.now(),
        created_at=clock.now(),
    )
    await _insert(tx, application)
    spend = await spend_credits(
        tx,
        actor,
        user_id=actor.id,
        units=application.spent_units,
        source=Source(kind=SOURCE_KIND, id=application.id),
        key=f"application:{application.id}",
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="APPLICATION_SENT",
                subject_kind="application",
                subject_id=application.id,
                new={"project_id": project.id, "spent_units": application.spent_units},
            )
        ],
    )
    if spend.balance_after <= LOW_BALANCE_UNITS < spend.balance_after + spend.units:
        low = CreditsRunLow(user_id=actor.id, movement_id=spend.id, balance_after=spend.balance_after)
        await publish(tx, [low])
    return Applied(application=application, spend=spend)


async def withdraw_application(tx: Transaction, actor: Actor, application_id: UUID) -> Withdrawn:
    """The freelancer takes it back, and gets back what the time since then leaves [P22].

    Withdrawing again is a quiet success. Raises ApplicationNotFound, Forbidden, InvalidApplicationStep.
    """
    project, application = await _in_hand(tx, application_id)
    now = clock.now()
    decision = decide_application_step(
        application,
        ApplicationStatus.WITHDRAWN,
        project_status=status_at(project, now),
        may=actor.id == application.freelancer_id,
    )
    if decision.refusal is not None:
        raise decision.refusal
    if not decision.changes:
        return Withdrawn(application=application, refund=None)
    # Before the state changes: of a withdrawn application the quote is about when that was.
    quote = quote_of(application, project)
    after = await write_application_status(tx, actor, application, ApplicationStatus.WITHDRAWN, reason=None)
    paid = await pay_refunds(tx, actor, [(after, quote)])
    return Withdrawn(application=after, refund=paid[0] if paid else None)


async def reject_application(
    tx: Transaction, actor: Actor, application_id: UUID, *, reason: str | None = None
) -> Application:
    """The project's owner (or an admin) does not want this one; nothing is given back.

    Rejecting again is a quiet success. Raises ApplicationNotFound, Forbidden, InvalidApplicationStep.
    """
    project, application = await _in_hand(tx, application_id)
    decision = decide_application_step(
        application,
        ApplicationStatus.REJECTED,
        project_status=status_at(project, clock.now()),
        may=actor.role is ActorRole.ADMIN or actor.id == project.owner_id,
    )
    if decision.refusal is not None:
        raise decision.refusal
    if not decision.changes:
        return application
    rejected = await write_application_status(tx, actor, application, ApplicationStatus.REJECTED, reason=reason)
    await publish(tx, [ApplicationAnswered(application_id=rejected.id, status=rejected.status.value, reason=reason)])
    return rejected


async def _in_hand(tx: Transaction, application_id: UUID) -> tuple[Project, Application]:
    """The project shared and the application locked, in this sequence, as everyone takes them."""
    project = await share_project(tx, (await require_application(tx, application_id)).project_id)
    (application,) = await lock_applications(tx, [application_id])
    return project, application


async def _is_own(tx: Transaction, project: Project, freelancer_id: UUID) -> bool:
    """One person may be here in several roles, under one phone number."""
    users = await find_users_by_id(tx, [project.owner_id, freelancer_id])
    return project.owner_id == freelancer_id or len({user.phone for user in users}) < len(users)


async def _insert(tx: Transaction, application: Application) -> None:
    # applications_one_live refuses a second one; its refusal is AlreadyApplied.
    await tx.execute(
        """
        INSERT INTO applications (id, project_id, freelancer_id, message, bid_paisa, spent_units, status, status_since,
            created_at)
        VALUES (%(id)s, %(project_id)s, %(freelancer_id)s, %(message)s, %(bid_paisa)s, %(spent_units)s, %(status)s,
            %(status_since)s, %(created_at)s)
        """,
        msgspec.structs.asdict(application),
    )
