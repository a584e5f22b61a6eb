"""The page of reminders names whom nobody can reach, with what to do about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fixtures.debtors import MakeDebtor, Owes
from tests.integration.console.conftest import SignedIn

from khaacho import clock
from khaacho.parties.phones import unreachable_phone
from khaacho.platform.database import Database
from khaacho.whatsapp.contacts import ensure_contact, opt_out


@pytest.mark.parametrize(
    ("lang", "no_phone", "stopped"),
    [
        ("en", "We have no telephone of it: somebody has to go there", "It wrote STOP: somebody has to call"),
        ("ne", "फोन नम्बर छैन: कोही भेट्न जानुपर्छ", "सन्देश बन्द गरेको: फोन गर्नुपर्छ"),
    ],
)
async def test_whom_nobody_can_reach_is_left_out_with_the_reason(
    signed_in: SignedIn,
    database: Database,
    make_debtor: MakeDebtor,
    owes: Owes,
    lang: str,
    no_phone: str,
    stopped: str,
) -> None:
    """[C40] Among those left out, in both languages; never among the texts that will be sent."""
    delivered_at = clock.now() - timedelta(days=6)
    mute = await make_debtor(pasal_name="Mute Pasal", phone=unreachable_phone(1))
    silent = await make_debtor(pasal_name="Silent Pasal")
    for shop in (mute, silent):
        await owes(shop, 700, opened_at=delivered_at)
    async with database.transaction() as tx:
        await opt_out(tx, (await ensure_contact(tx, silent.phone)).id)
    guest = await signed_in()
    page = (await guest.look(f"/console/reminders?day=today&lang={lang}")).text
    texts, left_out = page.split('id="left-title"')
    for name, reason in (("Mute Pasal", no_phone), ("Silent Pasal", stopped)):
        assert name not in texts
        assert name in left_out
        assert reason in left_out
    assert "+999" not in page
