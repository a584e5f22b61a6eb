"""The texts approved beforehand, which alone may reach somebody who has not written for a day.

They are registered with the provider under `name` in each language, word for word as here, with {{1}}, {{2}}… where
values go. docs/whatsapp.md tells how. Values stay on one line: providers refuse line breaks in them.
"""

from __future__ import annotations

import re

from khaacho.whatsapp.records import Template

VALUE_LENGTH_MAX = 200

# name → language → text
TEMPLATES: dict[str, dict[str, str]] = {
    "order_request": {
        "en": "New order {{1}} for you: {{2}} items, total {{3}}. Reply MY ORDERS to see it, then ACCEPT or DECLINE.",
        "ne": "तपाईंलाई नयाँ अर्डर {{1}} आएको छ: {{2}} थरी सामान, जम्मा {{3}}। "
        "हेर्न MY ORDERS, लिन ACCEPT, नलिन DECLINE लेख्नुहोस्।",
    },
    "order_update": {
        "en": "Your order {{1}} is now {{2}}. Reply STATUS {{1}} for the details.",
        "ne": "तपाईंको अर्डर {{1}} अहिले {{2}} छ। विवरणका लागि STATUS {{1}} लेख्नुहोस्।",
    },
    "basket_follow_up": {
        "en": "You have an order of {{1}} waiting to be confirmed. Reply YES to place it or CANCEL to drop it.",
        "ne": "तपाईंको {{1}} को अर्डर पक्का गर्न बाँकी छ। पठाउन YES, रद्द गर्न CANCEL लेख्नुहोस्।",
    },
    "payment_thanks": {
        "en": "Thank you {{1}}, we received your payment of {{2}}. Still to pay: {{3}}. {{4}} Reply CREDIT for more.",
        "ne": "धन्यवाद {{1}}, तपाईंको {{2}} भुक्तानी पायौं। तिर्न बाँकी: {{3}}। {{4}} विवरणका लागि CREDIT लेख्नुहोस्।",
    },
    "payment_reminder": {
        "en": "Namaste {{1}}, a small reminder from Khaacho: {{2}} to be paid, due {{3}}, open for {{4}} days. "
        "Reply CREDIT for the details or PAY to see how to pay.",
        "ne": "नमस्ते {{1}}, खाचोबाट सानो सम्झना: {{2}} तिर्न बाँकी, म्याद {{3}}, {{4}} दिन भयो। "
        "विवरणका लागि CREDIT, तिर्ने तरिका हेर्न PAY लेख्नुहोस्।",
    },
    "credit_notice": {
        "en": "News about your credit at Khaacho: {{1}} Reply CREDIT for the details.",
        "ne": "खाचोको उधारोबारे जानकारी: {{1}} विवरणका लागि CREDIT लेख्नुहोस्।",
    },
    "account_news": {
        "en": "News from Khaacho: {{1}} Reply HELP to go on.",
        "ne": "खाचोबाट जानकारी: {{1}} अघि बढ्न HELP लेख्नुहोस्।",
    },
    "alert": {
        "en": "Khaacho needs a person to look: {{1}} Open the console for more.",
        "ne": "खाचोमा मान्छेले हेर्नुपर्ने कुरा: {{1}} थप कन्सोलमा हेर्नुहोस्।",
    },
    "one_time_code": {
        "en": "{{1}} is your Khaacho sign-in code. Do not share it with anyone.",
        "ne": "{{1}} तपाईंको खाचो साइन-इन कोड हो। कसैलाई नदिनुहोस्।",
    },
}

_PLACE = re.compile(r"\{\{(\d+)\}\}")


def template(name: str, language: str, *values: str) -> Template:
    """The template filled with `values`, made fit for a provider. Raises KeyError, ValueError when they do not fit."""
    text = TEMPLATES[name][language]
    places = {int(place) for place in _PLACE.findall(text)}
    if places != set(range(1, len(values) + 1)):
        raise ValueError(f"template {name} has {len(places)} places, not {len(values)}")
    tidy = tuple(re.sub(r"\s+", " ", value).strip()[:VALUE_LENGTH_MAX] or "-" for value in values)
    return Template(name=name, language=language, values=tidy)


def render_template(filled: Template) -> str:
    """What the person will read."""
    text = TEMPLATES[filled.name][filled.language]
    return _PLACE.sub(lambda place: filled.values[int(place[1]) - 1], text)
