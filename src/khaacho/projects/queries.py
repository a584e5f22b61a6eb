"""Reading projects, applications and refunds. `find_*` answers what there is, `require_*` raises when it is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from khaacho.errors import ApplicationNotFound, ProjectNotFound
from khaacho.parties.queries import containing
from khaacho.platform import locks
from khaacho.platform.database import Pending, Transaction
from khaacho.projects.records import (
    Application,
    ApplicationRefund,
    ApplicationStatus,
    Category,
    Project,
    ProjectStatus,
    RefundRun,
)

PROJECT_COLUMNS = """
    id, owner_id, title, description, category, city, budget_paisa, status, status_reason, status_since,
    assigned_application_id, deadline, created_at
"""
APPLICATION_COLUMNS = """
    id, project_id, freelancer_id, message, bid_paisa, spent_units, status, status_reason, status_since, created_at
"""
REFUND_COLUMNS = "id, application_id, run_id, cause, percent, units, created_at"
RUN_COLUMNS = """
    id, project_id, cause, reached, applications, refunded_units, actor_id, actor_name, started_at, finished_at
"""

# Past its deadline an open project is EXPIRED, marked or not.
_STATUS_AT = {
    ProjectStatus.OPEN: "status = 'OPEN' AND deadline > %(moment)s",
    ProjectStatus.EXPIRED: "(status = 'EXPIRED' OR status = 'OPEN' AND deadline <= %(moment)s)",
}
_PROJECT = f"SELECT {PROJECT_COLUMNS} FROM projects"
_APPLICATION = f"SELECT {APPLICATION_COLUMNS} FROM applications"


# --- projects ----------------------------------------------------------------------------------------------------


async def find_projects_by_id(tx: Transaction, project_ids: Sequence[UUID]) -> dict[UUID, Project]:
    """Those that exist, by id."""
    found = await tx.all(f"{_PROJECT} WHERE id = ANY(%(ids)s)", {"ids": list(project_ids)}, into=Project)
    return {project.id: project for project in found}


async def require_project(tx: Transaction, project_id: UUID) -> Project:
    """Raises ProjectNotFound."""
    project = (await find_projects_by_id(tx, [project_id])).get(project_id)
    if project is None:
        raise ProjectNotFound
    return project


async def lock_project(tx: Transaction, project_id: UUID) -> Project:
    """Take it in hand: whoever changes a project, or settles its applications, does this first."""
    found = await locks.lock_rows(tx, _PROJECT, [project_id], into=Project)
    if not found:
        raise ProjectNotFound
    return found[0]


async def send_shared_projects(tx: Transaction, project_ids: Sequence[UUID]) -> Pending[Project]:
    """Queue the reading of projects that stay as they are until the transaction ends.

    Applicants do this, and none of them waits for another.
    """
    return await locks.send_shared_rows(tx, _PROJECT, sorted(set(project_ids)), into=Project)


async def share_project(tx: Transaction, project_id: UUID) -> Project:
    """As `send_shared_projects` for one. Raises ProjectNotFound."""
    project = await (await send_shared_projects(tx, [project_id])).first()
    if project is None:
        raise ProjectNotFound
    return project


async def find_projects(
    tx: Transaction,
    *,
    moment: datetime,
    owner_id: UUID | None = None,
    status: ProjectStatus | None = None,
    category: Category | None = None,
    city: str | None = None,
    words: str | None = None,
    budget_min_paisa: int | None = None,
    deadline_until: datetime | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Project]:
    """Newest first, at most `limit`, all older than `before`. `status` is that of `moment`: past its deadline an open
    project is EXPIRED, marked or not. `words` are looked for in title, description and city. Served by the
    (owner, id) or (status, id) index.
    """
    wanted = {
        "owner": (owner_id, "owner_id = %(owner)s"),
        "status": (status, _STATUS_AT.get(status, "status = %(status)s") if status else ""),
        "category": (category, "category = %(category)s"),
        "city": (city, "lower(city) = lower(%(city)s)"),
        "words": (containing(words), "(title ILIKE %(words)s OR description ILIKE %(words)s OR city ILIKE %(words)s)"),
        "budget_min": (budget_min_paisa, "budget_paisa >= %(budget_min)s"),
        "deadline_until": (deadline_until, "deadline <= %(deadline_until)s"),
        "before": (before, "id < %(before)s"),
    }
    return await tx.all(
        f"{_PROJECT} WHERE {_all_of(wanted)} ORDER BY id DESC LIMIT %(limit)s",
        {**{name: value for name, (value, _) in wanted.items()}, "moment": moment, "limit": limit},
        into=Project,
    )


async def find_overdue_projects(tx: Transaction, *, moment: datetime, limit: int) -> list[UUID]:
    """Open projects whose deadline has come, the earliest first. Served by projects_deadline_idx."""
    return await tx.values(
        "SELECT id FROM projects WHERE status = 'OPEN' AND deadline <= %(moment)s ORDER BY deadline LIMIT %(limit)s",
        {"moment": moment, "limit": limit},
    )


# --- applications ------------------------------------------------------------------------------------------------


async def require_application(tx: Transaction, application_id: UUID) -> Application:
    """Raises ApplicationNotFound."""
    found = await tx.first(f"{_APPLICATION} WHERE id = %(id)s", {"id": application_id}, into=Application)
    if found is None:
        raise ApplicationNotFound
    return found


async def lock_applications(tx: Transaction, application_ids: Sequence[UUID]) -> list[Application]:
    """In id order. After their project, before anyone's credits."""
    return await locks.lock_rows(tx, _APPLICATION, application_ids, into=Application)


