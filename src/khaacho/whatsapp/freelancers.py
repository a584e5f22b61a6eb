"""What the channel tells freelancers: welcome, credits bought and running low, answers to applications, refunds.

Every saying has the event's subject in its key, so a delivery repeated after a crash says nothing twice.
"""

from __future__ import annotations

from uuid import UUID

from khaacho.parties.events import FreelancerApproved
from khaacho.parties.queries import require_user
from khaacho.parties.records import User
from khaacho.platform.database import Transaction
from khaacho.platform.events import Subscribers
from khaacho.prepaid.events import CreditsBought, CreditsRunLow
from khaacho.projects.events import ApplicationAnswered, ApplicationRefunded
from khaacho.projects.queries import require_application, require_project
from khaacho.projects.records import ApplicationStatus, Project
from khaacho.whatsapp.contacts import ensure_contact
from khaacho.whatsapp.outbox import say
from khaacho.whatsapp.records import Purpose, Saying
from khaacho.whatsapp.wording.freelancer_words import FREELANCER_WORDS
from khaacho.whatsapp.wording.templates import template


async def welcome_freelancer(tx: Transaction, event: FreelancerApproved) -> None:
    """May apply from now on."""
    person = await require_user(tx, event.user_id)
    await _tell(tx, person, f"approved:{person.id}", FREELANCER_WORDS[person.locale].welcome.format(name=person.name))


async def tell_bought(tx: Transaction, event: CreditsBought) -> None:
    """The payment arrived, however the gateway let us know."""
    person = await require_user(tx, event.user_id)
    words = FREELANCER_WORDS[person.locale]
    text = words.bought.format(units=event.units, balance=event.balance_after)
    await _tell(tx, person, f"bought:{event.movement_id}", text)


async def tell_running_low(tx: Transaction, event: CreditsRunLow) -> None:
    """[P34] Few are left, or none."""
    person = await require_user(tx, event.user_id)
    words = FREELANCER_WORDS[person.locale]
    text = words.low if event.balance_after else words.none_left
    await _tell(tx, person, f"low:{event.movement_id}", text.format(balance=event.balance_after))


async def tell_answered(tx: Transaction, event: ApplicationAnswered) -> None:
    """Got the work, and from whom; or did not, and why."""
    person, project = await _applicant(tx, event.application_id)
    words = FREELANCER_WORDS[person.locale]
    if event.status == ApplicationStatus.APPROVED:
        client = await require_user(tx, project.owner_id)
        text = words.approved.format(title=project.title, client=client.name, phone=client.phone)
    else:
        because = words.because.format(reason=event.reason.rstrip(".")) if event.reason else ""
        text = words.rejected.format(title=project.title, because=because)
    await _tell(tx, person, f"answered:{event.application_id}:{event.status}", text)


async def tell_refunded(tx: Transaction, event: ApplicationRefunded) -> None:
    """Credits came back without their doing."""
    person, project = await _applicant(tx, event.application_id)
    words = FREELANCER_WORDS[person.locale]
    text = words.refunded.get(event.cause, words.refunded_otherwise)
    key = f"refunded:{event.application_id}"
    await _tell(tx, person, key, text.format(title=project.title, units=event.units, balance=event.balance_after))


async def _applicant(tx: Transaction, application_id: UUID) -> tuple[User, Project]:
    """Who applied, and to what."""
    application = await require_application(tx, application_id)
    project = await require_project(tx, application.project_id)
    return await require_user(tx, application.freelancer_id), project


async def _tell(tx: Transaction, person: User, key: str, text: str) -> None:
    contact = await ensure_contact(tx, person.phone)
    ready = template("account_news", person.locale, text)
    await say(tx, contact.id, [Saying(key=key, purpose=Purpose.NOTICE, text=text, template=ready)])


SUBSCRIBERS: Subscribers = {
    FreelancerApproved: (welcome_freelancer,),
    CreditsBought: (tell_bought,),
    CreditsRunLow: (tell_running_low,),
    ApplicationAnswered: (tell_answered,),
    ApplicationRefunded: (tell_refunded,),
}
