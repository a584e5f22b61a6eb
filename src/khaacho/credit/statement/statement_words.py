"""What a statement of account says, in both languages: on paper, in spreadsheets and on the page. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from khaacho.credit.exposure.aging import Bucket
from khaacho.credit.records import AdjustmentReason, PaymentMethod
from khaacho.credit.statement.statements import StatementKind, StatementLine
from khaacho.parties.records import Locale


class StatementWords(msgspec.Struct, frozen=True, kw_only=True):
    """One language. `page`, `period` and `made` have figures in braces."""

    title: str
    shop: str
    owner: str
    phone: str
    code: str
    period: str
    period_words: str
    beginning: str
    made: str
    bikram_sambat: str
    date: str
    what: str
    debit: str
    credit: str
    balance: str
    opening: str
    brought: str
    carried: str
    total: str
    closing: str
    nothing: str
    foot: str
    owed: str
    overdue: str
    ahead: str
    aging: str
    days: str
    page: str
    taken_back: str
    months: tuple[str, ...]
    kinds: Mapping[StatementKind, str]
    methods: Mapping[PaymentMethod, str]
    reasons: Mapping[AdjustmentReason, str]


ENGLISH = StatementWords(
    title="Statement of account",
    shop="Shop",
    owner="Owner",
    phone="Telephone",
    code="Code",
    period="Time",
    period_words="{since} to {until}",
    beginning="the beginning",
    made="Made on {day}",
    bikram_sambat="{day} BS",
    date="Date",
    what="What",
    debit="Debit (Rs)",
    credit="Credit (Rs)",
    balance="Balance (Rs)",
    opening="Opening balance",
    brought="Brought forward",
    carried="Carried forward",
    total="In this time",
    closing="Closing balance",
    nothing="Nothing moved in this time.",
    foot="A balance below zero is paid ahead. What is held for orders on their way is not in it.",
    owed="Owed",
    overdue="Of it past its due day",
    ahead="Paid ahead",
    aging="How old what is owed is",
    days="{bucket} days",
    page="Page {page} of {pages}",
    taken_back="Taken back: {what}",
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    kinds={
        StatementKind.ORDER: "Goods delivered",
        StatementKind.INVOICE: "Invoice of the earlier book",
        StatementKind.PAYMENT: "Payment",
        StatementKind.ADJUSTMENT: "Adjustment",
        StatementKind.OTHER: "Other change",
    },
    methods={
        PaymentMethod.CASH: "cash",
        PaymentMethod.BANK_TRANSFER: "bank transfer",
        PaymentMethod.MOBILE_MONEY: "mobile money",
        PaymentMethod.CHEQUE: "cheque",
    },
    reasons={
        AdjustmentReason.RETURN: "goods returned",
        AdjustmentReason.DISPUTE: "dispute",
        AdjustmentReason.CHARGEBACK: "chargeback",
        AdjustmentReason.PROMOTION: "promotion",
        AdjustmentReason.WRITE_OFF: "write-off",
        AdjustmentReason.OPENING_BALANCE: "opening balance",
    },
)

NEPALI = StatementWords(
    title="खाता विवरण",
    shop="पसल",
    owner="साहुजी",
    phone="फोन",
    code="कोड",
    period="अवधि",
    period_words="{since} देखि {until} सम्म",
    beginning="सुरु",
    made="{day} मा तयार",
    bikram_sambat="वि.सं. {day}",
    date="मिति",
    what="विवरण",
    debit="नाम (रु)",
    credit="जम्मा (रु)",
    balance="बाँकी (रु)",
    opening="सुरुको बाँकी",
    brought="अघिल्लो भागबाट ल्याएको",
    carried="अर्को भागमा सारेको",
    total="यस अवधिमा",
    closing="अन्तिम बाँकी",
    nothing="यस अवधिमा कुनै कारोबार भएन।",
    foot="बाँकी ऋणात्मक भए अग्रिम तिरिएको हो। बाटोमा रहेका अर्डरका लागि रोकिएको उधारो यसमा छैन।",
    owed="तिर्न बाँकी",
    overdue="त्यसमध्ये म्याद नाघेको",
    ahead="अग्रिम तिरेको",
    aging="बाँकी कति पुरानो",
    days="{bucket} दिन",
    page="पृष्ठ {page} / {pages}",
    taken_back="फिर्ता: {what}",
    months=(
        "जनवरी", "फेब्रुअरी", "मार्च", "अप्रिल", "मे", "जुन",
        "जुलाई", "अगस्ट", "सेप्टेम्बर", "अक्टोबर", "नोभेम्बर", "डिसेम्बर",
    ),
    kinds={
        StatementKind.ORDER: "सामान पुगेको",
        StatementKind.INVOICE: "पुरानो खाताको बिल",
        StatementKind.PAYMENT: "भुक्तानी",
        StatementKind.ADJUSTMENT: "मिलान",
        StatementKind.OTHER: "अन्य",
    },
    methods={
        PaymentMethod.CASH: "नगद",
        PaymentMethod.BANK_TRANSFER: "बैंक ट्रान्सफर",
        PaymentMethod.MOBILE_MONEY: "मोबाइल वालेट",
        PaymentMethod.CHEQUE: "चेक",
    },
    reasons={
        AdjustmentReason.RETURN: "सामान फिर्ता",
        AdjustmentReason.DISPUTE: "विवाद",
        AdjustmentReason.CHARGEBACK: "भुक्तानी फिर्ता",
        AdjustmentReason.PROMOTION: "छुट",
        AdjustmentReason.WRITE_OFF: "मिनाहा",
        AdjustmentReason.OPENING_BALANCE: "सुरुको बाँकी",
    },
)  # fmt: skip

_LANGUAGES = {Locale.EN: ENGLISH, Locale.NE: NEPALI}


def statement_words(locale: Locale) -> StatementWords:
    """The words of a language."""
    return _LANGUAGES[locale]


def describe(entry: StatementLine, words: StatementWords) -> str:
    """'Payment, cash: voucher 12', 'Taken back: Goods delivered: ORD261121-0001'."""
    what = words.kinds[entry.kind]
    if entry.method is not None:
        what = f"{what}, {words.methods[entry.method]}"
    if entry.reason is not None:
        what = f"{what}, {words.reasons[entry.reason]}"
    if named := entry.code or entry.note:
        what = f"{what}: {named}"
    return words.taken_back.format(what=what) if entry.is_reversal else what


def bucket_words(bucket: Bucket, words: StatementWords) -> str:
    """'8-14 days'."""
    return words.days.format(bucket=bucket.value.replace("-", "\u2013"))