async def find_applications(
    tx: Transaction,
    *,
    project_id: UUID | None = None,
    freelancer_id: UUID | None = None,
    status: ApplicationStatus | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Application]:
    """Newest first, at most `limit`, all older than `before`. Served by the (project, id) and (freelancer, id)
    indexes.
    """
    wanted = {
        "project": (project_id, "project_id = %(project)s"),
        "freelancer": (freelancer_id, "freelancer_id = %(freelancer)s"),
        "status": (status, "status = %(status)s"),
        "before": (before, "id < %(before)s"),
    }
    return await tx.all(
        f"{_APPLICATION} WHERE {_all_of(wanted)} ORDER BY id DESC LIMIT %(limit)s",
        {**{name: value for name, (value, _) in wanted.items()}, "limit": limit},
        into=Application,
    )


async def find_titles(tx: Transaction, application_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What each application was for, in the words of its project."""
    rows = await tx.dicts(
        """
        SELECT application.id, project.title
        FROM applications AS application
        JOIN projects AS project ON project.id = application.project_id
        WHERE application.id = ANY(%(ids)s)
        """,
        {"ids": list(application_ids)},
    )
    return {row["id"]: row["title"] for row in rows}


async def has_applied(tx: Transaction, project_id: UUID, freelancer_id: UUID) -> bool:
    """Has this freelancer ever applied to the project? Whoever did may look at it for good."""
    found: bool = await tx.value(
        """
        SELECT EXISTS (
            SELECT FROM applications WHERE freelancer_id = %(freelancer)s AND project_id = %(project)s
        )
        """,
        {"freelancer": freelancer_id, "project": project_id},
    )
    return found


async def find_live_of(
    tx: Transaction, freelancer_id: UUID, project_ids: Sequence[UUID]
) -> dict[UUID, ApplicationStatus]:
    """Where this freelancer's live applications to these projects stand; applications_one_live serves it."""
    rows = await tx.dicts(
        """
        SELECT project_id, status
        FROM applications
        WHERE freelancer_id = %(freelancer)s AND project_id = ANY(%(projects)s) AND status IN ('PENDING', 'APPROVED')
        """,
        {"freelancer": freelancer_id, "projects": list(project_ids)},
    )
    return {row["project_id"]: ApplicationStatus(row["status"]) for row in rows}


async def count_applications(tx: Transaction, project_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many applications that were not withdrawn each project has; projects without any are missing."""
    rows = await tx.dicts(
        """
        SELECT project_id, count(*) AS number
        FROM applications
        WHERE project_id = ANY(%(ids)s) AND status <> 'WITHDRAWN'
        GROUP BY project_id
        """,
        {"ids": list(project_ids)},
    )
    return {row["project_id"]: row["number"] for row in rows}


# --- refunds -----------------------------------------------------------------------------------------------------


async def find_refunds_by_application(
    tx: Transaction, application_ids: Sequence[UUID]
) -> dict[UUID, ApplicationRefund]:
    """The refunds of those that have one, by application."""
    found = await tx.all(
        f"SELECT {REFUND_COLUMNS} FROM application_refunds WHERE application_id = ANY(%(ids)s)",
        {"ids": list(application_ids)},
        into=ApplicationRefund,
    )
    return {refund.application_id: refund for refund in found}


async def find_refunds_of(
    tx: Transaction, freelancer_id: UUID, *, before: UUID | None = None, limit: int
) -> list[ApplicationRefund]:
    """What this freelancer was given back, newest first, at most `limit`, all older than `before`."""
    # applications_freelancer_idx, then application_refunds_application_key; a freelancer's own few applications.
    return await tx.all(
        f"""
        SELECT {", ".join("r." + name.strip() for name in REFUND_COLUMNS.split(","))}
        FROM application_refunds AS r
        JOIN applications AS a ON a.id = r.application_id
        WHERE a.freelancer_id = %(freelancer)s AND (%(before)s::uuid IS NULL OR r.id < %(before)s)
        ORDER BY r.id DESC
        LIMIT %(limit)s
        """,
        {"freelancer": freelancer_id, "before": before, "limit": limit},
        into=ApplicationRefund,
    )


async def find_cost_of_cancelling(tx: Transaction, project_id: UUID) -> tuple[int, int]:
    """How many live applications a project has, and how many credits cancelling it now would pay back."""
    (row,) = await tx.dicts(
        """
        SELECT count(*) AS applications, COALESCE(sum(a.spent_units), 0)::bigint AS units
        FROM applications AS a
        LEFT JOIN application_refunds AS r ON r.application_id = a.id
        WHERE a.project_id = %(project)s AND a.status IN ('PENDING', 'APPROVED') AND r.id IS NULL
        """,
        {"project": project_id},
    )
    return row["applications"], row["units"]


async def count_refunds(tx: Transaction, project_id: UUID) -> tuple[int, int]:
    """How many applications a project ever had, and how many of them were refunded."""
    (row,) = await tx.dicts(
        """
        SELECT count(*) AS applications, count(r.id) AS refunded
        FROM applications AS a
        LEFT JOIN application_refunds AS r ON r.application_id = a.id
        WHERE a.project_id = %(project)s
        """,
        {"project": project_id},
    )
    return row["applications"], row["refunded"]


async def find_open_run(tx: Transaction, project_id: UUID) -> RefundRun | None:
    """The unfinished paying back of a project's applicants."""
    return await tx.first(
        f"""
        SELECT {RUN_COLUMNS} FROM project_refund_runs WHERE project_id = %(project)s AND finished_at IS NULL
        """,
        {"project": project_id},
        into=RefundRun,
    )


async def find_unfinished_runs(tx: Transaction, *, started_before: datetime, limit: int) -> list[UUID]:
    """Runs that began before that and are not done, oldest first. Served by project_refund_runs_one_open."""
    return await tx.values(
        """
        SELECT id FROM project_refund_runs
        WHERE finished_at IS NULL AND started_at < %(before)s
        ORDER BY id
        LIMIT %(limit)s
        """,
        {"before": started_before, "limit": limit},
    )


def _all_of(wanted: Mapping[str, tuple[object, str]]) -> str:
    """The conditions of those filters that are given, so that each choice of filters finds its index."""
    return " AND ".join(condition for value, condition in wanted.values() if value is not None) or "true"
