"""Freelancers sign up on the pages: the phone is proved by a code, the team lets them in, the welcome arrives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import msgspec
import pytest
from tests.fixtures.credits import assert_credits_hold, units_of
from tests.fixtures.people import new_phone
from tests.fixtures.processes import Serve, Working
from tests.fixtures.trade import contents_of
from tests.integration.console.conftest import PASSWORD, Guest, SignedIn

from khaacho.actors import ActorRole
from khaacho.parties.queries import find_users_by_phone
from khaacho.parties.records import User, UserStatus
from khaacho.platform.database import Database

CODE, HERE, DONE = "/console/sign-up/code", "/console/sign-up", "/console/sign-up/done"
WELCOME_UNITS = 5


async def codes_of(database: Database, phone: str) -> list[str]:
    """Every code sent to this phone, the oldest first."""
    async with database.reading() as tx:
        payloads = await tx.values("SELECT payload FROM pgqueuer WHERE entrypoint = 'DeliverEvent' ORDER BY id")
    events = [msgspec.json.decode(payload) for payload in payloads]
    issued = [event["body"] for event in events if event["kind"] == "OneTimeCodeIssued"]
    return [one["code"] for one in issued if one["phone"] == phone]


async def found(database: Database, phone: str) -> list[User]:
    async with database.reading() as tx:
        return await find_users_by_phone(tx, phone)


async def ask_for_code(guest: Guest, phone: str) -> httpx.Response:
    """The first step."""
    await guest.look(HERE)
    return await guest.submit(CODE, phone=phone)


async def sign_up(guest: Guest, database: Database, phone: str, **fields: str) -> httpx.Response:
    """Both steps, with the code that arrived."""
    assert (await ask_for_code(guest, phone)).status_code == 200
    code = (await codes_of(database, phone))[-1]
    return await guest.submit(
        HERE, **{"phone": phone, "code": code, "name": "Sita Rana", "password": PASSWORD, **fields}
    )


async def test_from_the_sign_in_page_to_the_welcome(
    database: Database, guest: Guest, signed_in: SignedIn, working: Working, settle: Callable[[], Awaitable[None]]
) -> None:
    """[P1, X10] Nothing is there until the team lets somebody in; then five credits, and only five when kept out and
    let in again, or for another account under the same phone.
    """
    phone = new_phone()
    page = await guest.look("/console/sign-in")
    assert f'href="{HERE}"' in page.text
    done = await sign_up(guest, database, phone, name="  Sita Rana ")
    assert (done.status_code, done.headers["location"]) == (303, DONE)
    assert f"A welcome of {WELCOME_UNITS} credits" in (await guest.look(DONE)).text
    (user,) = await found(database, phone)
    assert (user.role, user.status, user.name) == (ActorRole.FREELANCER, UserStatus.PENDING, "Sita Rana")
    assert "not active yet" in (await guest.sign_in(phone)).text
    async with working():
        await settle()
        assert await units_of(database, user) == 0
        desk = await signed_in(role=ActorRole.OPERATOR)
        waiting = await desk.look("/console/credits/people?status=PENDING")
        assert f"/console/credits/people/{user.id}" in waiting.text
        for act, fields in (("let-in", {}), ("keep-out", {"reason": "a mix-up"}), ("let-in", {})):
            await desk.look(f"/console/credits/people/{user.id}")
            answer = await desk.submit(f"/console/credits/people/{user.id}/{act}", **fields)
            assert answer.headers["location"].endswith(f"?done={act}")
        await settle()
    assert await units_of(database, user) == WELCOME_UNITS
    assert (await guest.sign_in(phone)).headers["location"] == "/console/work"
    assert f'id="balance">{WELCOME_UNITS}<' in (await guest.look("/console/work")).text
    assert (await guest.look(HERE)).headers["location"] == "/console/work"
    await assert_credits_hold(database)


async def test_only_the_code_that_arrived_signs_up(database: Database, guest: Guest) -> None:
    """[X11] A wrong code, an older one, and one of another phone are refused; what was filled in stays, but for the
    password; and nobody is registered.
    """
    phone, other = new_phone(), new_phone()
    await ask_for_code(guest, other)
    await ask_for_code(guest, phone)
    await guest.submit(CODE, phone=phone, again="1")
    (others,), (older, newer) = await codes_of(database, other), await codes_of(database, phone)
    for code in {others, older, "", "x"} - {newer}:
        answer = await guest.submit(HERE, phone=phone, code=code, name="Sita & Rana", password=PASSWORD)
        assert answer.status_code == 401
        assert "not the newest code" in answer.text
        assert 'value="Sita &amp; Rana"' in answer.text
        assert PASSWORD not in answer.text
    assert await found(database, phone) == []
    locked = await guest.submit(HERE, phone=phone, code="x", name="Sita", password=PASSWORD)
    assert locked.status_code == 401
    locked = await guest.submit(HERE, phone=phone, code=newer, name="Sita", password=PASSWORD)
    assert (locked.status_code, "Please wait 1 min" in locked.text) == (429, True)
    assert await found(database, phone) == []


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"password": "short"}, 422, "A password has 8 to 200 characters."),
        ({"password": "x" * 201}, 422, "A password has 8 to 200 characters."),
        ({"name": "  "}, 422, "Please write your name."),
        ({"phone": "namaste"}, 422, "not a phone number"),
    ],
)
async def test_what_cannot_be_meant_is_said_and_the_code_is_still_good(
    database: Database, guest: Guest, fields: dict[str, str], status: int, said: str
) -> None:
    """The code is not used up by a slip elsewhere on the form."""
    phone = new_phone()
    await ask_for_code(guest, phone)
    (code,) = await codes_of(database, phone)
    meant = {"phone": phone, "code": code, "name": "Sita Rana", "password": PASSWORD}
    answer = await guest.submit(HERE, **meant | fields)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert await found(database, phone) == []
    assert (await guest.submit(HERE, **meant)).status_code == 303


async def test_a_code_goes_to_known_and_unknown_phones_alike(database: Database, guest: Guest, web_url: str) -> None:
    """Nobody learns who is here without holding the phone; who holds it is led to the sign-in, as they are."""
    phone = new_phone()
    await sign_up(guest, database, phone)
    async with httpx.AsyncClient(base_url=web_url) as client:
        pages = [(await ask_for_code(Guest(client), one)).text for one in (phone, new_phone())]
        assert len({page.split("<form")[0][-200:-120] for page in pages}) == 1
    before = await found(database, phone)
    answer = await sign_up(guest, database, phone, password="another-password")
    assert answer.status_code == 409
    assert "here already" in answer.text
    assert await found(database, phone) == before


async def test_codes_are_few_and_forms_are_ones_own(database: Database, guest: Guest, serve: Serve) -> None:
    """[X13] Five codes for one phone in a quarter of an hour, the sign-in's allowance for one caller, and no form from
    another page; a refusal sends nothing.
    """
    phone = new_phone()
    await guest.look(HERE)
    for address, fields in ((CODE, {"phone": phone}), (HERE, {"phone": phone, "code": "1", "name": "x"})):
        before = await contents_of(database)
        for token in ({}, {"csrf": "x" * 32}):
            answer = await guest.client.post(address, data=fields | token)
            assert (answer.status_code, "open for too long" in answer.text) == (403, True)
        assert await contents_of(database) == before
    for _ in range(5):
        assert (await ask_for_code(guest, phone)).status_code == 200
    answer = await guest.submit(CODE, phone=phone, again="1")
    assert (answer.status_code, "Please wait 15 min" in answer.text) == (429, True)
    assert 'name="code"' in answer.text
    assert len(await codes_of(database, phone)) == 5
    with serve(KHAACHO_SIGN_INS_PER_MINUTE=2) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            hasty = Guest(client)
            answers = [(await ask_for_code(hasty, new_phone())).status_code for _ in range(4)]
    # The minute may turn in between.
    assert answers.count(200) <= 3
    assert answers.count(429) >= 1


async def test_who_is_kept_out_is_out_at_once(database: Database, guest: Guest, signed_in: SignedIn) -> None:
    """[X11] The session ends with it; a reason is needed, and a page of the team's is not for just anybody."""
    phone = new_phone()
    await sign_up(guest, database, phone)
    (user,) = await found(database, phone)
    address = f"/console/credits/people/{user.id}"
    desk = await signed_in()
    await desk.look(address)
    await desk.submit(f"{address}/let-in")
    assert (await guest.sign_in(phone)).status_code == 303
    assert (await guest.look("/console/work")).status_code == 200
    token = guest.token()
    for act in ("let-in", "keep-out"):
        assert (await guest.client.post(f"{address}/{act}", data={"csrf": token, "reason": "me"})).status_code == 403
    await desk.look(address)
    refused = await desk.submit(f"{address}/keep-out", reason=" ")
    assert refused.status_code == 422
    assert (await guest.look("/console/work")).status_code == 200
    await desk.submit(f"{address}/keep-out", reason="sold somebody else's photos")
    assert (await guest.look("/console/work")).status_code == 303
    assert "not active" in (await guest.sign_in(phone)).text
    async with database.reading() as tx:
        reasons = await tx.values(
            "SELECT reason FROM audit_entries WHERE subject_id = %(id)s AND reason <> ''", {"id": user.id}
        )
    assert "sold somebody else's photos" in reasons
