"""What a message does to a basket: add, take away, set, replace, keep only, by name or by line number.

Pure: a basket and drafts in, a new basket out. The words of the catalogue's people decide the operation
("hatau", "thap", "ghatau", "hoina", "remove", "only"); in Nepali and Hindi the verb follows its object, in
English it leads.
"""

import re
from decimal import Decimal

from msgspec import Struct, structs

from .deciding import EQUAL_MARGIN, Habits, decide
from .drafts import Draft
from .intents import plain_text
from .matching import WordFinder
from .operations import (
    KEEP_ONLY,
    ORDINALS,
    POSITION,
    SEND_ONLY,
    TIMES_ALL,
    Operation,
    find_leading,
    find_trailing,
    sets_all,
)
from .quantities import Fit, count, is_sellable
from .records import Ask, BasketLine, Line, Thresholds, Unknown
from .sound import plain_of
from .text import CleanText
from .tokens import Kind, Token
from .units import MEASURES

# "One carton coke aur": at the very end these add.
_MORE = frozenset({"aur", "aru", "और", "अरु", "अरू", "plus"})
_LAST = -1
# By the first letter of "triple", "aadha", "half"; anything else is double.
_FACTORS = {"t": Decimal(3), "a": Decimal("0.5"), "h": Decimal("0.5")}


class Edited(Struct, frozen=True, kw_only=True):
    """The basket after the message, what needs asking, what nobody knows; `changed` if any line did."""

    basket: tuple[BasketLine, ...]
    ask: tuple[Ask, ...]
    unknown: tuple[Unknown, ...]
    changed: bool


class _Basket:
    """The lines while they are edited."""

    def __init__(self, lines: tuple[BasketLine, ...], finder: WordFinder) -> None:
        self.lines = {line.sku: line.quantity for line in lines}
        self.first = dict(self.lines)
        self.finder = finder
        self.ask: list[Ask] = []
        self.unknown: list[Unknown] = []

    def find_lines(self, draft: Draft) -> list[str]:
        """The skus of the basket a draft's words speak of, best first; all equals."""
        if draft.sku:
            return [draft.sku] if draft.sku in self.lines else []
        index = self.finder.index
        words = tuple(t.text for t in draft.words if t.kind is Kind.WORD)
        if not words:
            return []
        matches = self.finder.find_matches(words, tuple(t.text for t in draft.words if t.kind is Kind.NOISE))
        own = [c for c in matches.candidates if index.products[c.position].item.sku in self.lines]
        if not own or own[0].score < 0.6:
            return []
        # Something outside the basket may fit the words far better: then it is a new product.
        if own[0].score < matches.best - 0.12:
            return []
        return [index.products[c.position].item.sku for c in own if c.score >= own[0].score - EQUAL_MARGIN]


def edit_basket(
    lines: tuple[BasketLine, ...],
    tokens: list[Token],
    drafts: list[Draft],
    text: CleanText,
    finder: WordFinder,
    habits: Habits,
    thresholds: Thresholds,
) -> Edited:
    """Apply everything the message says to the basket."""
    basket = _Basket(lines, finder)
    plain = plain_text(text.letters)
    if times := TIMES_ALL.search(plain):
        factor = _FACTORS.get((times[1] or times[2])[0], Decimal(2))
        basket.lines = {sku: quantity * factor for sku, quantity in basket.lines.items()}
        return _edited(basket)
    drafts = _with_inherited_units(drafts)
    if KEEP_ONLY.search(plain) or (SEND_ONLY.search(plain) and not any(d.amounts for d in drafts)):
        _keep_only(basket, drafts)
        return _edited(basket)
    if sets_all(tokens) and _set_all(basket, tuple(t for d in drafts for t in d.amounts)):
        return _edited(basket)
    if _edit_by_position(basket, plain, tokens, drafts):
        return _edited(basket)
    operation: Operation | None = None
    previous: Draft | None = None
    operations = _operations_of(drafts, tokens)
    for i, draft in enumerate(drafts):
        following = drafts[i + 1] if i + 1 < len(drafts) else None
        own = operations[i]
        operation = own or (operation if previous and not draft.amounts else None)
        if draft.is_rejected:
            is_done = previous is None or bool(previous.amounts)
            _replace(basket, draft, previous, is_done=is_done, text=text, habits=habits, thresholds=thresholds)
        elif following is not None and _gives_way(draft, following):
            pass
        elif draft.corrects and previous is not None:
            _swap(basket, previous, draft, text, habits, thresholds, operation)
        else:
            _apply(basket, draft, operation, text, habits, thresholds)
        previous = draft
    return _edited(basket)


