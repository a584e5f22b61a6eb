"""One message in, its meaning out: the whole of the understanding in the order it happens.

Pure and total: no text makes it raise, nothing outside the arguments is read, the same arguments give the
same meaning. Measured speed and accuracy are in docs/understanding.md.
"""

import re
from decimal import Decimal

from msgspec import structs

from .answers import find_answers, settle_quantities
from .deciding import Habits, decide
from .drafts import Draft, read_drafts
from .edits import edit_basket
from .glossary import QUALITIES, concept_of
from .index import CatalogIndex, alias_key
from .intents import Evidence, decide_intent, plain_text
from .matching import WordFinder
from .operations import count_operations, names_lines
from .quantities import count
from .reading import ORDER_CODE, read_tokens
from .records import (
    DEFAULT_THRESHOLDS,
    Ask,
    AskReason,
    BasketLine,
    Context,
    Intent,
    Line,
    Role,
    Thresholds,
    Understanding,
    Unknown,
)
from .signs import find_signs
from .sound import plain_of, plain_pattern
from .text import CleanText, clean
from .tokens import Kind, Token
from .units import MEASURES

_CATALOG_MATCHES_MAX = 20
_TOGETHER_SCORE = 0.88
# Words without an amount in a list with amounts are mostly talk: they must be a product's name exactly.
_NAMED_IN_LIST = 0.96
_PART_SCORE = 0.95
_GOODS_SCORE = 0.6
_WELL_KNOWN = 0.97
_DESCRIBED_MAX = 200
_WORDS_MAX = 12
_REASON = re.compile(
    r"(?:\b(?:because|since|bhanera|kinabhane|kina bhane|kyonki|kyunki|reason|karan)\b\W*)(.+)|[,:\-–]\s*(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_PART_END = re.compile(r"[,;\n!?]|\.(?=\s|$)")
_ONLY_ASKS = plain_pattern(
    r"k|ke|offer\w*|discount|scheme|skim|chut|photo|foto|list|suchi|catalog\w*|brand\w*|naya|new|item\w*"
)
_ASKS_IF_THERE = frozenset({"have", "is there?", "price", "costs"})
_VENDOR_INTENTS = frozenset({Intent.ACCEPT, Intent.DECLINE, Intent.PACKED, Intent.DISPATCHED, Intent.DELIVERED})
_CODE_INTENTS = _VENDOR_INTENTS | {Intent.STATUS, Intent.CANCEL, Intent.SUPPORT, Intent.PAY, Intent.REPEAT}
_BARE_CODE = re.compile(r"(?<![\d.,])(\d{4,6})(?!\d|[.,]\d)")


def understand(
    text: str,
    index: CatalogIndex,
    context: Context = Context(),  # noqa: B008 - a frozen value
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> Understanding:
    """Read one message of a retailer or a vendor. Never raises; unknown things come back as such."""
    letters = clean(text)
    plain = plain_text(letters.letters) or _gesture(text)
    tokens = read_tokens(letters, index)
    finder = WordFinder(index)
    habits = _habits(context)
    drafts = read_drafts(tokens, index, lambda a, b: _are_together(finder, a, b))
    drafts = [part for d in drafts if len(d.words) <= _WORDS_MAX or d.amounts for part in _apart(d, finder)]
    answers = find_answers(plain, tokens, drafts, finder, context)
    if answers:
        settled = settle_quantities(answers, tokens, context.open_questions, index)
        return Understanding(intent=Intent.ANSWER, answers=settled)
    drafts = _of_the_same(drafts, finder)
    outcomes = _outcomes(drafts, letters, finder, habits, thresholds)
    evidence = _evidence(outcomes, drafts, tokens, letters, plain, finder)
    if len(context.basket) == 1 and _is_mere_amount(tokens):
        evidence = structs.replace(evidence, edits=max(evidence.edits, 1))
    cues = _without_goods(plain, letters, outcomes, index)
    intent = decide_intent(cues, evidence, context)
    if intent in (Intent.EDIT, Intent.REPEAT):
        changed = _changed(intent, context, tokens, drafts, letters, finder, habits, thresholds)
        intent = _instead_of_no_change(changed, cues, evidence, context)
        if intent is changed.intent:
            return changed
    if intent is Intent.ORDER:
        asked = _asked_beside(drafts, letters)
        order = _order([(draft, outcome) for draft, outcome in outcomes if draft not in asked])
        if not asked:
            return order
        about = _catalog(asked, letters, finder)
        return structs.replace(order, catalog_terms=about.catalog_terms, catalog_matches=about.catalog_matches)
    if intent is Intent.CATALOG:
        return _catalog(drafts, letters, finder)
    return Understanding(
        intent=intent,
        order_code=_order_code(letters, intent, context),
        said_reason=_reason(letters) if intent in (Intent.DECLINE, Intent.CANCEL) else None,
    )


def _gesture(text: str) -> str:
    """A message of nothing but a picture: thumbs up is yes, a cross is no."""
    if any(sign in text for sign in "👍👌✅🆗☑✔"):
        return "ok"
    return "no" if any(sign in text for sign in "❌👎🚫") else ""


def _habits(context: Context) -> Habits:
    return Habits(
        times={h.sku: h.times for h in context.history},
        aliases={alias_key(a.phrase): a.sku for a in context.aliases},
    )


def _are_together(finder: WordFinder, first: list[Token], second: list[Token]) -> bool:
    words = [t.text for t in (*first, *second) if t.kind is Kind.WORD]
    return len(words) <= _WORDS_MAX and finder.find_matches(tuple(words)).best >= _TOGETHER_SCORE


def _apart(draft: Draft, finder: WordFinder) -> list[Draft]:
    """ "A B C 2 cartons each": one draft per name, where no product bears all the words and each part names one."""
    words = [t for t in draft.words if t.kind is Kind.WORD]
    is_named = not draft.amounts or draft.is_each
    if not is_named or not 2 <= len(words) <= _WORDS_MAX or _are_together(finder, words, []):
        return [draft]
    parts: list[list[Token]] = []
    start = 0
    while start < len(words):
        for end in range(len(words), start, -1):
            if finder.find_matches(tuple(t.text for t in words[start:end])).best >= _PART_SCORE:
                parts.append(words[start:end])
                start = end
                break
        else:
            return [draft]
    return [structs.replace(draft, words=tuple(part), start=part[0].start, end=part[-1].end) for part in parts]


def _borne_with(words: tuple[Token, ...], named: list[Token], finder: WordFinder) -> list[Token]:
    """Of the words named before, those of the best product that also bears the describing ones."""
    index = finder.index
    described = [frozenset(finder.find_word(t.text)) for t in words]
    matches = finder.find_matches(tuple(t.text for t in (*named, *words)))
    for candidate in matches.candidates[:_DESCRIBED_MAX]:
        bears = index.products[candidate.position].words
        if all(ids & bears.keys() for ids in described):
            return [t for t in named if finder.find_word(t.text).keys() & bears.keys()]
    return named


def _of_the_same(drafts: list[Draft], finder: WordFinder) -> list[Draft]:
    """ "Red potato 5, white 3": words that only describe are of what was named before them."""
    out: list[Draft] = []
    named: tuple[Token, ...] = ()
    for draft in drafts:
        words = tuple(t for t in draft.words if t.kind is Kind.WORD)
        describes = bool(words) and all(concept_of(t.text) in QUALITIES for t in words)
        if describes and named and draft.amounts and not draft.corrects:
            kept = _borne_with(words, [t for t in named if concept_of(t.text) not in QUALITIES], finder)
            # Put where the description stands, so that only what was said here is quoted.
            before = tuple(structs.replace(t, start=draft.start, end=draft.start) for t in kept)
            draft = structs.replace(draft, words=(*before, *draft.words))
        elif words:
            named = words
        out.append(draft)
    return out


Outcomes = list[tuple[Draft, Line | Ask | Unknown]]


def _outcomes(
    drafts: list[Draft], text: CleanText, finder: WordFinder, habits: Habits, thresholds: Thresholds
) -> Outcomes:
    """What each draft is; a correction takes the place of what it corrects."""
    outcomes: Outcomes = []
    previous: Draft | None = None
    is_list = any(d.amounts and d.has_name for d in drafts)
    certain = Thresholds(accept=_NAMED_IN_LIST, ask=_NAMED_IN_LIST)
    for draft in drafts:
        if not draft.has_name or draft.is_rejected:
            continue
        bar = certain if is_list and not draft.amounts else thresholds
        outcome = decide(draft, text, finder, habits, bar)
        if outcome is None:
            previous = draft
            continue
        if draft.corrects and outcomes and outcomes[-1][0] is previous:
            outcomes.pop()
        outcomes.append((draft, outcome))
        previous = draft
    return outcomes


def _evidence(
    outcomes: Outcomes,
    drafts: list[Draft],
    tokens: list[Token],
    text: CleanText,
    plain: str,
    finder: WordFinder,
) -> Evidence:
    known = [(d, o) for d, o in outcomes if not isinstance(o, Unknown)]
    counted = [o for d, o in known if d.amounts and (isinstance(o, Line) or o.reason is not AskReason.HOW_MANY)]
    operations = count_operations(tokens, plain)
    has_object = any(d.amounts for d in drafts) or any(_is_goods(d, finder) for d in drafts)
    return Evidence(
        goods=len(counted),
        named=len(known) - len(counted),
        unknown=sum(1 for d, o in outcomes if isinstance(o, Unknown) and d.amounts),
        unknown_counted=sum(1 for d, o in outcomes if isinstance(o, Unknown) and any(t.unit for t in d.amounts)),
        edits=operations if has_object or names_lines(plain) else 0,
        sized_only=all(t.unit in MEASURES for d, _ in known for t in d.amounts)
        and not any(t.text == "price" for t in tokens),
        only_goods=len(known) == sum(1 for d in drafts if d.has_name) and _is_well_known(drafts, finder),
        asks_beside=bool(_asked_beside(drafts, text)),
        has_order_code=ORDER_CODE.search(text.letters) is not None or _BARE_CODE.search(text.letters) is not None,
    )


def _is_mere_amount(tokens: list[Token]) -> bool:
    """ "10 kg nai": an amount and no name; it is of the only line there is."""
    kinds = [t.kind for t in tokens if t.kind not in (Kind.NOISE, Kind.BREAK)]
    return kinds == [Kind.AMOUNT]


def _is_well_known(drafts: list[Draft], finder: WordFinder) -> bool:
    """Are all words spelled, or sounded, as some name's are?"""
    words = [t.text for draft in drafts for t in draft.words if t.kind is Kind.WORD]
    return all(max(finder.find_word(word).values(), default=0.0) >= _WELL_KNOWN for word in words)


def _asked_beside(drafts: list[Draft], text: CleanText) -> list[Draft]:
    """What is only asked for in a message that orders other things: "2 cartons of cola, do you have soda?"."""
    ordered = {draft.stretch for draft in drafts if draft.amounts and draft.has_name}
    if not ordered:
        return []
    return [
        draft
        for draft in drafts
        if draft.has_name and not draft.amounts and draft.stretch not in ordered and _is_asked(draft, text)
    ]


def _is_asked(draft: Draft, text: CleanText) -> bool:
    """Does the sentence part around the draft ask whether it is there?"""
    before = text.letters[: draft.start]
    start = max(before.rfind(sign) for sign in ",;.\n!?") + 1
    after = _PART_END.search(text.letters, draft.end)
    part = text.letters[start : after.end() if after else len(text.letters)]
    return bool(_ASKS_IF_THERE & find_signs(plain_text(part)))


def _without_goods(plain: str, text: CleanText, outcomes: Outcomes, index: CatalogIndex) -> str:
    """The text for the cues without the names of what is ordered: "Good Morning biscuit" greets nobody."""
    letters = list(text.letters)
    masked = False
    for draft, outcome in outcomes:
        if draft.amounts and not isinstance(outcome, Unknown):
            for token in draft.words:
                if token.kind is Kind.WORD and index.knows(token.text):
                    letters[token.start : token.end] = " " * (token.end - token.start)
                    masked = True
    return plain_text("".join(letters)) if masked else plain


def _is_goods(draft: Draft, finder: WordFinder) -> bool:
    words = tuple(t.text for t in draft.words if t.kind is Kind.WORD)
    return bool(draft.sku) or (bool(words) and finder.find_matches(words).best >= _GOODS_SCORE)


def _order(outcomes: Outcomes) -> Understanding:
    """Lines merged by product, questions, and what is not for sale here."""
    any_amount = any(d.amounts for d, _ in outcomes)
    merged: dict[str, Line] = {}
    asks: list[Ask] = []
    unknown: list[Unknown] = []
    for draft, outcome in outcomes:
        if isinstance(outcome, Line):
            before = merged.get(outcome.sku)
            total = outcome.quantity + (before.quantity if before else Decimal(0))
            merged[outcome.sku] = structs.replace(before or outcome, quantity=total)
        elif isinstance(outcome, Unknown):
            unknown.append(outcome)
        elif draft.amounts or not any_amount or _is_sure(outcome):
            asks.append(outcome)
    # "toor/rahar dal 10 kg": another name of what was taken is no question.
    asks = [ask for ask in asks if not (ask.reason is AskReason.HOW_MANY and ask.choices[0] in merged)]
    return Understanding(intent=Intent.ORDER, lines=tuple(merged.values()), ask=tuple(asks), unknown=tuple(unknown))


def _is_sure(ask: Ask) -> bool:
    """A product named without an amount beside others with: asked for only if the name is complete."""
    return ask.reason is AskReason.HOW_MANY


def _changed(
    intent: Intent,
    context: Context,
    tokens: list[Token],
    drafts: list[Draft],
    text: CleanText,
    finder: WordFinder,
    habits: Habits,
    thresholds: Thresholds,
) -> Understanding:
    lines: tuple[BasketLine, ...] = context.basket if intent is Intent.EDIT else context.last_order
    edited = edit_basket(lines, tokens, drafts, text, finder, habits, thresholds)
    return Understanding(intent=intent, ask=edited.ask, unknown=edited.unknown, result=edited.basket)


def _instead_of_no_change(changed: Understanding, cues: str, evidence: Evidence, context: Context) -> Intent:
    """An edit that changes nothing was none, where the words want something else ("bought elsewhere, no need")."""
    if changed.intent is not Intent.EDIT or changed.ask or changed.unknown or changed.result != context.basket:
        return changed.intent
    if evidence.goods:
        return changed.intent
    other = decide_intent(cues, structs.replace(evidence, named=0, unknown=0, edits=0), context)
    return changed.intent if other in (Intent.OTHER, Intent.ORDER) else other


def _catalog(drafts: list[Draft], text: CleanText, finder: WordFinder) -> Understanding:
    """What the question is about, and the products it may mean: those of the size that was said, if there are any."""
    said = [t for d in drafts for t in d.words if t.kind is Kind.WORD]
    # Beside words of the catalogue the others are only the question ("… ko rate k cha").
    about = [t for t in said if finder.knows(t.text)] or [t for t in said if not _ONLY_ASKS.fullmatch(plain_of(t.text))]
    matches = finder.find_matches(tuple(t.text for t in about[:_WORDS_MAX]))
    products = finder.index.products
    found = [
        products[c.position]
        for c in matches.candidates
        if c.score >= max(matches.best - 0.1, 0.5) and products[c.position].item.active
    ]
    if len(about) == 1:
        # "Rice" is a kind of its own before it is a taste of baby food.
        ids = {word_id for term in matches.terms for word_id in term.ids}
        found.sort(key=lambda product: not ids & product.category)
    sizes = tuple(t for d in drafts for t in d.amounts if t.unit in MEASURES)
    found = [p for p in found if count(p, sizes).has_size] or found if sizes else found
    terms = text.said(min(t.start for t in about), max(t.end for t in about)) if about else None
    return Understanding(
        intent=Intent.CATALOG,
        catalog_terms=terms,
        catalog_matches=tuple(p.item.sku for p in found[:_CATALOG_MATCHES_MAX]),
    )


def _order_code(text: CleanText, intent: Intent, context: Context) -> str | None:
    """The order a message speaks of: its whole code, or the digits it ends in."""
    match = ORDER_CODE.search(text.letters)
    if match:
        day, number = match[1], match[2]
        if day:
            return f"ORD{day}-{number}"
        return next(group for group in match.groups()[2:] if group)
    if intent in _CODE_INTENTS and (intent in _VENDOR_INTENTS or context.role is not Role.RETAILER):
        bare = _BARE_CODE.search(text.letters)
        return bare[1] if bare else None
    return None


def _reason(text: CleanText) -> str | None:
    match = _REASON.search(text.original)
    reason = (match[1] or match[2]).strip() if match else ""
    return reason or None
