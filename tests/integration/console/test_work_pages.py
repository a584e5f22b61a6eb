"""What the pages of credits and projects refuse, and paying over a gateway that is not a neighbour."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from tests.fixtures.credits import KEY_SECRET, MakeRider, OpenShop, Shop, assert_credits_hold, units_of
from tests.fixtures.people import MakeUser, MakeVendor
from tests.fixtures.projects import Apply, MakeProject, credits_of
from tests.fixtures.purchases import Buy
from tests.fixtures.trade import contents_of
from tests.integration.console.conftest import PASSWORD, Guest, SignedIn

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.parties.records import User
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.database import Database
from khaacho.prepaid.gateways.signatures import payment_signature
from khaacho.prepaid.orders import find_unpaid_orders
from khaacho.projects.actions import cancel_project
from khaacho.projects.queries import find_projects, require_application, require_project
from khaacho.projects.records import ApplicationStatus, ProjectStatus

EnterAs = Callable[..., Awaitable[Guest]]


@pytest.fixture
async def enter(web_url: str) -> AsyncIterator[EnterAs]:
    """`await enter(user)`: that user at the console, of this application or of another one."""
    opened: list[httpx.AsyncClient] = []

    async def make(user: User, url: str = web_url) -> Guest:
        client = httpx.AsyncClient(base_url=url, timeout=20)
        opened.append(client)
        guest = Guest(client)
        assert (await guest.sign_in(user.phone)).status_code == 303
        return guest

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
async def rider(make_rider: MakeRider) -> User:
    """A freelancer with three credits who can sign in."""
    return await make_rider(units=3, password_hash=await hash_password(PASSWORD))


@pytest.fixture
async def market(open_shop: OpenShop) -> AsyncIterator[Shop]:
    """A running application whose gateway is another one, as a real gateway is."""
    async with open_shop() as opened:
        yield opened


async def buy_seven(database: Database, guest: Guest, rider: User) -> tuple[httpx.Response, UUID, str]:
    """Set out to buy seven; answers the redirect, our order and what the gateway calls it."""
    await guest.look("/console/work")
    key = guest.page.split('name="key" value="')[1].split('"')[0]
    answer = await guest.submit("/console/work/buy", key=key, gateway="RAZORPAY", units="7")
    async with database.reading() as tx:
        (order,) = await find_unpaid_orders(tx, rider.id, since=clock.now() - timedelta(days=1), limit=5)
    assert order.gateway_order_id is not None
    return answer, order.id, order.gateway_order_id


async def test_a_real_gateway_is_paid_on_its_own_page_and_posts_the_proof_back(
    database: Database, market: Shop, rider: User, enter: EnterAs
) -> None:
    """[P10, P11] The form to Razorpay's hosted checkout is on the purchase's page, which alone may send it; the proof
    that comes back without a session is carried over to one, and credits once.
    """
    guest = await enter(rider, market.url)
    answer, order_id, name = await buy_seven(database, guest, rider)
    assert answer.headers["location"] == f"/console/work/purchases/{order_id}"
    page = await guest.look(answer.headers["location"])
    assert f'action="{market.gateway_url}/sandbox/razorpay/v1/checkout/embedded"' in page.text
    assert f'name="order_id" value="{name}"' in page.text
    assert f'name="callback_url" value="{market.url}/console/work/paid"' in page.text
    assert f"form-action 'self' {market.gateway_url}" in page.headers["content-security-policy"]
    assert market.gateway_url not in (await guest.look("/console/work")).headers["content-security-policy"]
    proof = await market.pay(name)
    returned = {
        "razorpay_order_id": proof["razorpayOrderId"],
        "razorpay_payment_id": proof["razorpayPaymentId"],
        "razorpay_signature": proof["razorpaySignature"],
    }
    async with httpx.AsyncClient(base_url=market.url) as stranger:
        back = await stranger.post("/console/work/paid", data=returned)
    assert back.status_code == 303
    assert await units_of(database, rider) == 3
    for _ in range(2):
        arrived = await guest.look(back.headers["location"])
        assert arrived.headers["location"] == f"/console/work/purchases/{order_id}"
        assert await units_of(database, rider) == 10
    assert "7 credits are yours" in (await guest.look(arrived.headers["location"])).text
    await assert_credits_hold(database)


async def test_a_form_sent_twice_is_one_purchase(database: Database, market: Shop, rider: User, enter: EnterAs) -> None:
    """[P10] A nervous thumb, or the browser's back button."""
    guest = await enter(rider, market.url)
    await buy_seven(database, guest, rider)
    await guest.look("/console/work")
    form = {"key": "one-page", "gateway": "RAZORPAY", "units": "9", "csrf": guest.token()}
    addresses = [(await guest.client.post("/console/work/buy", data=form)).headers["location"] for _ in range(2)]
    assert addresses[0] == addresses[1]


