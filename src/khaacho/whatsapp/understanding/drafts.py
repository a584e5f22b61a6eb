"""From tokens to drafts: which words and which amounts belong to one wish.

Hard separators cut; inside a stretch the rhythm of amounts and names does ("1 ctn A 2 dozen B" or
"A 10 B 5"), and the catalogue says whether two neighbouring words can be one product's name. No product is
chosen here.
"""

import re
from collections.abc import Callable

from msgspec import Struct, structs

from .index import CatalogIndex
from .sound import plain_of, sound_of
from .tokens import Kind, Token
from .units import MEASURES

# Verbs that follow their object and end the wish, even without an amount: "soap hataera, powder thapnus".
_ENDS_WISH = re.compile(r"hata\w*|nikal\w*|napatha\w*|thap\w*|ghata\w*|bana(?:u|i)\w*")
Together = Callable[[list[Token], list[Token]], bool]


class Draft(Struct, frozen=True, kw_only=True):
    """One wish as said: its words (noise the catalogue knows included), its amounts, perhaps a code.

    `corrects` says that it takes the place of the draft before it ("… no wait, 8 bags"); `stretch` numbers
    the comma-free stretch it stands in. `is_rejected` is what shall not be ("… instead of 10").
    """

    words: tuple[Token, ...] = ()
    amounts: tuple[Token, ...] = ()
    sku: str = ""
    start: int = 0
    end: int = 0
    corrects: bool = False
    is_rejected: bool = False
    is_each: bool = False
    stretch: int = 0
    noises: tuple[str, ...] = ()

    @property
    def has_name(self) -> bool:
        """Does it name anything at all?"""
        return bool(self.sku) or any(t.kind is Kind.WORD for t in self.words)


def read_drafts(tokens: list[Token], index: CatalogIndex, together: Together) -> list[Draft]:
    """All wishes of the message in order. `together(a, b)` answers whether some product bears both word groups."""
    drafts: list[Draft] = []
    for number, stretch in enumerate(_stretches(tokens, index)):
        found = _drafts_of(stretch, together)
        for draft in found:
            drafts.append(structs.replace(draft, stretch=number))
    return _share_each(_attach_strays(_with_last_rejected(drafts, tokens), together), tokens)


def _with_last_rejected(drafts: list[Draft], tokens: list[Token]) -> list[Draft]:
    """ "Make it veg, chicken hoina": what stands before a last "not" is what shall not be."""
    said = [t for t in tokens if t.kind not in (Kind.NOISE, Kind.BREAK)]
    named = [i for i, draft in enumerate(drafts) if draft.has_name]
    if not said or said[-1].kind is not Kind.INSTEAD or len(named) < 2 or drafts[named[-1]].amounts:
        return drafts
    return [structs.replace(d, is_rejected=True) if i == named[-1] else d for i, d in enumerate(drafts)]


def _stretches(tokens: list[Token], index: CatalogIndex) -> list[list[Token]]:
    """Cut at hard separators, and at connectors that no product's name holds."""
    stretches: list[list[Token]] = [[]]
    for i, token in enumerate(tokens):
        if token.kind is Kind.BREAK or (token.kind is Kind.AND and not _is_in_name(tokens, i, index)):
            stretches.append([])
        elif token.kind is Kind.COLON and not _has_content(stretches[-1]):
            continue
        elif token.kind is Kind.COLON and (
            _is_heading(tokens, i, stretches[-1]) or _is_preface(token, stretches[-1], index)
        ):
            stretches.append([])
        else:
            stretches[-1].append(token)
    return [s for s in stretches if s]


def _has_content(stretch: list[Token]) -> bool:
    return any(t.kind in (Kind.WORD, Kind.CODE, Kind.AMOUNT) for t in stretch)


def _is_heading(tokens: list[Token], i: int, stretch: list[Token]) -> bool:
    """Words without an amount before a colon (not a dash), and after it words: "Vegetables: potato 5"."""
    if tokens[i].text == "-" or any(t.kind in (Kind.AMOUNT, Kind.CODE) for t in stretch):
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        is_name_after = following is not None and following.kind in (Kind.WORD, Kind.CODE)
        return is_name_after and any(t.kind is Kind.NOISE for t in stretch) and tokens[i].text == "-"
    following = tokens[i + 1] if i + 1 < len(tokens) else None
    return following is not None and following.kind in (Kind.WORD, Kind.CODE, Kind.NOISE, Kind.BREAK)


def _is_preface(colon: Token, stretch: list[Token], index: CatalogIndex) -> bool:
    """Words of which the catalogue knows none, before a colon: "please arrange the following: 3 bags …"."""
    if colon.text == "-" or any(t.kind in (Kind.AMOUNT, Kind.CODE) for t in stretch):
        return False
    words = [t.text for t in stretch if t.kind is Kind.WORD]
    return len(words) > 1 and not any(index.knows(w) or sound_of(w) in index.by_sound for w in words)


