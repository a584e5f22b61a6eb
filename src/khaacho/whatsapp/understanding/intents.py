"""What a message wants, from its turns of phrase and from what was understood as goods.

Pure: a text, the evidence of the drafts and the context in, scores and one intent out. Goods with amounts
speak for an order; a strong cue ("leaking", "how much is", "I have paid") speaks against it.
"""

import re

from msgspec import Struct

from .cues import CUES, NEGATED_REPEAT, PHRASES, QUESTION, WANTS
from .likening import find_likeness
from .records import Context, Intent, Role
from .signs import SIGNS, find_signs
from .sound import plain_of

_VENDOR = frozenset(
    {
        Intent.ACCEPT,
        Intent.DECLINE,
        Intent.MY_ORDERS,
        Intent.PACKED,
        Intent.DISPATCHED,
        Intent.DELIVERED,
    }
)
_SAID_BY_SHOP = frozenset(Intent) - _VENDOR - {Intent.ORDER, Intent.EDIT, Intent.ANSWER}
_SAID_BY_VENDOR = _VENDOR | {Intent.GREETING, Intent.THANKS, Intent.HELP, Intent.SUPPORT, Intent.STATUS, Intent.OTHER}
_WORDS = re.compile(r"[a-z0-9\u0900-\u097f]+|\?")
# A verb denied in Devanagari ends in a sound that is not written: "मिलेन" is "milena".
_NEGATION = re.compile(r"((?:ै|े|ए|्दि|िन्)न)$")
# Chat spelling: "vayo" for bhayo, "garxu" for garchu, "xaina" and "6aina" for chaina, "thik6" for thik cha.
_CHAT_BHA = re.compile(r"^va(?=y[oe]|k[ao]|i|ek|en|n[de]|e$)")
_CHAT_CHA = re.compile(r"^6(?=(?:a|u|o))|^x(?=[aeiou])|x(?=(?:a|u|an|au|aina|aun|ha|i|yo)$)")
_CHAT_SIX = re.compile(r"(?<=[a-z]{2})6$|(?<=^k)6$")
# Below this sum nothing was said that we know: chit-chat, forwards, spam.
_LEAST = 0.8
_FURTHER_CUES = 0.125
_WANT_WEIGHT = 1.4
_GOODS_WEIGHTS = (0.0, 2.6, 4.2, 5.4)
_UNKNOWN_GOODS_WEIGHT = 1.0
_GOODS_BESIDE_TALK = 0.5
# "2 cartons of cola; do you have soda?" orders, and asks.
_ASKS_BESIDE = 2.0
_NAMED_WEIGHT = 0.9
_CONFIRM_WORDS_MAX = 9
_LONE_WISH_WORDS_MAX = 4
_GIVEN_THERE, _TOOK = 2.4, 1.4
# What a vendor means where a shop would mean the first.
_SOLD_INSTEAD = {
    Intent.CONFIRM: Intent.ACCEPT,
    Intent.CANCEL: Intent.DECLINE,
    Intent.RECENT_ORDERS: Intent.MY_ORDERS,
}
# "2 cartons ordered, one came", "how much is a carton": goods of a story or of a question are no wish.
_STORY_IDEAS = frozenset({"got", "had asked", "return", "billed", "short"})
_STORY, _STORY_GOODS, _PRICED_GOODS_MAX = 3.2, 0.4, 1
_SURE_PAYMENT = 2.0
# "… 24 pieces, payment by eSewa tomorrow" is an order.
_PAY_BESIDE_GOODS = 2.0


class Evidence(Struct, frozen=True, kw_only=True):
    """What the drafts gave: goods with an amount, goods only named, amounts of things nobody knows.

    `unknown_counted` of the unknown were said with a unit ("2 carton"), which talk seldom has. `asks_beside`: another
    part of the message asks for something else; `only_goods`: it is nothing but names of goods; `sized_only`: sizes
    were said, and nothing was counted or priced.
    """

    goods: int = 0
    named: int = 0
    unknown: int = 0
    unknown_counted: int = 0
    edits: int = 0
    asks_beside: bool = False
    only_goods: bool = False
    sized_only: bool = False
    has_order_code: bool = False


def read_phrasebook() -> None:
    """Read the phrasebook now (a sixth of a second), so that no message waits for it."""
    find_likeness("namaste dai", find_ideas, plain_text, frozenset())


