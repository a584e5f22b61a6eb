"""Answers to questions that are open: "1", "2 ko", "pahilo", "the 25 kg one", "1 2", "none of these".

Pure. Gives nothing when the message is not an answer; then it is read as any other message.
"""

from decimal import Decimal

from .drafts import Draft
from .glossary import QUALITIES, concept_of
from .index import CatalogIndex, Product, phrase_key, split_words
from .matching import WordFinder
from .operations import Operation, find_leading, find_trailing
from .quantities import count, is_sellable, to_selling_units
from .records import Answer, Context, OpenQuestion
from .sound import plain_of, plain_pattern
from .text import clean
from .tokens import Kind, Token
from .units import MEASURES

_ORDINALS = {
    "first": 1, "1st": 1, "pahilo": 1, "pahila": 1, "pahelo": 1, "pehla": 1, "pahla": 1, "second": 2, "2nd": 2,
    "dosro": 2, "dosra": 2, "dusra": 2, "dusro": 2, "third": 3, "3rd": 3, "tesro": 3, "tisro": 3, "tisra": 3,
    "fourth": 4, "chautho": 4, "fifth": 5, "last": -1, "antim": -1, "akhiri": -1,
}  # fmt: skip
_ORDINALS_BY_PLAIN = {plain_of(word): number for word, number in _ORDINALS.items()}
_NONE = plain_pattern(
    r"^\W*(?:none|no|nope|kunai pani hoina|kunai hoina|yo hoina|yi hoina|hoina|not (?:that|this|these|"
    r"those)(?: one)?|neither|koi nahi|ye nahi|yeh nahi|"
    r"none of (?:these|them|the above)|(?:yi|yo|tyo) kunai(?: pani)? (?:hoina|haina)|"
    r"arko|aru nai|tyo hoina|other|different one|chaina yesma|"
    r"yesma chaina)(?: dai| sir| bhai| hajur| please)?(?: (?:aru|arko|other)(?: \w+){0,2})?\W*$"
)
# Of something understood already: a mere "no" means the whole, and is not here.
_NOT_THAT = plain_pattern(
    r"^\W*(?:(?:no|na|hoina|sorry) )?(?:"
    r"(?:tyo|yo|yi|ye|yeh|woh|wo)(?: wala| chahi| chai| ta)? (?:hoina|haina|nahi|nahin|galat)|"
    r"not (?:that|this|these|those)(?: one)?|wrong (?:one|item|product)|galat (?:hai|cha|item|saman|wala)|"
    r"arko(?: wala)?|thats? s? ?not it|different one|another one|dusra wala"
    r")(?: dai| sir| bhai| hajur| please| ta| ni)*\W*$"
)
_LAST_NUMBER = 20


def find_answers(
    plain: str, tokens: list[Token], drafts: list[Draft], finder: WordFinder, context: Context
) -> tuple[Answer, ...]:
    """The answers the message holds, or () if it is none."""
    questions = context.open_questions
    if not questions:
        return ()
    dropped = _dropped(tokens, drafts, questions)
    if dropped:
        return dropped
    if _NONE.match(plain):
        return (Answer(question=0, sku=None),)
    picks = _picks(tokens, questions)
    if picks:
        return picks
    return _by_description(drafts, finder, questions) or _amount_only(tokens, questions)


def _amount_only(tokens: list[Token], questions: tuple[OpenQuestion, ...]) -> tuple[Answer, ...]:
    """ "5 bora" to "which rice?": which it is stays open, how much does not."""
    amounts = [t for t in tokens if t.kind is Kind.AMOUNT]
    if len(amounts) != 1 or any(t.kind in (Kind.WORD, Kind.CODE, Kind.DROP) for t in tokens):
        return ()
    without = [i for i, q in enumerate(questions) if q.quantity is None and q.raw_quantity is None]
    if not without or amounts[0].value is None:
        return ()
    said = amounts[0]
    return (Answer(question=without[-1], sku=None, quantity=said.value, unit=said.unit, is_amount=True),)


def rejects(plain: str) -> bool:
    """Does it say of what we just understood that it is the wrong one ("tyo hoina", "not that one")?"""
    return _NOT_THAT.match(plain) is not None


def _dropped(tokens: list[Token], drafts: list[Draft], questions: tuple[OpenQuestion, ...]) -> tuple[Answer, ...]:
    """ "Nun hataidinu" while it is open which salt: the question goes, with nothing taken."""
    removes = any(
        Operation.REMOVE in (find_trailing(t), find_leading(t)) for t in tokens if t.kind not in (Kind.WORD, Kind.AND)
    )
    named = [draft for draft in drafts if draft.has_name]
    if not removes or not named or any(draft.amounts for draft in named):
        return ()
    answers: list[Answer] = []
    for draft in named:
        key = phrase_key(t.text for t in draft.words if t.kind is Kind.WORD)
        number = next((i for i, question in enumerate(questions) if _names(key, question)), None)
        if number is None:
            return ()
        answers.append(Answer(question=number, sku=None, is_dropped=True))
    return tuple(answers)


def _names(key: tuple[str, ...], question: OpenQuestion) -> bool:
    """Are these the words the question is about, or some of them?"""
    return bool(key) and set(key) <= set(phrase_key(split_words(clean(question.said).letters)))


def _picks(tokens: list[Token], questions: tuple[OpenQuestion, ...]) -> tuple[Answer, ...]:
    """A message of numbers, ordinals and small words: one pick per question, in order."""
    numbers: list[tuple[int, Token]] = []
    for token in tokens:
        ordinal = _ORDINALS_BY_PLAIN.get(plain_of(token.text))
        if ordinal is not None:
            numbers.append((ordinal, token))
        elif token.kind is Kind.AMOUNT and token.value is not None:
            if token.value % 1 or token.value > 9999:
                return ()
            numbers.append((int(token.value), token))
        elif token.kind in (Kind.WORD, Kind.CODE, Kind.DROP):
            if token.text in ("option", "number", "no", "choice", "wala", "vala", "item"):
                continue
            return ()
    return _assigned(numbers, questions)