def _gives_way(draft: Draft, following: Draft) -> bool:
    """Is it told by what follows what becomes of this one ("X hoina Y", "Y, X hoina")?"""
    return draft.has_name and (following.corrects or (following.is_rejected and not draft.amounts))


def _edited(basket: _Basket) -> Edited:
    return Edited(
        basket=tuple(BasketLine(sku=sku, quantity=q) for sku, q in basket.lines.items() if q > 0),
        ask=tuple(basket.ask),
        unknown=tuple(basket.unknown),
        changed=basket.lines != basket.first,
    )


def _with_inherited_units(drafts: list[Draft]) -> list[Draft]:
    """ "A half a carton, B also half": a bare fraction is of the unit said before."""
    out: list[Draft] = []
    unit = ""
    for draft in drafts:
        amounts = tuple(
            structs.replace(t, unit=unit)
            if t.unit == "" and t.value is not None and t.value % 1 and not t.is_wala and unit
            else t
            for t in draft.amounts
        )
        out.append(structs.replace(draft, amounts=amounts))
        said = [t.unit for t in amounts if t.unit and t.unit not in MEASURES]
        unit = said[-1] if said else unit
    return out


def _operations_of(drafts: list[Draft], tokens: list[Token]) -> list[Operation | None]:
    """What is to be done with each draft; "A ra B hatau" takes both out."""
    found: list[Operation | None] = []
    for i, draft in enumerate(drafts):
        following = drafts[i + 1] if i + 1 < len(drafts) else None
        found.append(_operation_of(draft, drafts[i - 1] if i else None, following, tokens))
    for i in range(len(drafts) - 2, -1, -1):
        bare = not drafts[i].amounts and not drafts[i + 1].amounts and drafts[i].has_name
        if bare and found[i] is None and found[i + 1] is Operation.REMOVE:
            found[i] = Operation.REMOVE
    return found


def _operation_of(
    draft: Draft, previous: Draft | None, following: Draft | None, tokens: list[Token]
) -> Operation | None:
    """The operation said for this draft: after it first (Nepali, Hindi), then before it (English)."""
    until = following.start if following else 1 << 30
    since = previous.end if previous else -1
    after: list[Token] = []
    for token in tokens:
        if token.kind is Kind.BREAK and token.start >= draft.end:
            break
        if draft.start <= token.start < until and token.kind not in (Kind.WORD, Kind.CODE, Kind.INSTEAD):
            after.append(token)
        if token.kind is Kind.AND and token.text in _MORE and token is _last_said(tokens):
            return Operation.ADD
    led = [find_leading(t) for t in tokens if since <= t.start < draft.start and t.kind is not Kind.WORD]
    lead = next((op for op in reversed(led) if op), None)
    last = _last_said(tokens)
    if last and last.kind is Kind.INSTEAD and following is None and not draft.amounts and last.start >= draft.end:
        # "… chini hoina", and nothing instead.
        return Operation.REMOVE
    if draft.amounts:
        # "10 kg nai" insists on ten; only "chini nai" says no.
        after = [t for t in after if plain_of(t.text) != "nai"]
    found = [op for t in after if (op := find_trailing(t)) and not (lead and following and _leads_next(t, tokens))]
    for wanted in (Operation.REMOVE, Operation.TAKE, Operation.ADD, Operation.SET):
        if wanted in found and (wanted is not Operation.SET or lead is None):
            return wanted
    return lead or (found[0] if found else None)


def _last_said(tokens: list[Token]) -> Token | None:
    return next((t for t in reversed(tokens) if t.kind not in (Kind.NOISE, Kind.BREAK)), None)


