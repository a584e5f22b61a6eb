"""A client's projects: the list, and posting one. Wholesalers see their own, our people all."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.forms import Form
from khaacho.console.orders import read_day
from khaacho.console.refusals import say
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.errors import KhaachoError, ValidationFailed
from khaacho.ids import new_id
from khaacho.parties.queries import find_users_by_id
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import decode_cursor, encode_cursor
from khaacho.platform.idempotency import checked_key, run_once
from khaacho.projects.actions import post_project
from khaacho.projects.queries import count_applications, find_projects
from khaacho.projects.records import Category, NewProject, Project, ProjectStatus
from khaacho.projects.states import status_at

PAGE_LENGTH = 25
SEARCH_LENGTH_MAX = 80
TITLE_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 2_000
DEADLINE_AFTER_DEFAULT = timedelta(days=30)
LIST = "/console/projects"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it, made sane: what cannot be meant is left out."""

    status: ProjectStatus | None = None
    q: str = ""
    mine: bool = False

    @property
    def narrows(self) -> bool:
        return self != Asked()

    def address(self, **changed: str | None) -> str:
        """The address of this list with some of it changed; None leaves one out."""
        said = {
            "status": self.status.value if self.status else "",
            "q": self.q,
            "mine": "1" if self.mine else "",
            **changed,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return LIST + (f"?{query}" if query else "")


@get("/projects")
async def projects_page(
    request: AnyRequest, database: Database, visitor: Visitor, after: str | None = None
) -> Response[str]:
    """Newest first. An open project past its deadline counts as expired."""
    visitor.require("projects.post")
    asked = read_asked(request.query_params)
    own_only = asked.mine or not visitor.is_staff
    now = clock.now()
    async with database.reading() as tx:
        found = await find_projects(
            tx,
            moment=now,
            owner_id=visitor.user.id if own_only else None,
            status=asked.status,
            words=asked.q or None,
            before=decode_cursor(after),
            limit=PAGE_LENGTH + 1,
        )
        shown = found[:PAGE_LENGTH]
        counts = await count_applications(tx, [project.id for project in shown])
        owners = await find_users_by_id(tx, list({project.owner_id for project in shown}))
    return render(
        request,
        "projects.html",
        asked=asked,
        projects=[(project, status_at(project, now)) for project in shown],
        counts=counts,
        owners={owner.id: owner for owner in owners},
        statuses=list(ProjectStatus),
        next_address=asked.address(after=encode_cursor(shown[-1].id)) if len(found) > PAGE_LENGTH else None,
    )


@get("/projects/new")
async def new_project_page(request: AnyRequest, visitor: Visitor) -> Response[str]:
    """The form."""
    visitor.require("projects.post")
    return _form(request, visitor, {})


@post("/projects", status_code=303)
async def post_page(request: AnyRequest, database: Database, visitor: Visitor) -> Response[Any]:
    """Post it in the visitor's own name, once for each form."""
    visitor.require("projects.post")
    fields = await request.form()
    form = Form(fields)
    try:
        new = _read_project(form, str(fields.get("description", "")))

        async def act(tx: Transaction) -> Project:
            return await post_project(tx, visitor.actor, project=new)

        posted = await run_once(
            database,
            scope=f"console-projects:{visitor.user.id}",
            key=checked_key(form.words("key")),
            request_hash=form.digest(LIST),
            into=Project,
            act=act,
        )
    except KhaachoError as refusal:
        return _form(request, visitor, dict(fields), refusal)
    return Redirect(f"{LIST}/{posted.id}?done=posted", status_code=303)


def read_asked(params: Any) -> Asked:
    """What the address asks for. Pure; anything that makes no sense is as if it were not there."""
    status = str(params.get("status", ""))
    return Asked(
        status=ProjectStatus(status) if status in tuple(ProjectStatus) else None,
        q=str(params.get("q", "")).replace("\x00", "").strip()[:SEARCH_LENGTH_MAX],
        mine=str(params.get("mine", "")) == "1",
    )


def positive_paisa_if_given(form: Form, name: str) -> int | None:
    """An amount above zero, or None for nothing written. Raises ValidationFailed, InvalidAmount."""
    paisa = form.paisa_if_given(name)
    if paisa is not None and paisa <= 0:
        raise ValidationFailed(field=name, why="must be above zero")
    return paisa


def _read_project(form: Form, description: str) -> NewProject:
    title = form.words("title")
    if not 0 < len(title) <= TITLE_LENGTH_MAX:
        raise ValidationFailed(field="title", why=f"needs 1 to {TITLE_LENGTH_MAX} characters")
    day = read_day(form.words("deadline"))
    if day is None and form.words("deadline"):
        raise ValidationFailed(field="deadline", why="is no day")
    # Applications are taken through the whole of the day that is named.
    deadline = datetime.combine(day, time.max, tzinfo=clock.zone()) if day else clock.now() + DEADLINE_AFTER_DEFAULT
    return NewProject(
        title=title,
        description=description.replace("\x00", "").strip()[:DESCRIPTION_LENGTH_MAX],
        category=form.one_of("category", Category),
        city=form.words("city") or None,
        budget_paisa=positive_paisa_if_given(form, "budget"),
        deadline=deadline,
    )


def _form(
    request: AnyRequest, visitor: Visitor, filled: dict[str, Any], refusal: KhaachoError | None = None
) -> Response[str]:
    return render(
        request,
        "project_new.html",
        status=refusal.status if refusal else 200,
        refusal=say(request, visitor, refusal) if refusal else None,
        filled=filled,
        categories=list(Category),
        default_deadline=clock.business_day() + DEADLINE_AFTER_DEFAULT,
        key=new_id().hex,
    )


ROUTES: list[Any] = [projects_page, new_project_page, post_page]
