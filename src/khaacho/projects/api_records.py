"""Projects, applications and refunds as they travel over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.errors import AlreadyRefunded, ValidationFailed
from khaacho.money import paisa_from_rupees, rupees
from khaacho.platform.http import ApiRecord, LongText, Rupees, ShortText
from khaacho.projects.applications import NewApplication
from khaacho.projects.records import (
    Application,
    ApplicationRefund,
    ApplicationStatus,
    Category,
    NewProject,
    Project,
    ProjectStatus,
    RefundRun,
)
from khaacho.projects.refund_policy import RefundCause
from khaacho.projects.refunds import RefundView
from khaacho.projects.states import status_at

DEADLINE_AFTER_DEFAULT = timedelta(days=30)

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ProjectBody(ApiRecord, frozen=True, kw_only=True):
    """A project to post. Without `deadline`, applications are taken for 30 days."""

    title: ShortText
    description: LongText = ""
    category: Category = Category.OTHER
    city: ShortText | None = None
    budget: Rupees | None = None
    deadline: Moment | None = None

    def as_new(self) -> NewProject:
        return NewProject(
            title=self.title,
            description=self.description,
            category=self.category,
            city=self.city,
            budget_paisa=_paisa("budget", self.budget),
            deadline=self.deadline or clock.now() + DEADLINE_AFTER_DEFAULT,
        )


class ProjectAnswer(ApiRecord, frozen=True, kw_only=True):
    """A project as it stands now; `applications` counts those that were not withdrawn."""

    id: UUID
    owner_id: UUID
    title: str
    description: str
    category: Category
    city: str | None
    budget: Rupees | None
    status: ProjectStatus
    status_reason: str | None
    assigned_application_id: UUID | None
    applications: int
    deadline: datetime
    created_at: datetime


class Assignment(ApiRecord, frozen=True, kw_only=True):
    """Who gets the work."""

    application_id: UUID


class Reason(ApiRecord, frozen=True, kw_only=True):
    """Why; it is kept, and shown to those concerned."""

    reason: ShortText


class OptionalReason(ApiRecord, frozen=True, kw_only=True):
    """Why, if there is something to say."""

    reason: ShortText | None = None


class ApplicationBody(ApiRecord, frozen=True, kw_only=True):
    """An application; `bidAmount` in rupees is what the freelancer would do it for."""

    project_id: UUID
    message: LongText | None = None
    bid_amount: Rupees | None = None

    def as_new(self) -> NewApplication:
        return NewApplication(
            project_id=self.project_id, message=self.message, bid_paisa=_paisa("bidAmount", self.bid_amount)
        )


class RefundAnswer(ApiRecord, frozen=True, kw_only=True):
    """Credits that were given back for an application."""

    id: UUID
    application_id: UUID
    reason: RefundCause
    refund_percent: int
    refund_amount: int
    created_at: datetime


class ApplicationAnswer(ApiRecord, frozen=True, kw_only=True):
    """An application, what it cost in credits, and what of that was given back."""

    id: UUID
    project_id: UUID
    project_title: str
    project_status: ProjectStatus
    freelancer_id: UUID
    message: str | None
    bid_amount: Rupees | None
    status: ApplicationStatus
    status_reason: str | None
    credits_spent: int
    refund: RefundAnswer | None
    created_at: datetime
    credits_balance: int | None = None


class EligibilityAnswer(ApiRecord, frozen=True, kw_only=True):
    """What would be given back if the application were left now; `reason` says which rule counts,
    or ALREADY_REFUNDED.
    """

    application_id: UUID
    eligible: bool
    original_credits: int
    refund_percent: int
    refund_amount: int
    reason: str


class RefundRunAnswer(ApiRecord, frozen=True, kw_only=True):
    """How far paying back a project's applicants has come; what is left is paid by a job."""

    project_id: UUID
    project_title: str
    refunds_processed: int
    credits_refunded: int
    total_applications: int
    already_refunded: int
    finished: bool


class RefundOne(ApiRecord, frozen=True, kw_only=True):
    """Why one application is given back in full: ADMIN, TECHNICAL_ERROR or DUPLICATE, and in words."""

    reason: Annotated[str, msgspec.Meta(min_length=10, max_length=200)]
    cause: RefundCause = RefundCause.ADMIN


def project_answer(project: Project, applications: int) -> ProjectAnswer:
    return ProjectAnswer(
        id=project.id,
        owner_id=project.owner_id,
        title=project.title,
        description=project.description,
        category=project.category,
        city=project.city,
        budget=_rupees(project.budget_paisa),
        status=status_at(project, clock.now()),
        status_reason=project.status_reason,
        assigned_application_id=project.assigned_application_id,
        applications=applications,
        deadline=project.deadline,
        created_at=project.created_at,
    )


def application_answer(
    application: Application,
    project: Project,
    refund: ApplicationRefund | None = None,
    *,
    credits_balance: int | None = None,
) -> ApplicationAnswer:
    return ApplicationAnswer(
        id=application.id,
        project_id=application.project_id,
        project_title=project.title,
        project_status=status_at(project, clock.now()),
        freelancer_id=application.freelancer_id,
        message=application.message,
        bid_amount=_rupees(application.bid_paisa),
        status=application.status,
        status_reason=application.status_reason,
        credits_spent=application.spent_units,
        refund=refund_answer(refund) if refund else None,
        created_at=application.created_at,
        credits_balance=credits_balance,
    )


def refund_answer(refund: ApplicationRefund) -> RefundAnswer:
    return RefundAnswer(
        id=refund.id,
        application_id=refund.application_id,
        reason=refund.cause,
        refund_percent=refund.percent,
        refund_amount=refund.units,
        created_at=refund.created_at,
    )


def eligibility_answer(view: RefundView) -> EligibilityAnswer:
    """What was refunded before will not be refunded again."""
    return EligibilityAnswer(
        application_id=view.application.id,
        eligible=view.refund is None and view.quote.eligible,
        original_credits=view.application.spent_units,
        refund_percent=0 if view.refund else view.quote.percent,
        refund_amount=0 if view.refund else view.quote.units,
        reason=AlreadyRefunded.code if view.refund else view.quote.cause,
    )


def run_answer(project: Project, run: RefundRun, *, total: int, refunded: int) -> RefundRunAnswer:
    return RefundRunAnswer(
        project_id=project.id,
        project_title=project.title,
        refunds_processed=run.applications,
        credits_refunded=run.refunded_units,
        total_applications=total,
        already_refunded=refunded,
        finished=run.finished_at is not None,
    )


def _rupees(paisa: int | None) -> Rupees | None:
    return None if paisa is None else rupees(paisa)


def _paisa(field: str, amount: Rupees | None) -> int | None:
    if amount is None:
        return None
    paisa = paisa_from_rupees(amount)
    if paisa <= 0:
        raise ValidationFailed(field=field, why="must be above zero")
    return paisa
