"""Applying to a project, and ways out of it again [P21].

Applications are written before their credits are taken: of several that one freelancer sends at once, the unique index
makes the others wait for the first and then leaves them out, and nothing of a refused one stays behind. So the order
of locks is projects (shared), applications, balances; whoever withdraws or pays back keeps to it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import AlreadyApplied, Forbidden, KhaachoError, ProjectNotFound
from khaacho.ids import new_id
from khaacho.ledger.records import Source
from khaacho.parties.queries import find_users_by_id
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.columns import columns_of
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish
from khaacho.prepaid.actions import spend_for_all
from khaacho.prepaid.events import CreditsRunLow
from khaacho.prepaid.records import NewSpend, Spend
from khaacho.prepaid.terms import send_find_terms, the_terms
from khaacho.projects.events import ApplicationAnswered
from khaacho.projects.queries import lock_applications, require_application, send_shared_projects, share_project
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


class ApplyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends which application."""

    actor: Actor
    new: NewApplication


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A new application, what it took, and the project as it was."""

    application: Application
    spend: Spend
    project: Project


Outcome = Applied | KhaachoError


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """A withdrawn application and what it gave back, None when it was too late for that."""

    application: Application
    refund: ApplicationRefund | None


async def apply_to_project(tx: Transaction, actor: Actor, *, new: NewApplication) -> Applied:
    """Apply in the actor's own name and pay for it, both or neither.

    Raises ProjectNotFound, ProjectNotOpen (also past the deadline, marked or not), OwnProject, AlreadyApplied,
    InsufficientCredits.
    """
    (outcome,) = await apply_for_all(tx, [ApplyRequest(actor=actor, new=new)])
    if isinstance(outcome, KhaachoError):
        raise outcome
    return outcome


async def apply_for_all(tx: Transaction, requests: Sequence[ApplyRequest]) -> list[Outcome]:
    """As `apply_to_project` for many, in order; a refusal is an outcome and disturbs no other."""
    if not requests:
        return []
    async with tx.pipeline():
        shared = await send_shared_projects(tx, [request.new.project_id for request in requests])
        pending_terms = await send_find_terms(tx)
        projects = {project.id: project for project in await shared.all()}
        terms = the_terms(await pending_terms.first())
    freelancers = [request.actor.id for request in requests if request.actor.id]
    owners = [project.owner_id for project in projects.values()]
    phones = {user.id: user.phone for user in await find_users_by_id(tx, [*owners, *freelancers])}
    drafts = [_draft(request, projects, phones, terms.application_units) for request in requests]
    written = await _insert(tx, [draft for draft in drafts if isinstance(draft, Application)])
    paying = [
        (request.actor, draft)
        for request, draft in zip(requests, drafts, strict=True)
        if isinstance(draft, Application) and draft.id in written
    ]
    spends = await spend_for_all(tx, [_spend_of(actor, draft) for actor, draft in paying])
    spent = {draft.id: spend for (_, draft), spend in zip(paying, spends, strict=True)}
    # Who applied twice in one batch and could not pay hears so twice: the first application does not stand either.
    unpaid = {_pair(draft): spent[draft.id] for _, draft in paying if isinstance(spent[draft.id], KhaachoError)}
    outcomes: list[Outcome] = []
    for draft in drafts:
        if isinstance(draft, KhaachoError):
            outcomes.append(draft)
        elif isinstance(spend := spent.get(draft.id, unpaid.get(_pair(draft))), Spend):
            outcomes.append(Applied(application=draft, spend=spend, project=projects[draft.project_id]))
        else:
            outcomes.append(spend or AlreadyApplied())
    if unpaid:
        ids = [draft.id for _, draft in paying if _pair(draft) in unpaid]
        await tx.execute("DELETE FROM applications WHERE id = ANY(%(ids)s)", {"ids": ids})
    await _announce(tx, requests, outcomes)
    return outcomes


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


def _draft(
    request: ApplyRequest, projects: Mapping[UUID, Project], phones: Mapping[UUID, str], units: int
) -> Application | KhaachoError:
    actor, project = request.actor, projects.get(request.new.project_id)
    if actor.id is None or actor.role is not ActorRole.FREELANCER:
        return Forbidden()
    if project is None:
        return ProjectNotFound()
    now = clock.now()
    # One person may be here in several roles, under one phone number.
    is_own = project.owner_id == actor.id or phones.get(project.owner_id) == phones.get(actor.id)
    refusal = decide_application(project, is_own=is_own, moment=now)
    return refusal or Application(
        id=new_id(),
        project_id=project.id,
        freelancer_id=actor.id,
        message=request.new.message,
        bid_paisa=request.new.bid_paisa,
        spent_units=units,
        status=ApplicationStatus.PENDING,
        status_reason=None,
        status_since=now,
        created_at=now,
    )


def _pair(application: Application) -> tuple[UUID, UUID]:
    """Who applies to what; one application of a pair may live."""
    return application.freelancer_id, application.project_id


def _spend_of(actor: Actor, application: Application) -> NewSpend:
    return NewSpend(
        actor=actor,
        user_id=application.freelancer_id,
        units=application.spent_units,
        source=Source(kind=SOURCE_KIND, id=application.id),
        key=f"application:{application.id}",
    )


async def _insert(tx: Transaction, applications: Sequence[Application]) -> set[UUID]:
    """Write those that applications_one_live lets in; answers their ids."""
    if not applications:
        return set()
    # In the order of that index, so that two batches which meet in it wait for each other one way only.
    rows = sorted(applications, key=lambda one: (one.project_id, one.freelancer_id))
    written = await tx.values(
        """
        INSERT INTO applications (id, project_id, freelancer_id, message, bid_paisa, spent_units, status, status_since,
            created_at)
        SELECT *
        FROM unnest(%(id)s::uuid[], %(project_id)s::uuid[], %(freelancer_id)s::uuid[], %(message)s::text[],
            %(bid_paisa)s::bigint[], %(spent_units)s::integer[], %(status)s::text[], %(status_since)s::timestamptz[],
            %(created_at)s::timestamptz[])
        ON CONFLICT DO NOTHING
        RETURNING id
        """,
        columns_of(rows, [name for name in Application.__struct_fields__ if name != "status_reason"]),
    )
    return set(written)


async def _announce(tx: Transaction, requests: Sequence[ApplyRequest], outcomes: Sequence[Outcome]) -> None:
    done = [
        (request.actor, outcome)
        for request, outcome in zip(requests, outcomes, strict=True)
        if isinstance(outcome, Applied)
    ]
    if not done:
        return
    await record_audit(
        tx,
        done[0][0],
        [
            AuditEntry(
                action="APPLICATION_SENT",
                subject_kind="application",
                subject_id=applied.application.id,
                actor=actor,
                new={"project_id": applied.project.id, "spent_units": applied.spend.units},
            )
            for actor, applied in done
        ],
    )
    await publish(
        tx,
        [
            CreditsRunLow(user_id=spend.user_id, movement_id=spend.id, balance_after=spend.balance_after)
            for spend in (applied.spend for _, applied in done)
            if spend.balance_after <= LOW_BALANCE_UNITS < spend.balance_after + spend.units
        ],
    )