async def test_a_proof_that_is_not_signed_or_not_ones_own_brings_nothing(
    database: Database, market: Shop, rider: User, make_rider: MakeRider, enter: EnterAs
) -> None:
    """[P11] A forged one is refused before anything else; one of somebody else's order when they are known."""
    guest = await enter(rider, market.url)
    _, _, name = await buy_seven(database, guest, rider)
    forged = {"razorpay_order_id": name, "razorpay_payment_id": "pay_x", "razorpay_signature": "0" * 64}
    assert (await guest.client.post("/console/work/paid", data=forged)).status_code == 403
    proof = await market.pay(name)
    other = await enter(await make_rider(password_hash=await hash_password(PASSWORD)), market.url)
    signed = payment_signature(KEY_SECRET, name, proof["razorpayPaymentId"])
    query = f"razorpay_order_id={name}&razorpay_payment_id={proof['razorpayPaymentId']}&razorpay_signature={signed}"
    assert (await other.look(f"/console/work/paid?{query}")).status_code == 404
    assert await units_of(database, rider) == 3


async def test_who_gave_up_may_try_again(database: Database, market: Shop, rider: User, enter: EnterAs) -> None:
    """[P10] A failed payment comes back without a proof, giving up by the gateway's link: both to the purchase."""
    guest = await enter(rider, market.url)
    _, order_id, _ = await buy_seven(database, guest, rider)
    async with httpx.AsyncClient(base_url=market.url) as stranger:
        back = await stranger.post("/console/work/paid", data={"error[code]": "BAD_REQUEST_ERROR"})
    assert (back.status_code, back.headers["location"]) == (303, "/console/work/paid?failed=razorpay")
    again = await guest.look(back.headers["location"])
    assert again.headers["location"] == f"/console/work/purchases/{order_id}?failed=1"
    assert "The payment was not made" in (await guest.look(again.headers["location"])).text
    assert await units_of(database, rider) == 3


async def test_purchases_and_receipts_of_others_are_not_there(
    database: Database, rider: User, make_rider: MakeRider, buy: Buy, enter: EnterAs
) -> None:
    """[P34] One's own is a page and a PDF, to somebody else it is nothing."""
    bought = await buy(rider.as_actor())
    mine = await enter(rider)
    other = await enter(await make_rider(password_hash=await hash_password(PASSWORD)))
    for address, kind in ((f"purchases/{bought.order_id}", b"<!do"), (f"receipts/{bought.movement_id}", b"%PDF")):
        assert (await mine.look(f"/console/work/{address}")).content[:4] == kind
        assert (await other.look(f"/console/work/{address}")).status_code == 404


async def test_less_than_was_quoted_is_not_withdrawn(
    database: Database, rider: User, make_project: MakeProject, apply: Apply, enter: EnterAs
) -> None:
    """[P22] The page was open while the half hour passed; in the day after nothing would come back any more."""
    application = await apply(rider.as_actor(), await make_project())
    guest = await enter(rider)
    await guest.look("/console/work/applications")
    assert "gives back 1 of 1 (100 %)" in guest.page
    with clock.travelled_to(clock.now() + timedelta(hours=25)):
        guest = await enter(rider)
        await guest.look("/console/work/applications")
        assert "gives back 0 of 1 (0 %)" in guest.page
        answer = await guest.submit(f"/console/work/applications/{application.id}/withdraw", quoted="1")
        assert answer.status_code == 409
        assert "Meanwhile less would come back" in answer.text
        async with database.reading() as tx:
            assert (await require_application(tx, application.id)).status is ApplicationStatus.PENDING
        await guest.submit(f"/console/work/applications/{application.id}/withdraw", quoted="0")
    async with database.reading() as tx:
        assert (await require_application(tx, application.id)).status is ApplicationStatus.WITHDRAWN
    assert await credits_of(database, rider.id) == 2


