"""A notebook of plain figures beside projects, applications and credits: what should be, thought out a second time.

It knows nothing of the product's code: states are words, refunds are written out again from the rules.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

LIVE = ("PENDING", "APPROVED")


class App(msgspec.Struct):
    """One application, as a freelancer would note it down."""

    id: UUID
    person: int
    cost: int
    sent_at: datetime
    status: str = "PENDING"
    refund: int = 0
    closed_unanswered: bool = False


class Job(msgspec.Struct):
    """One project, with those who applied in the order they did."""

    id: UUID
    client: int
    deadline: datetime
    status: str = "OPEN"
    hired: UUID | None = None
    apps: list[App] = []

    def now_is(self, now: datetime) -> str:
        return "EXPIRED" if self.status == "OPEN" and now >= self.deadline else self.status


class JobsBook:
    """Everybody's credits and every job. Verbs answer the code that is expected, 'OK' when it is done."""

    def __init__(self, credits: list[int]) -> None:
        self.credits = credits
        self.cost = 1
        self.jobs: list[Job] = []

    def apply(self, person: int, job: Job, now: datetime) -> str:
        if job.now_is(now) != "OPEN":
            return "PROJECT_NOT_OPEN"
        if any(app.person == person and app.status in LIVE for app in job.apps):
            return "ALREADY_APPLIED"
        return "INSUFFICIENT_CREDITS" if self.credits[person] < self.cost else "OK"

    def applied(self, person: int, job: Job, app_id: UUID, sent_at: datetime) -> None:
        self.credits[person] -= self.cost
        job.apps.append(App(id=app_id, person=person, cost=self.cost, sent_at=sent_at))

    def withdraw(self, person: int, job: Job, app: App, now: datetime) -> str:
        if person != app.person:
            return "FORBIDDEN"
        if app.status == "WITHDRAWN":
            return "OK"
        if app.status != "PENDING" or job.now_is(now) not in ("OPEN", "ASSIGNED"):
            return "INVALID_TRANSITION"
        age = now - app.sent_at
        if age <= timedelta(minutes=30):
            self._give_back(app, app.cost)
        elif age <= timedelta(hours=24):
            self._give_back(app, (app.cost + 1) // 2)
        app.status = "WITHDRAWN"
        return "OK"

    def reject(self, by: int | None, job: Job, app: App, now: datetime) -> str:
        if by not in (None, job.client):
            return "FORBIDDEN"
        if app.status == "REJECTED":
            return "OK"
        if app.status != "PENDING" or job.now_is(now) not in ("OPEN", "ASSIGNED"):
            return "INVALID_TRANSITION"
        app.status = "REJECTED"
        return "OK"

    def assign(self, by: int | None, job: Job, app: App, now: datetime) -> str:
        if by not in (None, job.client):
            return "FORBIDDEN"
        if job.status == "ASSIGNED" and job.hired == app.id:
            return "OK"
        if job.now_is(now) != "OPEN" or app.status != "PENDING":
            return "INVALID_TRANSITION"
        job.status, job.hired, app.status = "ASSIGNED", app.id, "APPROVED"
        return "OK"

    def end(self, by: int | None, job: Job, how: str, now: datetime) -> str:
        """COMPLETED, CLOSED or CANCELLED."""
        if by not in (None, job.client):
            return "FORBIDDEN"
        if job.status == how:
            return "OK"
        ways = {"COMPLETED": ("ASSIGNED",), "CLOSED": ("OPEN",), "CANCELLED": ("OPEN", "ASSIGNED")}
        if job.now_is(now) not in ways[how]:
            return "INVALID_TRANSITION"
        job.status = how
        for app in job.apps:
            if how == "CANCELLED" and app.status in LIVE:
                self._give_back(app, app.cost)
            elif how == "COMPLETED" and app.status == "APPROVED":
                app.status = "COMPLETED"
            elif how != "CANCELLED" and app.status == "PENDING":
                app.status, app.closed_unanswered = "REJECTED", how == "CLOSED"
        return "OK"

    def expire_all(self, now: datetime) -> int:
        due = [job for job in self.jobs if job.status == "OPEN" and now >= job.deadline]
        for job in due:
            job.status = "EXPIRED"
            for app in job.apps:
                if app.status == "PENDING":
                    self._give_back(app, app.cost)
        return len(due)

    def refund_job(self, job: Job) -> str:
        if job.status not in ("CLOSED", "CANCELLED", "EXPIRED"):
            return "REFUND_NOT_ELIGIBLE"
        for app in job.apps:
            if not app.refund and (app.status in LIVE or app.closed_unanswered):
                self._give_back(app, app.cost)
        return "OK"

    def refund_app(self, job: Job, app: App) -> str:
        if app.refund:
            return "ALREADY_REFUNDED"
        if app.status in ("COMPLETED", "APPROVED"):
            return "REFUND_NOT_ELIGIBLE"
        self._give_back(app, app.cost)
        if app.status == "PENDING":
            app.status = "REJECTED"
        return "OK"

    def _give_back(self, app: App, units: int) -> None:
        app.refund = units
        self.credits[app.person] += units
