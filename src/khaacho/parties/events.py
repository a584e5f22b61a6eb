"""What the people's domain tells whoever listens."""

from __future__ import annotations

from uuid import UUID

from khaacho.parties.records import Locale
from khaacho.platform.events import Event


class OneTimeCodeIssued(Event, frozen=True, kw_only=True):
    """A code to sign in with was asked for and must reach the phone. It is never logged and soon worthless."""

    phone: str
    code: str
    locale: Locale


class RetailerApproved(Event, frozen=True, kw_only=True):
    """A shop that registered may order from now on."""

    retailer_id: UUID


class FreelancerApproved(Event, frozen=True, kw_only=True):
    """A freelancer may apply for projects from now on."""

    user_id: UUID


class VendorApproved(Event, frozen=True, kw_only=True):
    """A wholesaler that registered may sell from now on."""

    vendor_id: UUID
