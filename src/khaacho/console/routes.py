"""All the pages, under /console, and the way there from the front door."""

from __future__ import annotations

from typing import Any

from litestar import Router, get
from litestar.di import Provide
from litestar.response import Redirect

from khaacho.console import (
    audit,
    chat,
    jobs,
    order_page,
    orders,
    people,
    project_page,
    projects,
    reminders,
    retailer,
    risk,
    sign_in,
    sign_up,
    statement,
    static_files,
    today,
    unread,
)
from khaacho.console.credits import people as credits_people
from khaacho.console.credits import report as credits_report
from khaacho.console.credits import settings as credits_settings
from khaacho.console.failures import EXCEPTION_HANDLERS
from khaacho.console.visitor import admit, admit_freelancer, provide_visitor
from khaacho.console.work import applications, credits, history
from khaacho.console.work import projects as work_projects
from khaacho.errors import RouteNotFound


@get("/", include_in_schema=False, sync_to_thread=False)
def front_door() -> Redirect:
    """Whoever types only the address wants the pages."""
    return Redirect("/console", status_code=303)


@get("/{rest:path}", sync_to_thread=False)
def nowhere(rest: str) -> None:
    """An address below /console that is no page; said on a page, not in JSON."""
    raise RouteNotFound


_credits_pages = Router(
    path="/credits", route_handlers=[*credits_report.ROUTES, *credits_people.ROUTES, *credits_settings.ROUTES]
)

_pages = Router(
    path="/",
    route_handlers=[
        *today.ROUTES,
        *orders.ROUTES,
        *order_page.ROUTES,
        *people.ROUTES,
        *risk.ROUTES,
        *retailer.ROUTES,
        *reminders.ROUTES,
        *statement.ROUTES,
        *audit.ROUTES,
        *jobs.ROUTES,
        *unread.ROUTES,
        *projects.ROUTES,
        *project_page.ROUTES,
        *chat.ROUTES,
        _credits_pages,
        nowhere,
    ],
    before_request=admit,
    dependencies={"visitor": Provide(provide_visitor, sync_to_thread=False)},
)

_work_pages = Router(
    path="/work",
    route_handlers=[*credits.ROUTES, *history.ROUTES, *work_projects.ROUTES, *applications.ROUTES],
    before_request=admit_freelancer,
    dependencies={"visitor": Provide(provide_visitor, sync_to_thread=False)},
)

# Beside the pages above, and not among them: it is for browsers that send no session along.
_proof_page = Router(path="/work", route_handlers=credits.OPEN_ROUTES)

ROUTES: list[Any] = [
    front_door,
    Router(
        path="/console",
        route_handlers=[*static_files.ROUTES, *sign_in.ROUTES, *sign_up.ROUTES, _proof_page, _work_pages, _pages],
        exception_handlers=EXCEPTION_HANDLERS,
        include_in_schema=False,
        dto=None,
    ),
]
