"""[X11] Whoever holds the phone gets in by a code alone; nobody else does, and nobody learns who is here."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from tests.fixtures.people import MakeRetailer, MakeUser, new_phone
from tests.fixtures.processes import Serve
from tests.fixtures.trade import contents_of
from tests.integration.console.conftest import Guest
from tests.integration.console.test_sign_up import codes_of

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.parties.records import User, UserStatus
from khaacho.platform.database import Database

DOOR, CODE, WITH_CODE = "/console/sign-in", "/console/sign-in/code", "/console/sign-in/with-code"
# Where a wrong attempt is counted.
COUNTED = {"one_time_codes", "sign_in_failures"}


async def ask_for_code(guest: Guest, phone: str, **fields: str) -> httpx.Response:
    """The first step, from the form with the password left empty."""
    await guest.look(DOOR)
    return await guest.submit(CODE, phone=phone, password="", **fields)


async def changed_tables(database: Database, before: dict[str, str]) -> set[str]:
    """The tables that differ now, but for the count of requests, which is written down whenever it suits."""
    after = await contents_of(database)
    return {table for table in before if before[table] != after[table]} - {"rate_limits"}


@pytest.fixture
async def freelancer(make_user: MakeUser) -> User:
    """Somebody who has no password at all."""
    return await make_user(ActorRole.FREELANCER, name="Sita Rana")


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (ActorRole.ADMIN, "/console"),
        (ActorRole.OPERATOR, "/console"),
        (ActorRole.FREELANCER, "/console/work"),
    ],
)
async def test_who_has_pages_gets_in_by_a_code_alone(
    database: Database, guest: Guest, make_user: MakeUser, role: ActorRole, home: str
) -> None:
    """The number may be written as people do; the page that was wanted is where they arrive; the audit says how."""
    user = await make_user(role)
    page = await ask_for_code(guest, user.phone.removeprefix("+977"))
    assert (page.status_code, 'name="code"' in page.text) == (200, True)
    (code,) = await codes_of(database, user.phone)
    assert code not in page.text
    phone = re.search(r'name="phone" value="([^"]+)"', page.text)
    assert phone is not None
    arrived = await guest.submit(WITH_CODE, phone=phone[1], code=f" {code} ", next=home)
    assert (arrived.status_code, arrived.headers["location"]) == (303, home)
    assert (await guest.look(home)).status_code == 200
    async with database.reading() as tx:
        ways = await tx.values(
            "SELECT new_values->>'way' FROM audit_entries WHERE subject_id = %(id)s AND action = 'LOGIN'",
            {"id": user.id},
        )
    assert ways == ["console code"]


async def test_a_wrong_an_older_a_used_and_an_old_code_let_nobody_in(
    database: Database, guest: Guest, freelancer: User
) -> None:
    """Nor does one of another phone. Nothing changes but the count of attempts, and no session begins."""
    other = new_phone()
    await ask_for_code(guest, freelancer.phone)
    await guest.look("/console/sign-up")
    await guest.submit("/console/sign-up/code", phone=other)
    await ask_for_code(guest, freelancer.phone)
    (others,), (older, newer) = await codes_of(database, other), await codes_of(database, freelancer.phone)
    before = await contents_of(database)
    for code in {others, older, "", "x" * 40} - {newer}:
        answer = await guest.submit(WITH_CODE, phone=freelancer.phone, code=code)
        assert (answer.status_code, "not the newest code" in answer.text) == (401, True)
        assert 'name="code"' in answer.text
    assert await changed_tables(database, before) == COUNTED
    assert (await guest.look("/console/work")).status_code == 303
    await ask_for_code(guest, freelancer.phone)
    newest = (await codes_of(database, freelancer.phone))[-1]
    with clock.travelled_to(clock.now() + timedelta(minutes=5, seconds=1)):
        late = await guest.submit(WITH_CODE, phone=freelancer.phone, code=newest)
    assert (late.status_code, (await guest.look("/console/work")).status_code) == (401, 303)


async def test_a_code_works_once(database: Database, guest: Guest, freelancer: User, web_url: str) -> None:
    """Sent again, also from another browser, it is refused and changes nothing but the count."""
    await ask_for_code(guest, freelancer.phone)
    (code,) = await codes_of(database, freelancer.phone)
    assert (await guest.submit(WITH_CODE, phone=freelancer.phone, code=code)).status_code == 303
    before = await contents_of(database)
    async with httpx.AsyncClient(base_url=web_url, timeout=20) as client:
        thief = Guest(client)
        await thief.look(DOOR)
        assert (await thief.submit(WITH_CODE, phone=freelancer.phone, code=code)).status_code == 401
        assert (await thief.look("/console/work")).status_code == 303
    assert await changed_tables(database, before) == {"sign_in_failures"}


async def test_a_form_of_another_browser_is_refused_with_the_right_code(
    database: Database, guest: Guest, freelancer: User, web_url: str
) -> None:
    """A page elsewhere cannot sign somebody in as somebody else; the code stays good for the form it belongs to."""
    await ask_for_code(guest, freelancer.phone)
    (code,) = await codes_of(database, freelancer.phone)
    token = guest.token()
    before = await contents_of(database)
    async with httpx.AsyncClient(base_url=web_url, timeout=20) as client:
        for with_cookie in (False, True):
            if with_cookie:
                await client.get(DOOR)
            for address in (CODE, WITH_CODE):
                answer = await client.post(address, data={"csrf": token, "phone": freelancer.phone, "code": code})
                assert (answer.status_code, "open for too long" in answer.text) == (403, True)
                assert "khaacho_session" not in client.cookies
    assert await changed_tables(database, before) == set()
    assert (await guest.submit(WITH_CODE, phone=freelancer.phone, code=code)).status_code == 303


async def test_a_second_page_of_the_door_does_not_spoil_the_first(
    database: Database, guest: Guest, freelancer: User
) -> None:
    """Looking at the sign-in or the sign-up in another tab, while the code is on its way, is nothing bad."""
    await ask_for_code(guest, freelancer.phone)
    token = guest.token()
    await guest.look(DOOR)
    await guest.look("/console/sign-up")
    (code,) = await codes_of(database, freelancer.phone)
    answer = await guest.client.post(WITH_CODE, data={"csrf": token, "phone": freelancer.phone, "code": code})
    assert answer.status_code == 303


async def test_five_wrong_codes_lock_the_phone_and_then_the_right_one_waits(
    database: Database, guest: Guest, freelancer: User
) -> None:
    """They count as wrong passwords do. Nothing but attempts is written; after the half minute another code works."""
    await ask_for_code(guest, freelancer.phone)
    (code,) = await codes_of(database, freelancer.phone)
    for _ in range(5):
        assert (await guest.submit(WITH_CODE, phone=freelancer.phone, code="x")).status_code == 401
    before = await contents_of(database)
    locked = await guest.submit(WITH_CODE, phone=freelancer.phone, code=code)
    assert (locked.status_code, "Please wait 1 min" in locked.text) == (429, True)
    assert (await guest.sign_in(freelancer.phone)).status_code == 429
    assert await changed_tables(database, before) == set()
    with clock.travelled_to(clock.now() + timedelta(seconds=31)):
        await ask_for_code(guest, freelancer.phone)
        newer = (await codes_of(database, freelancer.phone))[-1]
        assert (await guest.submit(WITH_CODE, phone=freelancer.phone, code=newer)).status_code == 303


async def test_known_unknown_and_suspended_phones_are_answered_alike(
    database: Database, guest: Guest, freelancer: User, make_user: MakeUser
) -> None:
    """Both pages are the same but for the number; only who may come in is sent anything."""
    suspended = await make_user(ActorRole.FREELANCER, status=UserStatus.SUSPENDED)
    pages, refusals, codes = set(), set(), []
    for phone in (freelancer.phone, new_phone(), suspended.phone):
        asked = await ask_for_code(guest, phone)
        refused = await guest.submit(WITH_CODE, phone=phone, code="x")
        assert (asked.status_code, refused.status_code) == (200, 401)
        spaced = f"+977 {phone[4:7]}-{phone[7:]}"
        pages.add(asked.text.replace(phone, "").replace(spaced, "").replace(phone.removeprefix("+"), ""))
        refusals.add(refused.text.replace(phone, "").replace(phone.removeprefix("+"), ""))
        codes.append(len(await codes_of(database, phone)))
    assert (len(pages), len(refusals), codes) == (1, 1, [1, 0, 0])


async def test_who_was_suspended_meanwhile_is_told_so_only_with_the_right_code(
    database: Database, guest: Guest, make_user: MakeUser
) -> None:
    """Whoever shows that they hold the phone may know what its account is; no session begins."""
    waiting = await make_user(ActorRole.FREELANCER, status=UserStatus.PENDING)
    await guest.look("/console/sign-up")
    await guest.submit("/console/sign-up/code", phone=waiting.phone)
    (code,) = await codes_of(database, waiting.phone)
    answer = await guest.submit(WITH_CODE, phone=waiting.phone, code=code)
    assert (answer.status_code, "not active yet" in answer.text) == (403, True)
    assert "khaacho_session" not in guest.client.cookies


async def test_a_retailer_is_sent_to_whatsapp_and_a_freelancer_behind_the_same_phone_is_not(
    database: Database, guest: Guest, make_retailer: MakeRetailer, make_user: MakeUser
) -> None:
    """Of the roles of one phone those that have pages come first, and of these the one whose page was wanted."""
    retailer = await make_retailer()
    await ask_for_code(guest, retailer.phone)
    code = (await codes_of(database, retailer.phone))[-1]
    answer = await guest.submit(WITH_CODE, phone=retailer.phone, code=code)
    assert (answer.status_code, "Your shop lives on WhatsApp" in answer.text) == (403, True)
    assert "khaacho_session" not in guest.client.cookies
    await make_user(ActorRole.FREELANCER, phone=retailer.phone)
    for wanted, home in (("", "/console/work"), ("/console/work/history", "/console/work/history")):
        await ask_for_code(guest, retailer.phone)
        code = (await codes_of(database, retailer.phone))[-1]
        answer = await guest.submit(WITH_CODE, phone=retailer.phone, code=code, next=wanted)
        assert answer.headers["location"] == home
        await guest.look(home)
        await guest.submit("/console/sign-out")
    await make_user(ActorRole.OPERATOR, phone=retailer.phone)
    for wanted in ("/console", "/console/work"):
        await ask_for_code(guest, retailer.phone)
        code = (await codes_of(database, retailer.phone))[-1]
        answer = await guest.submit(WITH_CODE, phone=retailer.phone, code=code, next=wanted)
        assert answer.headers["location"] == wanted
        await guest.look(wanted)
        await guest.submit("/console/sign-out")


async def test_codes_are_few(database: Database, guest: Guest, freelancer: User, serve: Serve) -> None:
    """[X13] Five for one phone in a quarter of an hour, wherever they are asked for; what is no number sends none."""
    for _ in range(4):
        assert (await ask_for_code(guest, freelancer.phone)).status_code == 200
    await guest.look("/console/sign-up")
    assert (await guest.submit("/console/sign-up/code", phone=freelancer.phone)).status_code == 200
    await ask_for_code(guest, freelancer.phone)
    answer = await guest.submit(CODE, phone=freelancer.phone, again="1")
    assert (answer.status_code, "Please wait 15 min" in answer.text) == (429, True)
    assert 'name="code"' in answer.text
    assert len(await codes_of(database, freelancer.phone)) == 5
    before = await contents_of(database)
    for address in (CODE, WITH_CODE):
        await guest.look(DOOR)
        answer = await guest.submit(address, phone="namaste", code="1")
        assert (answer.status_code, "984-1000000" in answer.text) == (422, True)
        assert 'name="password"' in answer.text
    assert await changed_tables(database, before) == set()
    with serve(KHAACHO_SIGN_INS_PER_MINUTE=2) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            hasty = Guest(client)
            answers = [(await ask_for_code(hasty, new_phone())).status_code for _ in range(4)]
    # The minute may turn in between.
    assert answers.count(200) <= 3
    assert answers.count(429) >= 1


async def test_where_to_look_is_said_only_where_no_whatsapp_is_connected(
    guest: Guest, freelancer: User, serve: Serve
) -> None:
    """The address of the chat is on the page with the code's field where the simulator is the channel."""
    with serve(KHAACHO_SIMULATOR="on") as url:
        async with httpx.AsyncClient(base_url=url) as client:
            page = await ask_for_code(Guest(client), freelancer.phone)
    assert f'href="/console/chat?left=%2B{freelancer.phone[1:]}"' in page.text
    with serve(KHAACHO_SIMULATOR="off") as url:
        async with httpx.AsyncClient(base_url=url) as client:
            page = await ask_for_code(Guest(client), freelancer.phone)
    assert "/console/chat" not in page.text
