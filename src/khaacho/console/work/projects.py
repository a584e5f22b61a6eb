"""Projects that are open, and applying to one."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.forms import Form
from khaacho.console.orders import read_day
from khaacho.console.projects import positive_paisa_if_given
from khaacho.console.refusals import say
from khaacho.console.rendering import render
from khaacho.console.visitor import WORK_HOME, AnyRequest, Visitor
from khaacho.errors import Forbidden, KhaachoError
from khaacho.ids import new_id
from khaacho.money import paisa_from_rupees
from khaacho.platform.database import Database
from khaacho.platform.http import decode_cursor, encode_cursor
from khaacho.platform.idempotency import checked_key
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.terms import find_terms
from khaacho.projects.applications import NewApplication
from khaacho.projects.queries import count_applications, find_applications, find_live_of, find_projects, require_project
from khaacho.projects.reception import Reception
from khaacho.projects.records import Category, ProjectStatus
from khaacho.projects.states import LIVE, status_at

PAGE_LENGTH = 20
SEARCH_LENGTH_MAX = 80
OWN_SHOWN_MAX = 20


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it, made sane: what cannot be meant is left out."""

    q: str = ""
    category: Category | None = None
    city: str = ""
    budget: str = ""
    until: date | None = None

    @property
    def narrows(self) -> bool:
        return self != Asked()

    @property
    def budget_min_paisa(self) -> int | None:
        return paisa_from_rupees(self.budget) if self.budget else None

    def address(self, **changed: str) -> str:
        """The address of this list with some of it changed."""
        said = {
            "q": self.q,
            "category": self.category.value if self.category else "",
            "city": self.city,
            "budget": self.budget,
            "until": self.until.isoformat() if self.until else "",
            **changed,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return f"{WORK_HOME}/projects" + (f"?{query}" if query else "")


@get("/projects")
async def open_projects_page(
    request: AnyRequest, database: Database, visitor: Visitor, after: str | None = None
) -> Response[str]:
    """Those that take applications now, the newest first."""
    visitor.require("projects.apply")
    asked = read_asked(request.query_params)
    async with database.reading() as tx:
        found = await find_projects(
            tx,
            moment=clock.now(),
            status=ProjectStatus.OPEN,
            category=asked.category,
            city=asked.city or None,
            words=asked.q or None,
            budget_min_paisa=asked.budget_min_paisa,
            deadline_until=datetime.combine(asked.until, time.max, tzinfo=clock.zone()) if asked.until else None,
            before=decode_cursor(after),
            limit=PAGE_LENGTH + 1,
        )
        shown = found[:PAGE_LENGTH]
        counts = await count_applications(tx, [project.id for project in shown])
        live = await find_live_of(tx, visitor.user.id, [project.id for project in shown])
    return render(
        request,
        "work_projects.html",
        live=live,
        asked=asked,
        projects=shown,
        counts=counts,
        categories=list(Category),
        continued=after is not None,
        next_address=asked.address(after=encode_cursor(shown[-1].id)) if len(found) > PAGE_LENGTH else None,
    )


@get("/projects/{project_id:uuid}")
async def open_project_page(
    request: AnyRequest, project_id: UUID, database: Database, visitor: Visitor
) -> Response[str]:
    """One project with the form to apply, for everybody while it is open, later for those who applied."""
    visitor.require("projects.apply")
    return await _show(request, project_id, database, visitor)


@post("/projects/{project_id:uuid}/apply", status_code=303)
async def apply(
    request: AnyRequest, project_id: UUID, database: Database, reception: Reception, visitor: Visitor
) -> Response[Any]:
    """Apply and pay for it, both or neither; the form's key makes sending it twice apply once."""
    visitor.require("projects.apply")
    fields = await request.form()
    form = Form(fields)
    path = f"apply/{project_id}"
    try:
        new = NewApplication(
            project_id=project_id,
            message=form.words("message") or None,
            bid_paisa=positive_paisa_if_given(form, "bid"),
        )
        await reception.take(
            visitor.actor, new, key=checked_key(f"console-{form.words('key')}"), request_hash=form.digest(path)
        )
    except KhaachoError as refusal:
        return await _show(request, project_id, database, visitor, refusal=refusal, filled=dict(fields))
    return Redirect(f"{WORK_HOME}/applications?done=applied", status_code=303)


async def _show(
    request: AnyRequest,
    project_id: UUID,
    database: Database,
    visitor: Visitor,
    *,
    refusal: KhaachoError | None = None,
    filled: dict[str, Any] | None = None,
) -> Response[str]:
    async with database.reading() as tx:
        project = await require_project(tx, project_id)
        own = await find_applications(tx, project_id=project_id, freelancer_id=visitor.user.id, limit=OWN_SHOWN_MAX)
        status = status_at(project, clock.now())
        if status is not ProjectStatus.OPEN and not own:
            raise Forbidden
        counts = await count_applications(tx, [project.id])
        balance = await require_balance(tx, visitor.user.id)
        terms = await find_terms(tx)
    return render(
        request,
        "work_project.html",
        status=refusal.status if refusal else 200,
        refusal=say(request, visitor, refusal) if refusal else None,
        filled=filled or {},
        project=project,
        project_status=status,
        live=next((one for one in own if one.status in LIVE), None),
        applications=counts.get(project.id, 0),
        balance=balance,
        cost=terms.application_units,
        key=new_id().hex,
    )


def read_asked(params: Any) -> Asked:
    """What the address asks for. Pure; anything that makes no sense is as if it were not there."""
    category = str(params.get("category", ""))
    budget = str(params.get("budget", "")).strip()
    return Asked(
        q=_words(params.get("q", "")),
        category=Category(category) if category in tuple(Category) else None,
        city=_words(params.get("city", "")),
        budget=budget if budget.isascii() and budget.isdigit() and len(budget) < 10 else "",
        until=read_day(params.get("until")),
    )


def _words(given: Any) -> str:
    return str(given).replace("\x00", "").strip()[:SEARCH_LENGTH_MAX]


ROUTES: list[Any] = [open_projects_page, open_project_page, apply]