def _leads_next(token: Token, tokens: list[Token]) -> bool:
    """Is this English verb the start of the next wish ("remove A and add B")?"""
    if find_leading(token) is None:
        return False
    after = [t for t in tokens if t.start > token.start]
    return bool(after) and not re.fullmatch(r"gar\w*|kar\w*", plain_of(after[0].text))


def _apply(
    basket: _Basket,
    draft: Draft,
    operation: Operation | None,
    text: CleanText,
    habits: Habits,
    thresholds: Thresholds,
) -> None:
    own = basket.find_lines(draft) if draft.has_name else _sole_line(basket)
    sizes_only = bool(draft.amounts) and all(t.unit in MEASURES for t in draft.amounts)
    may_resize = own and sizes_only and operation is not Operation.REMOVE
    if may_resize and _resize(basket, own[0], draft, text, habits, thresholds):
        return
    if operation is Operation.REMOVE and not draft.amounts:
        for sku in own:
            basket.lines.pop(sku, None)
        return
    if own and draft.amounts:
        quantity, sku = _quantity_for(basket, own, draft)
        if quantity is not None:
            if operation is Operation.ADD:
                basket.lines[sku] += quantity
            elif operation in (Operation.TAKE, Operation.REMOVE):
                basket.lines[sku] -= min(quantity, basket.lines[sku])
            else:
                basket.lines[sku] = quantity
            return
    if operation in (Operation.REMOVE, Operation.TAKE) or not draft.has_name:
        return
    if own and operation is Operation.SET and _resize(basket, own[0], draft, text, habits, thresholds):
        return
    _add_new(basket, draft, text, habits, thresholds)


def _resize(basket: _Basket, sku: str, draft: Draft, text: CleanText, habits: Habits, thresholds: Thresholds) -> bool:
    """ "Cola 500 ml instead" while another size is in the basket: the other size, same quantity unless said.

    False, and nothing changed, if there is no other size to take.
    """
    product = basket.finder.index.find_product(sku)
    if product is None or product.is_loose or not draft.has_name or count(product, draft.amounts).has_size:
        return False
    amounts = draft.amounts
    if all(t.unit in MEASURES for t in amounts):
        said = Token(kind=Kind.AMOUNT, text="", start=draft.start, end=draft.start, value=basket.lines[sku])
        amounts = (*amounts, said)
    outcome = decide(structs.replace(draft, amounts=amounts), text, basket.finder, habits, thresholds)
    if isinstance(outcome, Line):
        items = list(basket.lines.items())
        place = [old for old, _ in items].index(sku)
        items[place] = (outcome.sku, outcome.quantity)
        basket.lines = dict(items)
        return True
    return False


def _add_new(basket: _Basket, draft: Draft, text: CleanText, habits: Habits, thresholds: Thresholds) -> None:
    outcome = decide(draft, text, basket.finder, habits, thresholds)
    if isinstance(outcome, Line):
        basket.lines[outcome.sku] = basket.lines.get(outcome.sku, Decimal(0)) + outcome.quantity
    elif isinstance(outcome, Ask) and draft.amounts:
        basket.ask.append(outcome)
    elif isinstance(outcome, Unknown):
        basket.unknown.append(outcome)


def _sole_line(basket: _Basket) -> list[str]:
    return list(basket.lines) if len(basket.lines) == 1 else []


def _quantity_for(basket: _Basket, own: list[str], draft: Draft) -> tuple[Decimal | None, str]:
    """The said amount in selling units of the best basket line whose size agrees."""
    best: tuple[Decimal | None, str] = (None, own[0])
    for sku in own:
        product = basket.finder.index.find_product(sku)
        if product is None:
            continue
        counted = count(product, draft.amounts)
        if counted.fit is Fit.GOOD and counted.quantity is not None:
            return counted.quantity, sku
    return best


