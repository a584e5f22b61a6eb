"""Who looks at the pages: the session behind the cookie, checked before every page, and the token of every form.

`admit` runs before each page that is not for strangers, and refuses any POST without the session's token, so that no
handler can forget to.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.response import Redirect

from khaacho.actors import Actor, ActorRole
from khaacho.errors import Forbidden, NotSignedIn
from khaacho.parties.access import doorkeeper_of
from khaacho.parties.permissions import Permission
from khaacho.parties.records import Locale, User
from khaacho.parties.sessions import find_session
from khaacho.platform.database import Database
from khaacho.platform.http import request_id

AnyRequest = Request[Any, Any, Any]

SESSION_COOKIE = "khaacho_session"
LOCALE_COOKIE = "khaacho_language"
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
HOME = "/console"
WORK_HOME = "/console/work"
ROLES = frozenset({ActorRole.ADMIN, ActorRole.OPERATOR, ActorRole.VENDOR, ActorRole.FREELANCER})


class NotForConsole(Forbidden):
    """A shop, which has no pages here; its owner is told kindly where to go."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, what they may do, and the token their forms carry."""

    user: User
    actor: Actor
    csrf_token: str
    permissions: frozenset[str]

    @property
    def is_staff(self) -> bool:
        return self.actor.is_staff

    @property
    def is_freelancer(self) -> bool:
        return self.actor.role is ActorRole.FREELANCER

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises Forbidden unless the visitor's role has the permission."""
        if not self.may(permission):
            raise Forbidden(permission=permission)

    def require_staff(self) -> None:
        """Raises Forbidden for a wholesaler, who sees only their own orders."""
        if not self.is_staff:
            raise Forbidden


async def admit(request: AnyRequest) -> Redirect | None:
    """Find the visitor before a page of the team's and the wholesalers' is made; freelancers have pages of their own.

    Raises NotSignedIn, NotForConsole, Forbidden for a wrong token and for freelancers.
    """
    visitor = await admit_anybody(request)
    if not visitor.is_freelancer or request.url.path.startswith(f"{WORK_HOME}/"):
        return None
    if request.url.path.rstrip("/") == HOME:
        return Redirect(WORK_HOME, status_code=303)
    raise Forbidden


async def admit_freelancer(request: AnyRequest) -> None:
    """Find the visitor before a freelancer's page is made. Raises as `admit`, and Forbidden for everybody else."""
    if not (await admit_anybody(request)).is_freelancer:
        raise Forbidden


async def admit_anybody(request: AnyRequest) -> Visitor:
    """Whoever may have a session here. Raises NotSignedIn, NotForConsole, Forbidden for a wrong token."""
    database: Database = request.app.state.database
    async with database.reading() as tx:
        session = await find_session(tx, request.cookies.get(SESSION_COOKIE))
    if session is None:
        raise NotSignedIn
    if session.user.role not in ROLES:
        raise NotForConsole
    if request.method not in ("GET", "HEAD"):
        session.check_csrf(request.headers.get(CSRF_HEADER) or str((await request.form()).get(CSRF_FIELD, "")))
    visitor = Visitor(
        user=session.user,
        actor=session.user.as_actor(request_id(request)),
        csrf_token=session.csrf_token,
        permissions=await doorkeeper_of(request).permissions_of(session.user.role),
    )
    request.scope["state"]["visitor"] = visitor
    return visitor


def home_of(role: ActorRole) -> str:
    """Where somebody begins."""
    return WORK_HOME if role is ActorRole.FREELANCER else HOME


def provide_visitor(request: AnyRequest) -> Visitor:
    """The dependency `visitor` of the pages behind `admit`."""
    visitor: Visitor = request.scope["state"]["visitor"]
    return visitor


def known_visitor(request: AnyRequest) -> Visitor | None:
    """The visitor where `admit` has run, otherwise None."""
    return request.scope["state"].get("visitor")


def choose_locale(request: AnyRequest, user: User | None) -> Locale:
    """The language asked for in the address, else the one chosen before, else the user's own, else the browser's."""
    for wish in (request.query_params.get("lang"), request.cookies.get(LOCALE_COOKIE)):
        if wish in tuple(Locale):
            return Locale(wish)
    if user is not None:
        return user.locale
    return Locale.NE if request.headers.get("accept-language", "").lower().startswith("ne") else Locale.EN
