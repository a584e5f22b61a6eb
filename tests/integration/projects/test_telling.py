"""[P34] What freelancers hear without asking: welcome, running low, answers, refunds; each once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.fixtures.processes import Settle, Working
from tests.fixtures.projects import Apply, MakeFreelancer, MakeProject
from tests.fixtures.purchases import Buy

from khaacho.actors import Actor
from khaacho.parties.queries import require_user
from khaacho.parties.records import Locale
from khaacho.platform.database import Database
from khaacho.prepaid.events import CreditsRunLow
from khaacho.projects.actions import assign_project, cancel_project
from khaacho.projects.applications import reject_application, withdraw_application
from khaacho.whatsapp.freelancers import tell_running_low

Heard = Callable[[], Awaitable[list[str]]]


@pytest.fixture
def heard(database: Database, working: Working, settle: Settle) -> Heard:
    """Everything said so far, in the order it was said, after a worker had its time."""

    async def listen() -> list[str]:
        async with working():
            await settle()
        async with database.reading() as tx:
            return await tx.values("SELECT body FROM outbound_messages ORDER BY sequence")

    return listen


async def test_running_low_is_told_once_per_fall(
    database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply, buy: Buy, heard: Heard
) -> None:
    """[P34] From three to two: told. From two to one: not again. After buying, falling to two is told again."""
    sita = await make_freelancer(credits=4)
    for _ in range(3):
        await apply(sita, await make_project())
    assert await heard() == ["🪙 Credits left: 2. Buy some in time, so that you can go on applying."]
    await buy(sita, units=2, amount_paisa=10_000, price_inr_paisa=10_000)
    await apply(sita, await make_project())
    assert sorted((await heard())[1:]) == [
        "✅ Your payment arrived. Credits bought: 2; you have 3 now.",
        "🪙 Credits left: 2. Buy some in time, so that you can go on applying.",
    ]


async def test_the_last_credit(
    database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply, heard: Heard
) -> None:
    """[P34] Who never had more than one is told nothing: nothing fell. Delivered twice, an event is said once."""
    sita = await make_freelancer(credits=1)
    await apply(sita, await make_project())
    assert await heard() == []
    assert sita.id is not None
    event = CreditsRunLow(user_id=sita.id, movement_id=sita.id, balance_after=0)
    for _ in range(2):
        async with database.transaction() as tx:
            await tell_running_low(tx, event)
    assert await heard() == ["🪙 That was your last credit. To apply to more projects, buy some."]


async def reach(database: Database, client: Actor) -> str:
    """How whoever got the work reaches the client."""
    assert client.id is not None
    async with database.reading() as tx:
        return f"{client.name}, 📞 {(await require_user(tx, client.id)).phone}"


async def test_answers_and_refunds(
    database: Database,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
    heard: Heard,
) -> None:
    """Chosen and by whom, not chosen and why, and a project that fell; who withdraws was answered there and then."""
    project = await make_project(title="Shop photos")
    people = [await make_freelancer(credits=1) for _ in range(3)]
    first, second, third = [await apply(one, project) for one in people]
    async with database.transaction() as tx:
        await withdraw_application(tx, people[2], third.id)
        await reject_application(tx, owner, second.id, reason="We need somebody nearer.")
        await assign_project(tx, owner, project.id, application_id=first.id)
    assert sorted(await heard()) == [
        "Your application to *Shop photos* was not chosen: We need somebody nearer.",
        f"🎉 You got the work: *Shop photos*.\n{await reach(database, owner)}",
    ]
    async with database.transaction() as tx:
        await cancel_project(tx, owner, project.id, reason="no money")
    assert (await heard())[2:] == ["*Shop photos* was cancelled. Credits back: 1; you have 1 now."]


async def test_in_their_language(
    database: Database,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
    heard: Heard,
) -> None:
    """A freelancer who reads Nepali is told in Nepali."""
    sita, project = await make_freelancer(credits=1, locale=Locale.NE), await make_project(title="फोटो")
    application = await apply(sita, project)
    async with database.transaction() as tx:
        await assign_project(tx, owner, project.id, application_id=application.id)
    assert await heard() == [f"🎉 काम तपाईंले पाउनुभयो: *फोटो*।\n{await reach(database, owner)}"]