def plain_text(letters: str) -> str:
    """The text as the cues read it: plain words with single blanks, question marks kept."""
    words = (plain_of(_NEGATION.sub(r"\1ा", word)) if word != "?" else word for word in _WORDS.findall(letters))
    return " ".join(_CHAT_BHA.sub("bha", _CHAT_CHA.sub("ch", _CHAT_SIX.sub(" cha", word))) for word in words)


def find_ideas(plain: str) -> frozenset[str]:
    """The signs of the text, and "question" where it asks."""
    return find_signs(plain) | ({"question"} if QUESTION.search(plain) else frozenset())


def score_intents(plain: str, signs: frozenset[str]) -> dict[Intent, float]:
    """For each intent the sum of its cues, the strongest counting in full and the others an eighth."""
    hits: dict[Intent, list[float]] = {}
    for cue in CUES:
        if cue.signs <= signs and not cue.without & signs:
            hits.setdefault(cue.intent, []).append(cue.weight)
    for intent, weight, pattern in PHRASES:
        if pattern.search(plain):
            hits.setdefault(intent, []).append(weight)
    return {intent: max(weights) + (sum(weights) - max(weights)) * _FURTHER_CUES for intent, weights in hits.items()}


def decide_intent(plain: str, evidence: Evidence, context: Context) -> Intent:
    """The one intent of the message. Everything that weighs in is in the functions below."""
    ideas = find_ideas(plain)
    scores = score_intents(plain, ideas)
    # "For how much do you give it" wants nothing yet.
    wants = WANTS.search(SIGNS["costs"].sub(" ", plain)) is not None
    asks = "question" in ideas
    is_silent = not scores
    wish = Intent.EDIT if context.basket else Intent.ORDER
    _weigh_vendor(scores, ideas, evidence, context, asks=asks)
    _weigh_basket(scores, plain, evidence, context, asks=asks)
    _weigh_goods(scores, ideas, evidence, context, wants=wants, asks=asks)
    if is_silent and evidence.named and evidence.only_goods and len(plain.split()) <= _LONE_WISH_WORDS_MAX:
        scores[wish] = max(scores.get(wish, 0.0), _LEAST)
    if is_silent and evidence.unknown and len(plain.split()) <= _LONE_WISH_WORDS_MAX:
        # "Coriander 5" and nothing else: a wish, though for something nobody sells here.
        scores[wish] = max(scores.get(wish, 0.0), _LEAST)
    if NEGATED_REPEAT.search(plain):
        scores.pop(Intent.REPEAT, None)
    intent, best = max(scores.items(), key=lambda pair: pair[1], default=(Intent.OTHER, 0.0))
    if evidence.goods or evidence.named or evidence.edits or evidence.unknown_counted:
        return intent if best >= _LEAST else Intent.OTHER
    like = find_likeness(plain, find_ideas, plain_text, _sayable(evidence, context))
    if like is not None and (like.is_sure or best < _LEAST):
        return like.intent
    return intent if best >= _LEAST else Intent.OTHER


def _sayable(evidence: Evidence, context: Context) -> frozenset[Intent]:
    """What somebody in this place can mean: a vendor's word is a vendor's, yes and no need something to answer."""
    if context.role is Role.VENDOR:
        return _SAID_BY_VENDOR
    said = _SAID_BY_SHOP if context.basket else _SAID_BY_SHOP - {Intent.CONFIRM}
    return said | _VENDOR if context.role is Role.BOTH or evidence.has_order_code else said