def _is_in_name(tokens: list[Token], i: int, index: CatalogIndex) -> bool:
    """Is this "and" part of a name the catalogue has ("cream and onion")?"""
    if not 0 < i < len(tokens) - 1 or tokens[i].text == "+":
        return False
    return (sound_of(tokens[i - 1].text), sound_of(tokens[i + 1].text)) in index.linked


class _Group(Struct):
    """Words in a row, or the amounts after or before them."""

    words: list[Token]
    amounts: list[Token]
    sku: str = ""
    corrects: bool = False
    is_rejected: bool = False
    noises: list[str] = []

    @property
    def has_name(self) -> bool:
        return bool(self.sku) or any(t.kind is Kind.WORD for t in self.words)


def _drafts_of(stretch: list[Token], together: Together) -> list[Draft]:
    stretch = _without_purpose(stretch)
    body = [t for t in stretch if t.kind not in (Kind.COLON, Kind.DROP)]
    kinds = [t.kind for t in body if t.kind in (Kind.WORD, Kind.CODE, Kind.AMOUNT)]
    if not kinds:
        return [_draft(_Group(words=[], amounts=[], noises=[t.text for t in body]))] if body else []
    groups = _grouped(body, _amount_leads(body), together)
    return [_draft(group) for group in groups]


def _without_purpose(stretch: list[Token]) -> list[Token]:
    """Without "for Sita", "… ko lagi", "of the wedding": whom it is for is not what it is."""
    for i, token in enumerate(stretch):
        if token.text in ("lagi", "laagi", "लागि") and not any(t.kind is Kind.AMOUNT for t in stretch[:i]):
            return stretch[i + 1 :]
    return stretch


def _amount_leads(body: list[Token]) -> bool:
    """Does this stretch say amounts before names? Decided by its two ends."""
    marks = [t for t in body if t.kind in (Kind.WORD, Kind.CODE, Kind.AMOUNT)]
    counts = [t for t in marks if t.kind is Kind.AMOUNT and _starts_item(t)]
    if marks[0].kind is not Kind.AMOUNT or marks[0].is_wala:
        return False
    last_name = max((i for i, t in enumerate(marks) if t.kind is not Kind.AMOUNT), default=-1)
    tail = [t for t in marks[last_name + 1 :] if _starts_item(t)]
    if not counts:
        return last_name == len(marks) - 1
    return _starts_item(marks[0]) and not tail


def _starts_item(token: Token) -> bool:
    """A count ("2 carton", "12"), unlike a measure, is nearly always how many."""
    return token.kind is Kind.AMOUNT and token.unit not in MEASURES and not token.is_wala


def _grouped(body: list[Token], leads: bool, together: Together) -> list[_Group]:
    groups: list[_Group] = [_Group(words=[], amounts=[])]
    counts = any(_starts_item(t) for t in body)
    for token in body:
        group = groups[-1]
        if token.kind is Kind.INSTEAD:
            groups.append(_Group(words=[], amounts=[], corrects=True))
        elif token.kind is Kind.RATHER:
            groups.append(_Group(words=[], amounts=[], is_rejected=True))
        elif token.kind is Kind.AMOUNT:
            opens = _starts_item(token) or not counts or _measures_next(group, token, body, together)
            if leads and group.has_name and opens:
                groups.append(_Group(words=[], amounts=[token]))
            else:
                group.amounts.append(token)
        elif token.kind is Kind.CODE:
            if group.has_name and (group.amounts or group.sku):
                group = _next_group(groups, leads)
            group.sku = token.text
            group.words.append(token)
        elif token.kind is Kind.WORD:
            if not leads and group.has_name and group.amounts and _is_finished(group, token, body, together):
                group = _next_group(groups, leads)
            group.words.append(token)
        elif token.kind is Kind.NOISE:
            group.noises.append(token.text)
            if token.is_known:
                group.words.append(token)
            if group.has_name and _ENDS_WISH.fullmatch(plain_of(token.text)):
                groups.append(_Group(words=[], amounts=[]))
    return [g for g in groups if g.has_name or g.amounts or g.noises]


def _measures_next(group: _Group, token: Token, body: list[Token], together: Together) -> bool:
    """In a stretch that says amounts first: does this measure belong to the words after it?"""
    after = [t for t in body if t.start >= token.end]
    run: list[Token] = []
    for later in after:
        if later.kind not in (Kind.WORD, Kind.NOISE):
            break
        run.append(later)
    words = [t for t in run if t.kind is Kind.WORD]
    return bool(words) and not together(group.words, words)