def _assigned(numbers: list[tuple[int, Token]], questions: tuple[OpenQuestion, ...]) -> tuple[Answer, ...]:
    answers: list[Answer] = []
    position = 0
    for i, question in enumerate(questions):
        if position >= len(numbers):
            break
        number, token = numbers[position]
        if len(question.choices) == 1 and question.quantity is None and question.raw_quantity is None:
            answers.append(Answer(question=i, sku=question.choices[0], quantity=_amount(token)))
            position += 1
            continue
        if token.unit:
            break
        if number == -1:
            number = len(question.choices)
        if not 1 <= number <= min(len(question.choices), _LAST_NUMBER):
            return ()
        quantity = question.quantity
        position += 1
        wants_more = quantity is None and question.raw_quantity is None
        if wants_more and position < len(numbers) and len(numbers) - position > len(questions) - i - 1:
            quantity = _amount(numbers[position][1])
            position += 1
        answers.append(Answer(question=i, sku=question.choices[number - 1], quantity=quantity))
    return tuple(answers) if position == len(numbers) else ()


def _amount(token: Token) -> Decimal | None:
    return token.value


def settle_quantities(
    answers: tuple[Answer, ...],
    tokens: list[Token],
    questions: tuple[OpenQuestion, ...],
    index: CatalogIndex,
) -> tuple[Answer, ...]:
    """Quantities in selling units of the picked product: from the question's raw amount, or the answer's."""
    settled: list[Answer] = []
    units = [t for t in tokens if t.kind is Kind.AMOUNT]
    for answer in answers:
        product = index.find_product(answer.sku) if answer.sku else None
        if product is None:
            settled.append(answer)
            continue
        question = questions[answer.question]
        quantity = question.quantity
        if quantity is None and question.raw_quantity is not None:
            quantity = _sellable(product, question.raw_quantity, question.raw_unit)
        elif quantity is None and answer.quantity is not None:
            unit = next((t.unit for t in units if t.value == answer.quantity and t.unit), "")
            quantity = _sellable(product, answer.quantity, unit)
        settled.append(Answer(question=answer.question, sku=answer.sku, quantity=quantity))
    return tuple(settled)


def _sellable(product: Product, value: Decimal, unit: str) -> Decimal | None:
    quantity = to_selling_units(product, value, unit)
    return quantity if quantity is not None and is_sellable(product, quantity) else None


def _by_description(drafts: list[Draft], finder: WordFinder, questions: tuple[OpenQuestion, ...]) -> tuple[Answer, ...]:
    """ "The 25 kg one", "hulas wala", a code: each draft answers the first question left that it settles."""
    answers: list[Answer] = []
    taken: set[int] = set()
    for draft in drafts:
        # "The small one" is of what was asked last; a name or a size finds its question by itself.
        words = [t for t in draft.words if t.kind is Kind.WORD]
        is_vague = bool(words) and all(concept_of(t.text) in QUALITIES for t in words)
        asked = list(enumerate(questions))
        for i, question in asked[-1:] if is_vague else asked:
            if i in taken:
                continue
            sku = _described(draft, finder, question)
            if sku:
                taken.add(i)
                product = finder.index.find_product(sku)
                counted = count(product, draft.amounts) if product else None
                answers.append(Answer(question=i, sku=sku, quantity=counted.quantity if counted else None))
                break
        else:
            return ()
    return tuple(answers)


def _by_largeness(draft: Draft, choices: list[Product]) -> Product | None:
    """ "Sano wala", "the big one": the smallest or the largest pack, where all can be compared and none ties."""
    wish = {concept_of(t.text) for t in draft.words if t.kind is Kind.WORD}
    sizes = [p.size for p in choices if p.size is not None]
    if wish not in ({"=small"}, {"=big"}) or len(sizes) != len(choices) or len({base for base, _ in sizes}) != 1:
        return None
    ordered = sorted(choices, key=lambda p: p.size or ("", Decimal(0)), reverse=wish == {"=big"})
    is_tie = len(ordered) > 1 and ordered[0].size == ordered[1].size
    return None if is_tie or not ordered else ordered[0]


def _described(draft: Draft, finder: WordFinder, question: OpenQuestion) -> str | None:
    """The one choice of the question that fits the draft's words and size, if exactly one does."""
    index = finder.index
    if draft.sku:
        return draft.sku if draft.sku in (*question.choices, *question.further) else None
    choices = [p for sku in (*question.choices, *question.further) if (p := index.find_product(sku)) is not None]
    words = tuple(t.text for t in draft.words if t.kind is Kind.WORD)
    extreme = _by_largeness(draft, [p for p in choices if p.item.sku in question.choices])
    if extreme is not None:
        return extreme.item.sku
    if words:
        matches = finder.find_matches(words)
        scores = {index.products[c.position].item.sku: c.score for c in matches.candidates}
        best = max((scores.get(p.item.sku, 0.0) for p in choices), default=0.0)
        if best < 0.75:
            return None
        choices = [p for p in choices if scores.get(p.item.sku, 0.0) >= best - 0.025]
    sizes = [t for t in draft.amounts if t.unit in MEASURES]
    if sizes:
        choices = [p for p in choices if count(p, tuple(sizes)).has_size]
    elif not words:
        return None
    return choices[0].item.sku if len(choices) == 1 else None
