"""What is said about money that came in, or did not, in English and Nepali [C42].

Thanks first; what was taken back is told plainly and without blame. The fields are one record, so that no language can
lack anything; a test sees that both have the same places.
"""

from __future__ import annotations

import msgspec


class ReceiptWords(msgspec.Struct, frozen=True, kw_only=True):
    """Everything we say about money received, in one language."""

    thanks: str
    remains: str
    next_due: str
    next_was_due: str
    all_paid: str
    paid_ahead: str
    bounced: str
    bounced_brief: str
    no_reason: str
    undone: str
    undone_brief: str
    ask_us: str


ENGLISH = ReceiptWords(
    thanks="🙏 Thank you, {name}! We received your payment of {amount}.",
    remains="Still to pay: {remaining}",
    next_due="Next: {amount}, due {date}",
    next_was_due="Next: {amount}, was due {date}",
    all_paid="👏 Everything is paid.",
    paid_ahead="{ahead} is kept for your next order.",
    bounced="🙏 Namaste {name}, the bank did not pay your cheque of {amount}: {reason}.",
    bounced_brief="the bank did not pay your cheque of {amount}: {reason}. Still to pay: {remaining}.",
    no_reason="it gave no reason",
    undone="🙏 Namaste {name}, we had to take back the payment of {amount} that we had noted for you: {reason}.",
    undone_brief="we took back the payment of {amount} noted for you: {reason}. Still to pay: {remaining}.",
    ask_us="If that does not seem right, write SUPPORT and we will look at it together. PAY tells how to pay.",
)

NEPALI = ReceiptWords(
    thanks="🙏 धन्यवाद {name}! तपाईंको {amount} भुक्तानी पायौं।",
    remains="तिर्न बाँकी: {remaining}",
    next_due="अर्को: {amount}, म्याद {date}",
    next_was_due="अर्को: {amount}, म्याद {date} थियो",
    all_paid="👏 सबै तिरिसक्नुभयो।",
    paid_ahead="{ahead} तपाईंको अर्को अर्डरका लागि राखेका छौं।",
    bounced="🙏 नमस्ते {name}, तपाईंको {amount} को चेक बैंकले भुक्तानी गरेन: {reason}।",
    bounced_brief="तपाईंको {amount} को चेक बैंकले भुक्तानी गरेन: {reason}। तिर्न बाँकी: {remaining}।",
    no_reason="कारण दिएको छैन",
    undone="🙏 नमस्ते {name}, तपाईंको नाममा टिपेको {amount} भुक्तानी हटाउनुपर्‍यो: {reason}।",
    undone_brief="तपाईंको नाममा टिपेको {amount} भुक्तानी हटाइयो: {reason}। तिर्न बाँकी: {remaining}।",
    ask_us="मिलेन जस्तो लागे SUPPORT लेख्नुहोस्, सँगै हेरौंला। तिर्ने तरिका हेर्न PAY।",
)


def receipt_words_for(locale: str) -> ReceiptWords:
    """As `words_for`."""
    return ENGLISH if locale == "en" else NEPALI
