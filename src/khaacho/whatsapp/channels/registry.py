"""Which adapters this process speaks through, from the settings."""

from __future__ import annotations

from khaacho.settings import Settings
from khaacho.whatsapp.channels.cloud import CloudChannel
from khaacho.whatsapp.channels.port import Channels
from khaacho.whatsapp.channels.simulator import SimulatorChannel
from khaacho.whatsapp.channels.twilio import TwilioChannel
from khaacho.whatsapp.records import Channel


def open_channels(settings: Settings) -> Channels:
    """The channels whose credentials are set, and the simulator where it is switched on."""
    channels: dict[Channel, TwilioChannel | CloudChannel | SimulatorChannel] = {}
    if settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_whatsapp_from:
        channels[Channel.TWILIO] = TwilioChannel(settings)
    if settings.meta_access_token and settings.meta_phone_number_id:
        channels[Channel.CLOUD] = CloudChannel(settings)
    if settings.simulator_on:
        channels[Channel.SIMULATOR] = SimulatorChannel()
    return channels
