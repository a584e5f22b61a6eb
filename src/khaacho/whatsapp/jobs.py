"""The channel's jobs: draining a contact's inbox, sending what waits for them, and the sweep that misses nobody."""

from __future__ import annotations

from khaacho.platform.database import Database, Transaction
from khaacho.platform.queue import JobHandlers, Schedule
from khaacho.settings import Settings
from khaacho.whatsapp.catalog_index import GoodsKeeper
from khaacho.whatsapp.channels.port import Channels
from khaacho.whatsapp.channels.registry import open_channels
from khaacho.whatsapp.dialogue.respond import respond as respond_to
from khaacho.whatsapp.follow_up import FOLLOW_UP
from khaacho.whatsapp.inbox import Respond, Turn, drain_contact
from khaacho.whatsapp.nudges import DrainContact, SendMessages
from khaacho.whatsapp.records import Channel, Reply
from khaacho.whatsapp.reminding import REMIND
from khaacho.whatsapp.sending import send_waiting
from khaacho.whatsapp.sweep import SWEEP

SCHEDULES: list[Schedule] = [SWEEP, FOLLOW_UP, REMIND]


def handlers(settings: Settings, *, respond: Respond | None = None, channels: Channels | None = None) -> JobHandlers:
    """The handlers of a worker, with the dialogue and the channels of the settings unless others are given."""
    speaking = open_channels(settings) if channels is None else channels
    default = Channel(settings.whatsapp_channel)
    keeper = GoodsKeeper()

    async def send(database: Database, job: SendMessages) -> None:
        await send_waiting(database, speaking, default=default, contact_id=job.contact_id)

    async def drain(database: Database, job: DrainContact) -> None:
        # The replies go out from here, as soon as they are committed; the job queued with them then finds nothing.
        if await drain_contact(database, job.contact_id, respond or await _dialogue(keeper, database)):
            await send_waiting(database, speaking, default=default, contact_id=job.contact_id)

    return {DrainContact: drain, SendMessages: send}


async def _dialogue(keeper: GoodsKeeper, database: Database) -> Respond:
    goods = await keeper.current(database)

    async def answer(tx: Transaction, turn: Turn) -> Reply:
        return await respond_to(tx, turn, goods)

    return answer