async def test_an_application_says_how_it_stands_where_people_look(
    database: Database,
    admin: Actor,
    rider: User,
    enter: EnterAs,
    signed_in: SignedIn,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P20, P4] Work one applied to says so among the open work; once its project fell, an application waits no more,
    for neither side; the history names the work and what paid.
    """
    project, other = await make_project(title="Carry <rice>"), await make_project(title="Photos")
    await apply(rider.as_actor(), project)
    guest, desk = await enter(rider), await signed_in()
    listed = (await guest.look("/console/work/projects")).text
    assert [row.count("You have applied") for row in (listed.split("<li>")[-2], listed.split("<li>")[-1])] == [0, 1]
    address = f"/console/projects/{project.id}"
    assert "Waiting" in (await desk.look(address)).text
    assert 'class="badge waiting"' in (await guest.look("/console/work/applications")).text
    async with database.transaction() as tx:
        await cancel_project(tx, admin, project.id, reason="the bridge is closed")
    assert "Waiting" not in (await desk.look(address)).text
    applied = (await guest.look("/console/work/applications")).text
    assert 'class="badge waiting"' not in applied
    assert "Cancelled" in applied
    spent = (await guest.look("/console/work/history?type=SPEND")).text
    assert "Carry &lt;rice&gt;" in spent
    assert "from given credits" in spent
    assert other.title not in spent


async def test_a_wholesaler_runs_their_own_projects_and_sees_no_others(
    database: Database,
    rider: User,
    enter: EnterAs,
    make_vendor: MakeVendor,
    signed_in: SignedIn,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P20] Posting, giving the work away, and done; another's project is not there, and credits are the team's.

    Once the work is given, and not before, the two sides have each other's telephone.
    """
    theirs = await make_vendor(password_hash=await hash_password(PASSWORD))
    guest = await signed_in(theirs)
    await guest.look("/console/projects/new")
    key = guest.page.split('name="key" value="')[1].split('"')[0]
    fields = {"key": key, "title": "Carry rice", "category": "DELIVERY", "budget": "2,500"}
    token = guest.token()
    for _ in range(2):
        posted = await guest.client.post("/console/projects", data={"csrf": token, **fields})
        assert posted.status_code == 303
    async with database.reading() as tx:
        (project,) = await find_projects(tx, moment=clock.now(), owner_id=theirs.user_id, limit=5)
    assert project.budget_paisa == 2_500_00
    application = await apply(rider.as_actor(), project)
    address = f"/console/projects/{project.id}"
    freelancer = await enter(rider)

    async def see_each_other() -> tuple[bool, bool]:
        mine = (await freelancer.look("/console/work/applications")).text
        return rider.phone in (await guest.look(address)).text, theirs.phone in mine

    assert await see_each_other() == (False, False)
    await guest.submit(f"{address}/assign", application=str(application.id))
    assert await see_each_other() == (True, True)
    await guest.submit(f"{address}/complete")
    assert await see_each_other() == (True, True)
    async with database.reading() as tx:
        assert (await require_project(tx, project.id)).status is ProjectStatus.COMPLETED
    other = await make_project()
    assert (await guest.look(f"/console/projects/{other.id}")).status_code == 404
    await guest.look(address)
    assert (await guest.submit(f"/console/projects/{other.id}/cancel", reason="not mine")).status_code == 404
    await guest.look(address)
    assert (await guest.submit(f"{address}/refund")).status_code == 403
    for page in ("/console/credits", "/console/credits/people", "/console/credits/settings", "/console/credits/export"):
        assert (await guest.look(page)).status_code == 403, page


async def test_an_operator_looks_and_does_not_touch(
    database: Database, rider: User, signed_in: SignedIn, make_project: MakeProject, apply: Apply
) -> None:
    """[P20, P30] Figures, ledgers and files are theirs; adjusting, prices, refunds and others' projects are an admin's:
    each is refused, and no row of any table is another afterwards.
    """
    project = await make_project()
    application = await apply(rider.as_actor(), project)
    guest = await signed_in(role=ActorRole.OPERATOR)
    for page in ("", "/people", f"/people/{rider.id}", "/export", "/export?format=xlsx"):
        assert (await guest.look(f"/console/credits{page}")).status_code == 200, page
    assert (await guest.look("/console/credits/settings")).status_code == 403
    await guest.look(f"/console/projects/{project.id}")
    assert "/cancel" not in guest.page
    token = guest.token()
    before = await kept(database)
    forms = {
        f"/console/credits/people/{rider.id}/adjust": {"units": "5", "reason": "because I like them", "key": "one"},
        "/console/credits/settings": {"base_price_paisa": "1"},
        "/console/credits/packages": {},
        f"/console/projects/{project.id}/refund-one": {"application": str(application.id), "cause": "ADMIN"},
        **{
            f"/console/projects/{project.id}/{act}": {"application": str(application.id), "reason": "not mine"}
            for act in ("assign", "reject", "complete", "close", "cancel", "refund")
        },
    }
    for address, fields in forms.items():
        answer = await guest.client.post(address, data={"csrf": token, **fields})
        assert answer.status_code == 403, address
    assert await kept(database) == before


async def kept(database: Database) -> dict[str, str]:
    """Every table but the counting of requests, which looking itself moves."""
    return {table: rows for table, rows in (await contents_of(database)).items() if table != "rate_limits"}


async def test_an_admin_pays_back_those_whom_closing_left_without_an_answer(
    database: Database, rider: User, make_user: MakeUser, signed_in: SignedIn, make_project: MakeProject, apply: Apply
) -> None:
    """[P22] Closing gives nothing back; the admin's word does, once."""
    project = await make_project()
    await apply(rider.as_actor(), project)
    guest = await signed_in()
    address = f"/console/projects/{project.id}"
    await guest.look(address)
    await guest.submit(f"{address}/close", reason="nobody fits")
    assert await credits_of(database, rider.id) == 2
    assert f'action="{address}/refund"' in (await guest.look(address)).text
    for _ in range(2):
        await guest.look(address)
        await guest.submit(f"{address}/refund")
        assert await credits_of(database, rider.id) == 3
    page = (await guest.look(address)).text
    assert "1 of 1 applications" in page
    assert f'action="{address}/refund"' not in page
    await assert_credits_hold(database)
