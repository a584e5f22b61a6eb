"""What freelancers are told, in both languages: credits, answers, refunds. Plain words, one thought a message."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from khaacho.parties.records import Locale


class FreelancerWords(msgspec.Struct, frozen=True, kw_only=True):
    """Texts with their values in braces. `refunded` has one per cause; `because` goes before a reason."""

    welcome: str
    bought: str
    low: str
    none_left: str
    approved: str
    rejected: str
    because: str
    refunded: Mapping[str, str]
    refunded_otherwise: str


FREELANCER_WORDS: dict[Locale, FreelancerWords] = {
    Locale.EN: FreelancerWords(
        welcome="🙏 Welcome {name}! You may apply to projects now; one application takes credits.",
        bought="✅ Your payment arrived. Credits bought: {units}; you have {balance} now.",
        low="🪙 Credits left: {balance}. Buy some in time, so that you can go on applying.",
        none_left="🪙 That was your last credit. To apply to more projects, buy some.",
        approved="🎉 You got the work: *{title}*.\n{client}, 📞 {phone}",
        rejected="Your application to *{title}* was not chosen{because}.",
        because=": {reason}",
        refunded={
            "PROJECT_CANCELLED": "*{title}* was cancelled. Credits back: {units}; you have {balance} now.",
            "PROJECT_EXPIRED": "*{title}* found nobody in time. Credits back: {units}; you have {balance} now.",
        },
        refunded_otherwise="Credits back for *{title}*: {units}; you have {balance} now.",
    ),
    Locale.NE: FreelancerWords(
        welcome="🙏 {name}, स्वागत छ! अब परियोजनामा आवेदन दिन सक्नुहुन्छ; एउटा आवेदनमा क्रेडिट लाग्छ।",
        bought="✅ तपाईंको भुक्तानी आयो: {units} क्रेडिट। अहिले {balance} छ।",
        low="🪙 {balance} क्रेडिट बाँकी छ। आवेदन दिइरहन समयमै किन्नुहोस्।",
        none_left="🪙 यो अन्तिम क्रेडिट थियो। अरू परियोजनामा आवेदन दिन किन्नुहोस्।",
        approved="🎉 काम तपाईंले पाउनुभयो: *{title}*।\n{client}, 📞 {phone}",
        rejected="*{title}* मा तपाईंको आवेदन छानिएन{because}।",
        because=": {reason}",
        refunded={
            "PROJECT_CANCELLED": "*{title}* रद्द भयो। {units} क्रेडिट फिर्ता आयो; अहिले {balance} छ।",
            "PROJECT_EXPIRED": "*{title}* को म्याद सकियो। {units} क्रेडिट फिर्ता आयो; अहिले {balance} छ।",
        },
        refunded_otherwise="*{title}* को {units} क्रेडिट फिर्ता गरियो; अहिले {balance} छ।",
    ),
}
