"""Everything that is done without anybody asking: every domain's jobs, schedules and listeners, and the invariants.

The one page that knows all domains from below the processes. The worker runs what is here; the web and the commands
show it, and run it by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from khaacho.credit import jobs as credit_jobs
from khaacho.credit.checks import CHECKS as CREDIT_CHECKS
from khaacho.credit.exposure import risk_jobs
from khaacho.ledger import sealing
from khaacho.ledger.checks import CHECKS as LEDGER_CHECKS
from khaacho.orders import jobs as orders_jobs
from khaacho.orders.checks import CHECKS as ORDER_CHECKS
from khaacho.oversight.reconciling import reconciliation
from khaacho.parties import jobs as parties_jobs
from khaacho.platform import events, housekeeping
from khaacho.platform.checks import Check
from khaacho.platform.database import Database
from khaacho.platform.events import DeliverEvent, Event, Subscriber, Subscribers
from khaacho.platform.queue import JobHandlers, Schedule
from khaacho.prepaid import jobs as prepaid_jobs
from khaacho.prepaid.checks import CHECKS as PREPAID_CHECKS
from khaacho.prepaid.sandbox import telling as sandbox
from khaacho.projects import jobs as projects_jobs
from khaacho.projects.checks import CHECKS as PROJECT_CHECKS
from khaacho.settings import Settings
from khaacho.whatsapp import freelancers, subscriptions
from khaacho.whatsapp import jobs as whatsapp_jobs
from khaacho.whatsapp.reachability import find_unreachable

# Every invariant there is [C5].
CHECKS: Sequence[Check] = (*LEDGER_CHECKS, *CREDIT_CHECKS, *ORDER_CHECKS, *PREPAID_CHECKS, *PROJECT_CHECKS)


def job_handlers(settings: Settings) -> JobHandlers:
    """Which function runs which job."""
    listeners = subscribers(settings)

    async def deliver_event(database: Database, delivery: DeliverEvent) -> None:
        await events.deliver(database, listeners, delivery)

    return {
        DeliverEvent: deliver_event,
        **orders_jobs.HANDLERS,
        **projects_jobs.HANDLERS,
        **sandbox.handlers(settings),
        **whatsapp_jobs.handlers(settings),
    }


def schedules(settings: Settings) -> Sequence[Schedule]:
    """What runs at which cron time."""
    return [
        *housekeeping.SCHEDULES,
        *sealing.SCHEDULES,
        reconciliation(CHECKS),
        *parties_jobs.SCHEDULES,
        *risk_jobs.SCHEDULES,
        *credit_jobs.schedules(find_unreachable),
        *orders_jobs.SCHEDULES,
        *prepaid_jobs.schedules(settings),
        *projects_jobs.SCHEDULES,
        *whatsapp_jobs.SCHEDULES,
    ]


def subscribers(settings: Settings) -> Subscribers:
    """Who hears of which event. Domains do not know each other's listeners; this is the only place that does."""
    together: dict[type[Event], list[Subscriber]] = {}
    for listeners in (
        credit_jobs.SUBSCRIBERS,
        orders_jobs.SUBSCRIBERS,
        prepaid_jobs.SUBSCRIBERS,
        subscriptions.SUBSCRIBERS,
        freelancers.SUBSCRIBERS,
    ):
        for event, hearing in listeners.items():
            together.setdefault(event, []).extend(hearing)
    return together