def _weigh_vendor(
    scores: dict[Intent, float], ideas: frozenset[str], evidence: Evidence, context: Context, *, asks: bool
) -> None:
    """Vendor words count in full from a vendor or beside an order code, and little in a question."""
    if evidence.has_order_code and not asks and "given there" in ideas:
        scores.setdefault(Intent.DELIVERED, _GIVEN_THERE)
    if context.role is not Role.RETAILER and not asks:
        if "given there" in ideas:
            scores.setdefault(Intent.DELIVERED, _GIVEN_THERE)
        if "cannot" in ideas:
            # "My car is broken, cannot": why one declines is no complaint.
            scores.pop(Intent.SUPPORT, None)
    if context.role is Role.VENDOR:
        for bought, sold in _SOLD_INSTEAD.items():
            if bought in scores:
                scores[sold] = max(scores.get(sold, 0.0), scores.pop(bought))
        if "took" in ideas and not asks:
            scores.setdefault(Intent.ACCEPT, _TOOK)
    for intent in _VENDOR & scores.keys():
        if context.role is Role.RETAILER and not evidence.has_order_code:
            scores[intent] -= 0.4
        else:
            scores[intent] += 0.8
        if asks and intent is not Intent.MY_ORDERS:
            scores[intent] -= 1.5
        if context.basket and context.role is Role.RETAILER:
            scores[intent] -= 1.5
    if scores.get(Intent.PAY, 0.0) >= _SURE_PAYMENT:
        scores.pop(Intent.DISPATCHED, None)
        if not evidence.has_order_code:
            scores.pop(Intent.DELIVERED, None)
    if Intent.DELIVERED in scores and Intent.DISPATCHED in scores:
        scores[Intent.DISPATCHED] -= 1.0
    if Intent.PACKED in scores and Intent.DISPATCHED in scores:
        scores[Intent.PACKED] -= 0.5
    if evidence.has_order_code and not asks and not _VENDOR & scores.keys():
        scores[Intent.STATUS] = scores.get(Intent.STATUS, 0.0) + 1.0
    if Intent.DECLINE in scores and Intent.CANCEL in scores and not evidence.has_order_code:
        scores[Intent.DECLINE] -= 1.0


def _weigh_basket(scores: dict[Intent, float], plain: str, evidence: Evidence, context: Context, *, asks: bool) -> None:
    """A basket waiting for an answer makes yes and no likely, and goods an edit."""
    short = len(plain.split()) <= _CONFIRM_WORDS_MAX
    if Intent.CONFIRM in scores:
        if context.basket and not asks:
            scores[Intent.CONFIRM] += 0.8
        if not short or evidence.goods or asks:
            scores[Intent.CONFIRM] -= 1.5
        if evidence.has_order_code and not context.basket:
            scores[Intent.ACCEPT] = max(scores.get(Intent.ACCEPT, 0.0), scores[Intent.CONFIRM] + 0.6)
    if Intent.CANCEL in scores and context.basket:
        scores[Intent.CANCEL] += 0.5
    if context.basket and evidence.edits:
        scores[Intent.EDIT] = 3.2 + 0.5 * min(evidence.edits, 3)
    if Intent.CREDIT in scores and Intent.PAY in scores and asks:
        scores[Intent.CREDIT] += 0.3


def _weigh_goods(
    scores: dict[Intent, float],
    ideas: frozenset[str],
    evidence: Evidence,
    context: Context,
    *,
    wants: bool,
    asks: bool,
) -> None:
    goods = _GOODS_WEIGHTS[min(evidence.goods, len(_GOODS_WEIGHTS) - 1)]
    is_meant = wants or evidence.goods or evidence.unknown_counted
    goods += min(evidence.unknown, 2) * _UNKNOWN_GOODS_WEIGHT * (1.0 if is_meant else 0.4)
    if wants and (evidence.goods or evidence.named or evidence.unknown):
        goods += _WANT_WEIGHT
    goods += min(evidence.named, 2) * _NAMED_WEIGHT * (1.0 if wants else 0.3)
    if not goods:
        return
    if Intent.OTHER in scores:
        # "Ten bags of rice, but cheap" is no talk about prices.
        beside = _GOODS_BESIDE_TALK if "dear" in ideas else 0.0
        scores[Intent.OTHER] -= goods if wants else beside
    if evidence.asks_beside and evidence.goods:
        goods += _ASKS_BESIDE
    if not wants and scores.get(Intent.SUPPORT, 0.0) >= _STORY and ideas & _STORY_IDEAS:
        goods *= _STORY_GOODS
    asks_price = "costs" in ideas or ("price" in ideas and (asks or evidence.sized_only))
    if not wants and asks_price and evidence.goods <= _PRICED_GOODS_MAX:
        scores[Intent.CATALOG] = max(scores.get(Intent.CATALOG, 0.0), goods + 0.1)
    if evidence.goods and wants is False and Intent.PAY in scores:
        scores[Intent.PAY] -= _PAY_BESIDE_GOODS
    if Intent.REPEAT in scores and context.last_order:
        scores[Intent.REPEAT] += goods
    elif context.basket:
        scores[Intent.EDIT] = scores.get(Intent.EDIT, 0.0) + goods
    else:
        scores[Intent.ORDER] = goods
