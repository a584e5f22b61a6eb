"""What is said about paying later, in English and Nepali: reminders, promises, and credit that is paused or open again.

Respectful and human, never a threat [C42]: what is open, since when, how to pay, and what stays possible. The fields
are one record, so that no language can lack anything; a test sees that both have the same places.
"""

from __future__ import annotations

import msgspec


class PayingWords(msgspec.Struct, frozen=True, kw_only=True):
    """Everything we say about paying later, in one language."""

    one_day: str
    many_days: str

    # --- reminders ---
    reminder_head: str
    reminder_one: str
    reminder_many: str
    reminder_due_tomorrow: str
    reminder_due_today: str
    reminder_was_due: str
    reminder_total: str
    reminder_foot: str

    # --- promises ---
    promise_which_day: str
    promise_confirm: str
    promise_noted: str
    promise_dropped: str
    promise_too_far: str
    promise_amount_wrong: str
    nothing_owed: str

    # --- credit paused, blocked, open again ---
    paused_by_rule: str
    paused_by_person: str
    blocked: str
    still_to_pay: str
    cod_stays: str
    reopens_when_paid: str
    ask_us: str
    resumed_by_rule: str
    resumed_by_person: str
    paused_by_rule_brief: str
    paused_by_person_brief: str
    blocked_brief: str
    resumed_brief: str


ENGLISH = PayingWords(
    one_day="1 day",
    many_days="{count} days",
    reminder_head="🙏 Namaste {name}, a small reminder from Khaacho.",
    reminder_one="To be paid:",
    reminder_many="To be paid, {count} items:",
    reminder_due_tomorrow="{amount}, due tomorrow, {date}; open for {open_days}",
    reminder_due_today="{amount}, due today, {date}; open for {open_days}",
    reminder_was_due="{amount}, was due {date}, {late_days} ago; open for {open_days}",
    reminder_total="Together: {total}",
    reminder_foot=(
        "PAY tells how to pay. Paid already? Write PAID and we will look. "
        'Need a few days? Write the day, like: "I will pay on Friday". Thank you 🙏'
    ),
    promise_which_day=(
        "🙏 Thank you! Which day will you pay? For example: tomorrow, Friday, 5 gate, or a date like {example}"
    ),
    promise_confirm="📅 You will pay {amount} by {weekday}, {date}. Is that right? Reply YES or NO.",
    promise_noted="🙏 Thank you! Noted: {amount} by {weekday}, {date}. We will not remind you until then.",
    promise_dropped="All right, nothing is noted. Write the day whenever you know it, like: I will pay on Friday.",
    promise_too_far="🙏 That day is past or too far away. Please name a day within the next {days}.",
    promise_amount_wrong="🙏 {owed} is open at the moment. Please name an amount up to that, or only the day.",
    nothing_owed="👏 There is nothing to pay at the moment. Thank you!",
    paused_by_rule=(
        "🙏 Namaste {name}, {amount} has been open for {days}, longer than the {allowed} we agreed on. "
        "So new orders on credit rest for now."
    ),
    paused_by_person="🙏 Namaste {name}, new orders on credit rest for now: {reason}",
    blocked="🙏 Namaste {name}, ordering on credit is closed for now: {reason}",
    still_to_pay="Still to pay: {owed}",
    cod_stays="💵 Orders paid at the door (COD) stay possible as always.",
    reopens_when_paid="As soon as {amount} is paid, credit opens again by itself. PAY tells how to pay.",
    ask_us="To open it again, write SUPPORT and we will look at it together. PAY tells how to pay.",
    resumed_by_rule="🎉 Thank you, {name}! Your credit is open again. Available: {available}",
    resumed_by_person="🎉 Good news, {name}: your credit is open again. Available: {available}",
    paused_by_rule_brief=(
        "{amount} has been open for {days}, so new orders on credit rest. COD stays possible; paying it opens credit."
    ),
    paused_by_person_brief="new orders on credit rest: {reason}. To pay: {owed}. COD stays possible; ask us to reopen.",
    blocked_brief="ordering on credit is closed: {reason}. To pay: {owed}. COD stays possible; ask us to reopen.",
    resumed_brief="your credit is open again. Available: {available}.",
)

