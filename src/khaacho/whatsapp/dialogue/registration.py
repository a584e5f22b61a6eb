"""How somebody unknown becomes a shop: three questions (four without a phone), then a person approves."""

from __future__ import annotations

import re

import msgspec

from khaacho.actors import SYSTEM
from khaacho.errors import AlreadyExists, ValidationFailed
from khaacho.parties.actions import register_retailers
from khaacho.parties.phones import parse_phone
from khaacho.parties.records import Locale, NewRetailer, PartyStatus
from khaacho.platform.database import Transaction
from khaacho.whatsapp.contacts import link_contact
from khaacho.whatsapp.dialogue.notes import Notes, Registration, RegistrationStep, write_notes
from khaacho.whatsapp.dialogue.staff import tell_staff
from khaacho.whatsapp.dialogue.talk import reply
from khaacho.whatsapp.records import Contact, Reply
from khaacho.whatsapp.wording import in_both

NAME_LENGTH_MAX = 80
INTENT = "registration"

_QUESTIONS = {
    RegistrationStep.SHOP: "ask_shop",
    RegistrationStep.OWNER: "ask_owner",
    RegistrationStep.CITY: "ask_city",
    RegistrationStep.PHONE: "ask_phone",
}
_NO_NAME = re.compile(r"^\W*(?:hi+|hello|hey|namaste|namaskar|help|ok|yes|no|नमस्ते|नमस्कार)\W*$", re.IGNORECASE)


async def register(tx: Transaction, contact: Contact, notes: Notes, text: str) -> Reply:
    """The next step of somebody we do not know: welcome, then one question after the other."""
    going = notes.registration
    if going is None:
        await _remember(tx, contact, notes, Registration(step=RegistrationStep.SHOP))
        return reply(in_both(lambda words: f"{words.welcome}\n\n{words.ask_shop}"), intent=INTENT)
    answer = " ".join(text.split())[:NAME_LENGTH_MAX]
    if len(answer) < 2 or _NO_NAME.match(answer):
        return _ask(going.step)
    match going.step:
        case RegistrationStep.SHOP:
            step = msgspec.structs.replace(going, shop=answer, step=RegistrationStep.OWNER)
        case RegistrationStep.OWNER:
            step = msgspec.structs.replace(going, owner=answer, step=RegistrationStep.CITY)
        case RegistrationStep.CITY:
            step = msgspec.structs.replace(going, city=answer, step=RegistrationStep.PHONE)
            if contact.phone is not None:
                return await _finish(tx, contact, notes, step, contact.phone)
        case RegistrationStep.PHONE:
            return await _take_phone(tx, contact, notes, going, answer)
    await _remember(tx, contact, notes, step)
    return _ask(step.step)


async def _take_phone(tx: Transaction, contact: Contact, notes: Notes, going: Registration, said: str) -> Reply:
    try:
        phone = parse_phone(said)
    except ValidationFailed:
        return reply(in_both(lambda words: words.not_a_phone), intent=INTENT)
    return await _finish(tx, contact, notes, going, phone)


async def _finish(tx: Transaction, contact: Contact, notes: Notes, going: Registration, phone: str) -> Reply:
    """Register as PENDING. A phone somebody only claims to have never opens the shop that has it."""
    new = NewRetailer(
        pasal_name=going.shop,
        owner_name=going.owner,
        city=going.city,
        phone=phone,
        locale=Locale.NE,
        status=PartyStatus.PENDING,
    )
    await _remember(tx, contact, notes, None)
    try:
        async with tx.savepoint():
            (retailer,) = await register_retailers(tx, SYSTEM, retailers=[new])
    except AlreadyExists:
        note = f"👤 {contact.provider_user_id or contact.phone} says to be {going.shop}, {going.city}, {phone}."
        await tell_staff(tx, f"registration-known:{contact.id}:{phone}", note)
        return reply(in_both(lambda words: words.phone_is_known), intent=INTENT)
    if contact.phone is None:
        await link_contact(tx, contact.id, retailer_id=retailer.id)
    note = f"🆕 {going.shop} ({retailer.code}), {going.owner}, {going.city}, {phone} waits for approval."
    await tell_staff(tx, f"registered:{retailer.id}", note)
    return reply(in_both(lambda words: words.registered.format(shop=going.shop)), intent=INTENT)


def _ask(step: RegistrationStep) -> Reply:
    return reply(in_both(lambda words: str(getattr(words, _QUESTIONS[step]))), intent=INTENT)


async def _remember(tx: Transaction, contact: Contact, notes: Notes, going: Registration | None) -> None:
    await write_notes(tx, contact.id, msgspec.structs.replace(notes, registration=going))
