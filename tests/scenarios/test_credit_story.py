"""A shop's life on credit, told whole: it buys, is reminded, pays late, is paused, pays, and buys again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.fixtures.town import Town

from khaacho import clock

BOUGHT_ON = date(2026, 6, 1)
ORDER = "5 bora jeera masino 25kg"
WAIT_SECONDS_MAX = 30


class Story:
    """The town on a clock that the test moves from day to day, with a worker running throughout."""

    def __init__(self, town: Town, bearer_of: Any, make_user: Any) -> None:
        self.town = town
        self._bearer_of, self._make_user = bearer_of, make_user

    async def at(self, day: int, hour: int, minute: int = 0) -> None:
        """Move to `day` days after the purchase; every schedule's slot up to then is worked before this returns."""
        moment = clock.start_of_business_day(BOUGHT_ON + timedelta(days=day)) + timedelta(hours=hour, minutes=minute)
        clock.shift_by(moment - datetime.now(UTC))

    async def after_job(self, name: str) -> None:
        """Wait until the scheduled job has run for the slot the clock has just passed, and all it caused is done."""
        day = clock.start_of_business_day(clock.business_day())
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                async with self.town.database.reading() as tx:
                    done = await tx.value(
                        """
                        SELECT count(*) FROM scheduled_runs
                        WHERE job = %(job)s AND slot >= %(day)s AND finished_at IS NOT NULL AND error IS NULL
                        """,
                        {"job": name, "day": day},
                    )
                if done:
                    break
                await asyncio.sleep(0.05)
        await self.town.settle()

    async def morning(self, day: int, job: str = "reminders", hour: int = 10) -> str:
        """What the shop hears on that day when the clock passes the job's hour."""
        await self.at(day, hour, 1)
        await self.after_job(job)
        heard = await self.town.hears(self.town.shop)
        await self.town.assert_sound()
        return heard

    async def post(self, path: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        """As an admin who signs in anew, since the clock may have moved past the last sign-in."""
        headers = await self._bearer_of(await self._make_user())
        if key:
            headers["Idempotency-Key"] = key
        answer = await self.town.client.post(f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        await self.town.settle()
        await self.town.assert_sound()
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def get(self, path: str) -> dict[str, Any]:
        answer = await self.town.client.get(f"/api/v1{path}", headers=await self._bearer_of(await self._make_user()))
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def buy(self, mode: str) -> str:
        """Order by chat and have it delivered; answers the order's code."""
        await self.town.says(self.town.shop, ORDER)
        placed = await self.town.says(self.town.shop, f"CONFIRM {mode}")
        found = re.search(r"ORD\d{6}-\d{4,}", placed)
        assert found, placed
        for command in ("accept", "packed", "dispatched", "delivered"):
            await self.town.says(self.town.vendor, f"{command} {found[0]}")
        await self.town.hears(self.town.shop)
        await self.town.assert_sound()
        return found[0]


@asynccontextmanager
async def telling(town: Town, working: Any, bearer_of: Any, make_user: Any) -> AsyncIterator[Story]:
    """The story's clock and worker; afterwards the clock is the true one again."""
    story = Story(town, bearer_of, make_user)
    with clock.travelled_to(clock.start_of_business_day(BOUGHT_ON)):
        await story.at(0, 11)
        async with working():
            yield story


async def test_a_shop_buys_falls_behind_pays_and_buys_again(
    town: Town, working: Any, bearer_of: Any, make_user: Any
) -> None:
    """[C40–C42, C50–C52, C60–C61] Bought on 7 days' credit; reminded on the mornings before, on and three days after
    the due day; a part payment leaves a reminder of the rest; a promise holds reminders back and is broken; day 30
    does not pause and day 31 does; cash on delivery goes on; a cheque frees nothing until it clears; then credit
    resumes by itself and the shop buys again. Every invariant holds after each step."""
    async with telling(town, working, bearer_of, make_user) as story:
        await story.buy("CREDIT")
        owed = await town.used_paisa()
        assert owed == 12_853_75
        due = "2026-06-08"

        assert await story.morning(5) == ""
        for day in (6, 7):
            reminder = await story.morning(day)
            assert town.shop.owner_name in reminder
            assert "Rs.12,853.75" in reminder
            assert due in reminder

        await story.at(8, 12)
        paid = await story.post(
            "/admin/payment/record",
            {"retailerId": str(town.shop.id), "amountPaid": 5000, "method": "CASH"},
            key="part",
        )
        assert (paid["status"], paid["remaining"]) == ("PARTIAL_CLEARED", 7853.75)
        thanks = await town.hears(town.shop)
        assert "Rs.5,000" in thanks
        assert "Rs.7,853.75" in thanks

        last = await story.morning(10)
        assert "Rs.7,853.75" in last
        assert "Rs.12,853.75" not in last
        assert await story.morning(11) == ""

        await story.at(11, 15)
        promised = await town.says(town.shop, "bholi tirchhu")
        assert "2026-06-13" in promised
        await town.says(town.shop, "yes")
        assert await story.morning(14) == ""
        retailer = await story.get(f"/admin/audit/{town.shop.id}?limit=100")
        actions = [entry["action"] for entry in retailer["items"]]
        assert actions.count("PROMISE_TO_PAY") == 1
        assert actions.count("PROMISE_BROKEN") == 1
        assert actions.count("REMINDER_SENT") == 3

        assert await story.morning(30, "auto-pause", hour=11) == ""
        paused = await story.morning(31, "auto-pause", hour=11)
        assert "Rs.7,853.75" in paused
        assert await story.morning(32, "auto-pause", hour=11) == ""

        await town.says(town.shop, ORDER)
        refused = await town.says(town.shop, "CONFIRM CREDIT")
        assert not re.search(r"Order Confirmed", refused)
        await town.says(town.shop, "cancel")
        await story.buy("COD")
        assert await town.used_paisa() == 7_853_75

        cheque = await story.post(
            "/admin/payment/record",
            {"retailerId": str(town.shop.id), "amountPaid": 7853.75, "method": "CHEQUE", "reference": "CH-1"},
            key="cheque",
        )
        assert await town.used_paisa() == 7_853_75
        assert "resum" not in (await town.hears(town.shop)).lower()
        assert (await story.get(f"/admin/credit/{town.shop.id}/evaluate"))["shouldPause"] is True

        await story.post(f"/admin/payment/{cheque['paymentId']}/clear", {})
        assert await town.used_paisa() == 0
        resumed = await town.hears(town.shop)
        assert "Rs.7,853.75" in resumed
        assert "credit" in resumed.lower()

        await story.buy("CREDIT")
        assert await town.used_paisa() == owed