NEPALI = PayingWords(
    one_day="1 दिन",
    many_days="{count} दिन",
    reminder_head="🙏 नमस्ते {name}, खाचोबाट सानो सम्झना।",
    reminder_one="तिर्न बाँकी:",
    reminder_many="तिर्न बाँकी, {count} वटा:",
    reminder_due_tomorrow="{amount}, म्याद भोलि {date}; {open_days} भयो",
    reminder_due_today="{amount}, म्याद आज {date}; {open_days} भयो",
    reminder_was_due="{amount}, म्याद {date}, {late_days} नाघ्यो; {open_days} भयो",
    reminder_total="जम्मा: {total}",
    reminder_foot=(
        "तिर्ने तरिका हेर्न PAY लेख्नुहोस्। तिरिसक्नुभयो भने PAID लेख्नुहोस्, हामी हेर्छौं। "
        "केही दिन चाहिए दिन लेख्नुहोस्, जस्तै: शुक्रबार तिर्छु। धन्यवाद 🙏"
    ),
    promise_which_day="🙏 धन्यवाद! कुन दिन तिर्नुहुन्छ? जस्तै: भोलि, शुक्रबार, ५ गते, वा {example}",
    promise_confirm="📅 {amount} {weekday}, {date} सम्म तिर्नुहुन्छ। ठीक हो? YES वा NO लेख्नुहोस्।",
    promise_noted="🙏 धन्यवाद! टिप्यौं: {amount}, {weekday}, {date} सम्म। त्यति बेलासम्म सम्झाउने छैनौं।",
    promise_dropped="ठीक छ, केही टिपेनौं। दिन थाहा भएपछि लेख्नुहोस्, जस्तै: शुक्रबार तिर्छु।",
    promise_too_far="🙏 त्यो दिन बितिसक्यो वा धेरै टाढा छ। अबको {days} भित्रको दिन लेख्नुहोस्।",
    promise_amount_wrong="🙏 अहिले तिर्न बाँकी {owed} छ। त्यति वा कम रकम लेख्नुहोस्, वा दिन मात्र।",
    nothing_owed="👏 अहिले तिर्न बाँकी केही छैन। धन्यवाद!",
    paused_by_rule=(
        "🙏 नमस्ते {name}, {amount} तिर्न बाँकी रहेको {days} भयो, मिलेको {allowed} भन्दा बढी। "
        "त्यसैले अहिले नयाँ अर्डर उधारोमा रोकिएको छ।"
    ),
    paused_by_person="🙏 नमस्ते {name}, अहिले नयाँ अर्डर उधारोमा रोकिएको छ: {reason}",
    blocked="🙏 नमस्ते {name}, अहिले उधारोमा अर्डर बन्द छ: {reason}",
    still_to_pay="तिर्न बाँकी: {owed}",
    cod_stays="💵 नगद (COD) मा अर्डर सधैं जस्तै मिल्छ।",
    reopens_when_paid="{amount} तिर्नासाथ उधारो आफैं खुल्छ। तिर्ने तरिका हेर्न PAY लेख्नुहोस्।",
    ask_us="फेरि खोल्न SUPPORT लेख्नुहोस्, सँगै हेरौंला। तिर्ने तरिका हेर्न PAY।",
    resumed_by_rule="🎉 धन्यवाद {name}! तपाईंको उधारो फेरि खुल्यो। उपलब्ध: {available}",
    resumed_by_person="🎉 {name}, खुसीको खबर: तपाईंको उधारो फेरि खुल्यो। उपलब्ध: {available}",
    paused_by_rule_brief="{amount} बाँकी रहेको {days} भयो, नयाँ उधारो रोकिएको छ। COD मिल्छ; तिरेपछि उधारो खुल्छ।",
    paused_by_person_brief="नयाँ उधारो रोकिएको छ: {reason}। तिर्न बाँकी: {owed}। COD मिल्छ; खोल्न हामीलाई भन्नुहोस्।",
    blocked_brief="उधारो बन्द छ: {reason}। तिर्न बाँकी: {owed}। COD मिल्छ; खोल्न हामीलाई भन्नुहोस्।",
    resumed_brief="तपाईंको उधारो फेरि खुल्यो। उपलब्ध: {available}।",
)

WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ne": ("सोमबार", "मंगलबार", "बुधबार", "बिहीबार", "शुक्रबार", "शनिबार", "आइतबार"),
}


def paying_words_for(locale: str) -> PayingWords:
    """As `words_for`."""
    return ENGLISH if locale == "en" else NEPALI