def _next_group(groups: list[_Group], leads: bool) -> _Group:
    """Open a new group; in a leading rhythm an amount said just before the name belongs to it."""
    groups.append(_Group(words=[], amounts=[]))
    return groups[-1]


def _is_finished(group: _Group, token: Token, body: list[Token], together: Together) -> bool:
    """Is the wish before this word complete, so that the word begins the next?"""
    after = [t for t in body if t.start >= token.start]
    counted = any(_starts_item(t) for t in group.amounts)
    if counted and any(t.kind is Kind.AMOUNT for t in after):
        return True
    run: list[Token] = []
    for later in after:
        if not counted and later.kind not in (Kind.WORD, Kind.NOISE):
            break
        run.append(later)
    return not together(group.words, [t for t in run if t.kind is Kind.WORD])


def _draft(group: _Group) -> Draft:
    parts = [*(t for t in group.words if t.kind is not Kind.NOISE), *group.amounts]
    return Draft(
        words=tuple(group.words),
        amounts=tuple(group.amounts),
        sku=group.sku,
        start=min((t.start for t in parts), default=0),
        end=max((t.end for t in parts), default=0),
        corrects=group.corrects,
        is_rejected=group.is_rejected,
        noises=tuple(group.noises),
    )


def _attach_strays(drafts: list[Draft], together: Together) -> list[Draft]:
    """Give amounts without a name to the name before them; let corrections overrule; join refinements."""
    out: list[Draft] = []
    pending_correction = False
    for draft in drafts:
        before = out[-1] if out else None
        corrects = (draft.corrects or pending_correction) and before is not None
        pending_correction = (draft.corrects or pending_correction) and not draft.has_name and not draft.amounts
        if not draft.has_name and not draft.amounts:
            continue
        if draft.is_rejected and not draft.has_name:
            continue
        if before is not None and not draft.has_name:
            has_count = any(_starts_item(t) for t in before.amounts)
            if corrects or not before.amounts or not has_count:
                out[-1] = _with_amounts(before, draft.amounts, replace=corrects)
            elif any(_starts_item(t) for t in draft.amounts) and any(t.unit in MEASURES for t in draft.amounts):
                # "Cola 250 ml 2 cartons, 500 ml 1 carton": the same goods in another size.
                out.append(structs.replace(draft, words=before.words))
            continue
        is_refinement = (
            before is not None
            and before.has_name
            and bool(before.amounts)
            and not draft.amounts
            and ("wala" in draft.noises or "wali" in draft.noises)
            and together(list(before.words), list(draft.words))
        )
        if before is not None and is_refinement:
            out[-1] = structs.replace(before, words=(*before.words, *draft.words), end=draft.end)
            continue
        out.append(structs.replace(draft, corrects=corrects))
    return out


def _with_amounts(draft: Draft, amounts: tuple[Token, ...], *, replace: bool) -> Draft:
    if not replace or not draft.amounts:
        return structs.replace(draft, amounts=(*draft.amounts, *amounts))
    kept = [
        old
        for old in draft.amounts
        if not any(_starts_item(old) == _starts_item(new) or new.unit == "" for new in amounts)
        or (old.unit in MEASURES and any(_starts_item(new) for new in amounts))
    ]
    if amounts and amounts[0].unit in MEASURES:
        # "250 hoina 500 ml": the bare number was a size too.
        kept = [old for old in kept if old.unit]
    replaced = [old for old in draft.amounts if old not in kept]
    unit = replaced[-1].unit if replaced else ""
    renewed = [structs.replace(new, unit=new.unit or unit) for new in amounts]
    return structs.replace(draft, amounts=(*kept, *renewed))


def _share_each(drafts: list[Draft], tokens: list[Token]) -> list[Draft]:
    """ "A, B and C 500 ml - 2 cartons each": the last one's amounts hold for those before without any."""
    out = list(drafts)
    eaches = [t.start for t in tokens if t.kind is Kind.EACH]
    for i, draft in enumerate(out):
        each = any(t.is_each for t in draft.amounts)
        if eaches and not each:
            reach = _reach(draft, tokens)
            each = any(draft.start <= start <= reach for start in eaches)
        if not each or not draft.amounts:
            continue
        out[i] = structs.replace(draft, is_each=True)
        for j in range(i - 1, -1, -1):
            if out[j].amounts or not out[j].has_name:
                break
            out[j] = structs.replace(out[j], amounts=draft.amounts, is_each=True)
    return out


def _reach(draft: Draft, tokens: list[Token]) -> int:
    """How far after a draft an "each" still speaks of it: until the next name, amount or break."""
    for token in tokens:
        if token.start >= draft.end and token.kind in (Kind.BREAK, Kind.WORD, Kind.AMOUNT, Kind.CODE):
            return token.start
    return tokens[-1].end if tokens else 0
