"""What the worker does about credits: welcoming freelancers, asking gateways, forgetting old events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from khaacho.parties.events import FreelancerApproved
from khaacho.platform.database import Database
from khaacho.platform.events import Subscribers
from khaacho.platform.queue import Schedule
from khaacho.prepaid.bonus import welcome
from khaacho.prepaid.gateways.port import Gateways
from khaacho.prepaid.gateways.registry import open_gateways
from khaacho.prepaid.reconciliation import forget_old_events, reconcile_purchases
from khaacho.settings import Settings

SUBSCRIBERS: Subscribers = {FreelancerApproved: [welcome]}


def schedules(settings: Settings) -> list[Schedule]:
    """What runs at which time."""
    gateways: Gateways = open_gateways(settings)

    async def reconcile(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
        return await reconcile_purchases(database, gateways, dry_run)

    return [
        Schedule(name="reconcile-purchases", cron="*/15 * * * *", run=reconcile),
        Schedule(name="forget-gateway-events", cron="40 3 * * *", run=forget_old_events),
    ]
