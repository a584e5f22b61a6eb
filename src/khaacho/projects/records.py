"""Frozen rows of projects, applications and refunds. Amounts in paisa, credits in whole units."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.projects.refund_policy import RefundCause


class ProjectStatus(StrEnum):
    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    COMPLETED = "COMPLETED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class ApplicationStatus(StrEnum):
    """PENDING and APPROVED are live: of these a freelancer has at most one per project."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    COMPLETED = "COMPLETED"


class Category(StrEnum):
    DELIVERY = "DELIVERY"
    SHOP_SETUP = "SHOP_SETUP"
    PHOTOGRAPHY = "PHOTOGRAPHY"
    DESIGN = "DESIGN"
    OTHER = "OTHER"


class NewProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project to post; nobody can apply from `deadline` on."""

    title: str
    deadline: datetime
    description: str = ""
    category: Category = Category.OTHER
    city: str | None = None
    budget_paisa: int | None = None


class Project(NewProject, frozen=True, kw_only=True):
    """`status` is the stored one; a project that is past its deadline may still wait to be marked EXPIRED."""

    id: UUID
    owner_id: UUID
    status: ProjectStatus
    status_reason: str | None
    status_since: datetime
    assigned_application_id: UUID | None
    created_at: datetime


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """`spent_units` is what applying cost this freelancer."""

    id: UUID
    project_id: UUID
    freelancer_id: UUID
    message: str | None
    bid_paisa: int | None
    spent_units: int
    status: ApplicationStatus
    status_reason: str | None
    status_since: datetime
    created_at: datetime


class ApplicationRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Credits given back for one application, once."""

    id: UUID
    application_id: UUID
    run_id: UUID | None
    cause: RefundCause
    percent: int
    units: int
    created_at: datetime


class RefundRun(msgspec.Struct, frozen=True, kw_only=True):
    """Paying back everyone who applied to a project. `reached` is the last application that is settled."""

    id: UUID
    project_id: UUID
    cause: RefundCause
    reached: UUID | None
    applications: int
    refunded_units: int
    actor_id: UUID | None
    actor_name: str
    started_at: datetime
    finished_at: datetime | None
