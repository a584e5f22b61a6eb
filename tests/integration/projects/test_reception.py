"""[P21, X3] Applications taken together: each has its own outcome, a refusal disturbs nobody, a key answers once."""

from __future__ import annotations

import asyncio

import pytest
from tests.fixtures.projects import MakeFreelancer, MakeProject, credits_of
from tests.fixtures.trade import assert_books_hold, codes_of, contents_of, outcome_of

from khaacho.actors import Actor
from khaacho.errors import IdempotencyKeyReused, KhaachoError
from khaacho.platform.database import Database
from khaacho.projects.applications import Applied, NewApplication
from khaacho.projects.queries import find_applications
from khaacho.projects.reception import Reception
from khaacho.projects.records import Project


async def send(
    reception: Reception, freelancer: Actor, project: Project, *, key: str | None = None, asked: bytes = b"asked"
) -> Applied | KhaachoError:
    new = NewApplication(project_id=project.id)
    return await outcome_of(reception.take(freelancer, new, key=key, request_hash=asked))


async def test_everyone_has_an_outcome_of_their_own(
    database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject
) -> None:
    """[P21] Sixty at once in two processes' receptions: who can pay is in, who cannot or came twice is told so."""
    projects = [await make_project() for _ in range(2)]
    rich = [await make_freelancer(credits=2) for _ in range(10)]
    poor = [await make_freelancer(credits=1) for _ in range(10)]
    receptions = [Reception(database), Reception(database)]
    outcomes = await asyncio.gather(
        *(
            send(receptions[(number + place) % 2], freelancer, project)
            for place, project in enumerate(projects)
            for number, freelancer in enumerate([*rich, *poor, *rich])
        )
    )
    # Of the rich each is in both projects once; of the poor each is in one of them.
    assert codes_of(outcomes) == ["ALREADY_APPLIED"] * 20 + ["INSUFFICIENT_CREDITS"] * 10 + ["OK"] * 30
    assert [await credits_of(database, one) for one in (*rich, *poor)] == [0] * 20
    async with database.reading() as tx:
        assert len(await find_applications(tx, limit=100)) == 30
    await assert_books_hold(database)


async def test_a_key_answers_the_same_again(
    database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject
) -> None:
    """[X3] The same application and one credit, now and later; with another request under it the key is refused."""
    sita, project, other = await make_freelancer(credits=3), await make_project(), await make_project()
    reception = Reception(database)
    first = await send(reception, sita, project, key="key-1")
    assert isinstance(first, Applied)
    before = await contents_of(database)
    again = await send(reception, sita, project, key="key-1")
    assert isinstance(again, Applied)
    assert (again.application, again.spend.balance_after) == (first.application, first.spend.balance_after)
    assert isinstance(await send(reception, sita, other, key="key-1", asked=b"else"), IdempotencyKeyReused)
    assert await contents_of(database) == before
    # The key is theirs alone.
    hari = await make_freelancer(credits=1)
    assert isinstance(await send(reception, hari, project, key="key-1"), Applied)
    assert [await credits_of(database, one) for one in (sita, hari)] == [2, 0]


@pytest.mark.parametrize("credits", [0, 1])
async def test_one_that_is_refused_leaves_nothing(
    credits: int, database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject
) -> None:
    """[P21] Also when it is alone, and also when it had been written before the balance was looked at."""
    sita, project = await make_freelancer(credits=credits), await make_project()
    reception = Reception(database)
    if credits:
        assert isinstance(await send(reception, sita, project), Applied)
    before = await contents_of(database)
    refused = await send(reception, sita, project, key="key-1")
    assert isinstance(refused, KhaachoError)
    assert refused.code == ("ALREADY_APPLIED" if credits else "INSUFFICIENT_CREDITS")
    assert await contents_of(database) == before