def _swap(
    basket: _Basket,
    old: Draft,
    new: Draft,
    text: CleanText,
    habits: Habits,
    thresholds: Thresholds,
    operation: Operation | None,
) -> None:
    """ "X hoina Y": Y takes X's place, with X's quantity if it has none of its own."""
    own = basket.find_lines(old)
    if not own:
        _apply(basket, new, operation, text, habits, thresholds)
        return
    same = basket.find_lines(new)
    if same and same[0] == own[0] and new.amounts:
        _apply(basket, new, None, text, habits, thresholds)
        return
    _replace(basket, old, new, is_done=False, text=text, habits=habits, thresholds=thresholds)


def _replace(
    basket: _Basket,
    rejected: Draft,
    wanted: Draft | None,
    *,
    is_done: bool,
    text: CleanText,
    habits: Habits,
    thresholds: Thresholds,
) -> None:
    """Take the rejected line out; if the wanted one is not in yet, put it in with the old quantity."""
    own = [sku for sku in basket.find_lines(rejected) if wanted is None or sku not in basket.find_lines(wanted)]
    if not own:
        return
    quantity = basket.lines.pop(own[0])
    if is_done or wanted is None:
        return
    before = list(basket.lines)
    if wanted.amounts and any(t.unit not in MEASURES for t in wanted.amounts):
        _add_new(basket, wanted, text, habits, thresholds)
    else:
        said = Token(kind=Kind.AMOUNT, text="", start=wanted.start, end=wanted.start, value=quantity)
        _add_new(basket, structs.replace(wanted, amounts=(*wanted.amounts, said)), text, habits, thresholds)
    _move_new_to(basket, before, list(basket.first).index(own[0]) if own[0] in basket.first else len(before))


def _move_new_to(basket: _Basket, before: list[str], place: int) -> None:
    new = [sku for sku in basket.lines if sku not in before]
    order = [*before[:place], *new, *before[place:]]
    basket.lines = {sku: basket.lines[sku] for sku in order}


def _keep_only(basket: _Basket, drafts: list[Draft]) -> None:
    kept: dict[str, Decimal] = {}
    for draft in drafts:
        for sku in basket.find_lines(draft) if draft.has_name else []:
            quantity, which = _quantity_for(basket, [sku], draft)
            kept[which] = quantity if quantity is not None and draft.amounts else basket.lines[sku]
    if kept:
        basket.lines = kept


def _set_all(basket: _Basket, amounts: tuple[Token, ...]) -> bool:
    """Give every line the amount that can have it; False where none can."""
    renewed: dict[str, Decimal] = {}
    for sku in basket.lines:
        product = basket.finder.index.find_product(sku)
        counted = count(product, amounts) if product else None
        if counted is not None and counted.quantity is not None and counted.fit is Fit.GOOD:
            renewed[sku] = counted.quantity
    basket.lines |= renewed
    return bool(renewed)


def _edit_by_position(basket: _Basket, plain: str, tokens: list[Token], drafts: list[Draft]) -> bool:
    """ "Number 2 three cartons", "remove item 2", "the second one out"."""
    number = None
    if not any(d.has_name for d in drafts):
        number = next((n for word, n in ORDINALS.items() if re.search(rf"\b{word}\b", plain)), None)
    match = POSITION.search(plain) if number is None else None
    if match:
        number = int(next(digits for digits in match.groups() if digits))
    if number == _LAST:
        number = len(basket.lines)
    if number is None or not 1 <= number <= len(basket.lines):
        return False
    sku = list(basket.lines)[number - 1]
    product = basket.finder.index.find_product(sku)
    amounts = tuple(t for d in drafts for t in d.amounts)
    if match:
        position = next((t for t in amounts if t.value == number and t.unit == ""), None)
        amounts = tuple(t for t in amounts if t is not position)
    operations = {op for t in tokens if (op := find_trailing(t) or find_leading(t))}
    if amounts and product is not None:
        counted = count(product, amounts)
        if counted.quantity is None or not is_sellable(product, counted.quantity):
            return False
        adds, takes = Operation.ADD in operations, Operation.TAKE in operations
        old = basket.lines[sku]
        basket.lines[sku] = old + counted.quantity if adds else old - counted.quantity if takes else counted.quantity
        return True
    if Operation.REMOVE in operations:
        del basket.lines[sku]
        return True
    return False
