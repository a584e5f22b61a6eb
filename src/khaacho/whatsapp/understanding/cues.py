"""What ideas mean together: each cue is an intent, a weight, and the signs that must and must not be there.

"where" with "order" asks for a status; "where" alone says little. Weights are compared in `intents.py`,
where goods with amounts weigh in. The single patterns at the end are turns of phrase no pair of ideas catches.
"""

import re

from msgspec import Struct

from .records import Intent
from .sound import plain_pattern


class Cue(Struct, frozen=True):
    """All of `signs` and none of `without`: so much for this intent."""

    intent: Intent
    weight: float
    signs: frozenset[str]
    without: frozenset[str] = frozenset()


def _cues(intent: Intent, *lines: str) -> list[Cue]:
    """ "2.8 where + order word - pay": a weight, signs joined by "+", and after "-" what must be absent."""
    cues: list[Cue] = []
    for line in lines:
        weight, _, rest = line.partition(" ")
        signs, _, without = rest.partition(" - ")
        cues.append(
            Cue(
                intent,
                float(weight),
                frozenset(s.strip() for s in signs.split("+")),
                frozenset(s.strip() for s in without.split("+") if s.strip()),
            )
        )
    return cues


CUES: list[Cue] = [
    *_cues(Intent.GREETING, "1.3 greeting", "1.2 how are you - small talk + price"),
    *_cues(
        Intent.THANKS,
        "1.9 thanks", "3.2 thanks + got", "2.6 thanks + praise", "1.7 praise + got", "1.1 praise - question + which"
    ),
    *_cues(
        Intent.HELP,
        "2.0 help word", "2.6 help word + question", "3.2 may i + order word", "3.4 how + order word",
        "2.4 how + use - pay + pay system + got", "3.6 what is this",
        "3.2 how + bought", "3.0 help word + how", "3.0 help word + which",
    ),
    *_cues(
        Intent.STATUS,
        "3.2 where + order word", "3.0 where + goods word", "2.4 where + arrive", "3.2 when + arrive",
        "3.3 when + order word",
        "3.0 when + goods word", "3.0 when + prepare - pay", "2.8 track", "3.4 prepare + or not", "2.6 not yet - pay",
        "3.2 not yet + order word - pay",
        "3.2 not yet + goods word - pay", "3.6 accept + or not", "3.6 order word + or not",
        "3.6 what happened + order word", "3.4 what happened + goods word",
        "2.8 goods word + or not", "3.0 goods word + how are you", "3.4 where + had asked",
        "3.2 dispatched + question", "2.8 when + order word", "3.2 prepare + you did", "1.5 prepare + question",
        "1.9 order word + question",
        "1.7 arrive + question", "2.6 where + person", "3.0 order word + how are you", "3.0 confirm + or not",
        "2.4 arrive + or not", "2.9 order word + arrive + or not",
        "3.0 order word + been + prepare + question", "2.6 prepare + been + question",
        "2.0 goods word + arrive + question",
    ),
    *_cues(
        Intent.CREDIT,
        "2.4 credit word", "1.8 balance", "3.2 credit word + how much", "3.0 balance + how much", "1.8 account",
        "3.0 account + how much", "3.0 left + how much + money", "2.6 left + how much", "3.2 balance + did i",
        "2.6 account + left",
        "3.2 account + did i", "3.4 when + left", "3.4 when + pay", "3.4 credit word + have",
        "3.0 credit word + question", "3.2 credit word + left", "2.6 left + money + how much",
    ),
    *_cues(
        Intent.PAY,
        "2.4 pay system", "2.1 pay", "3.0 pay system + pay", "3.2 pay + money", "3.4 pay + how",
        "3.0 hand over + money",
        "3.4 hand over + pay system", "3.2 money + how", "3.2 pay system + money", "3.4 pay system + question",
        "3.4 promise + pay - when", "3.2 promise + money - how much", "3.4 pay + today or later - when",
        "3.0 money + today or later + hand over", "3.6 credit word + pay + today or later",
        "3.6 credit word + pay + promise",
        "3.3 money + hand over + question",
    ),
    *_cues(
        Intent.CATALOG,
        "2.4 price", "3.0 price + how much", "3.0 price + which", "3.2 price + list", "1.9 costs",
        "3.0 list + goods word",
        "2.6 list + show or send - order word", "2.4 have + question", "1.6 have", "2.6 have + which",
        "2.8 which + brand",
        "2.0 is there? - how are you + greeting + small talk + praise + got + thanks",
        "2.6 is there? + which - order word + how are you",
        "3.0 dear + which", "2.6 offer", "3.2 offer + question", "3.2 offer + which", (
            "2.6 show - order word + credit word + account + help word + report + goods word"
        ),
        "2.4 which + goods word + have",
    ),
    *_cues(
        Intent.RECENT_ORDERS,
        "3.6 before + order word + show", "3.0 before + order word + plural", "2.6 order word + plural + show",
        "3.2 before + order word + which - what happened",
        "3.2 before + order word + question - what happened + or not",
        "3.7 period + order word + which - money + most + how much", "3.6 history + order word",
        "3.4 had asked + which + did i - got", "3.6 had asked + which + before",
        "2.8 order word + list - pending + for vendor",
    ),
    *_cues(
        Intent.INSIGHTS,
        "3.0 report", "3.8 how much + order word + period", "3.8 how much + order word + did i - left", "3.2 spend",
        "3.6 spend + how much", "3.6 spend + period",
        "3.4 bought + how much + period", "3.4 most + bought",
        "3.2 most + which - dear", "3.2 sells + which", "3.4 bought + period + which", "3.6 report + period",
        "2.8 most + did i + goods word", "3.2 most + which + goods word",
        "3.0 bought + how much + did i", "3.2 bought + did i + most",
    ),
    *_cues(
        Intent.SUPPORT,
        "3.4 complaint", "2.8 wrong", "3.6 wrong + got", "3.6 wrong + goods word", "3.6 wrong + order word",
        "3.2 broken - small talk", "3.6 complaint + not yet",
        "4.4 broken + got", "2.0 return", "3.2 return + goods word", "3.2 return + money",
        "4.2 broken + return", "3.2 short",
        "3.6 short + got", "3.6 person + talk", "3.0 person + call", "2.6 call", "3.4 return + when",
        "3.4 return + have", "3.4 billed + twice + money",
        "3.4 billed + twice",
        "3.6 had asked + got", "4.2 had asked + got + short", "4.2 had asked + short", "3.4 instead + got",
        "4.0 had asked + got + wrong",
        "3.0 return + question",
    ),
    *_cues(
        Intent.OTHER,
        "3.4 joke or spam", "2.4 festivity", "2.8 small talk", "3.4 wrong number", "2.6 dear - which + question",
    ),
    *_cues(
        Intent.CANCEL,
        "2.9 cancel", "2.5 do not want", "2.3 do not send", "2.1 leave it - or not + question",
        "2.8 clear + everything", "3.4 leave it + wrong", "2.6 plain no",
        "3.3 cancel + order word", "2.6 clear + order word",
        "3.0 do not want + order word", "3.0 do not want + goods word", "3.0 do not send + order word",
    ),
    *_cues(
        Intent.CONFIRM,
        "2.8 confirm - or not", "1.5 plain yes - small talk + how are you + greeting", "1.5 all right", "0.8 go ahead",
        "2.2 plain yes + go ahead", "2.2 all right + go ahead",
    ),
    *_cues(Intent.ACCEPT, "2.8 accept", "2.0 will do", "3.4 accept + will do"),
    *_cues(
        Intent.DECLINE,
        "3.2 decline", "2.2 cannot", "2.2 none left", "3.0 cannot + none left", "3.6 decline + none left",
        "3.8 cannot + accept"
    ),
    *_cues(
        Intent.MY_ORDERS,
        "3.8 for vendor + order word", "3.4 for vendor + which", "3.4 for vendor + show",
        "3.0 pending + order word + show",
        "2.8 pending + order word + how much", "2.6 pending + order word + which",
        "3.6 pending + order word + for vendor",
        "2.2 pending + order word + plural", "2.6 for vendor", "3.0 pending + list", "3.0 pending + show",
        "3.2 pending + order word + is there?",
    ),
    *_cues(Intent.PACKED, "2.8 packed"),
    *_cues(Intent.DISPATCHED, "2.2 dispatched"),
    *_cues(Intent.DELIVERED, "3.2 delivered"),
]  # fmt: skip

_BEFORE = (
    r"(?:last|asti\w*|hijo\w*|aghi\w*|ag(?:h)?illo\w*|agadi\w*|pahil\w*|pahel\w*|pehl[aei]|"
    r"pich?h?l[aeio]\w*|previous|past|puran[aeio]\w*|pohor|earlier)"
)
_SEND = (
    r"(?:patha\w*|paatha\w*|feri|pheri|repeat|dohor\w*|bhej\w*|again|jasto|jastai|same|dinu\w*|din|gar\w*|"
    r"de do|send|place|chahi\w*)"
)

PHRASES: list[tuple[Intent, float, re.Pattern[str]]] = [
    (intent, weight, plain_pattern(pattern))
    for intent, weight, pattern in [
        (Intent.REPEAT, 2.4, (
            rf"\b(?:{_BEFORE}|same|usual|uhi|wahi|wohi)\b.{{0,30}}\b(?:jasto|jastai|jaste|jaisa|jaise|nai|"
            rf"time|patak\w*|choti|palta\w*|bar|baar|repeat|wala|wale|kai|wahi|same|feri|pheri|again)\b"
        )),
        (Intent.REPEAT, 2.6, (
            rf"\b(?:same|repeat|dohor\w*|feri|pheri|again|jasto|jastai|jaisa)\b.{{0,25}}\b{_BEFORE}\b"
        )),
        (Intent.REPEAT, 2.8, rf"\b{_BEFORE}\b.{{0,15}}\b(?:order\w*|ardar\w*|list)\b.{{0,25}}\b{_SEND}\b"),
        (Intent.REPEAT, 2.6, (
            rf"\b{_BEFORE}\b.{{0,12}}\b(?:kai|ki nai|wala|wahi|wohi)\b.{{0,25}}\b(?:patha\w*|bhej\w*|"
            rf"dinu\w*|din|de|saman|order|repeat)\b"
        )),
        (Intent.REPEAT, 2.4, r"\b(?:repeat|dohor\w*|reorder|re order|punah|firse|phir se|phirse)\b"),
        (Intent.REPEAT, 2.4, (
            r"\b(?:same|uhi|wahi|tyahi|tehi) (?:order|saman|list|items?|things?|as (?:last|before|usual|yesterday|"
            r"hijo|previous|earlier|"
            r"always)|nai)\b|\bsame to same\b"
        )),
        (Intent.REPEAT, 2.4, (
            r"\b(?:usual|regular) (?:order|saman|list|items?)\b|\bthe usual\b$|"
            r"^\W*(?:the )?(?:usual|regular)\W*(?:please|pls)?\W*$"
        )),
        (Intent.REPEAT, 1.6, r"\b(?:feri|pheri|again)\b.{0,12}\b(?:tyahi|tehi|uhi|same|patha\w*|order)\b"),
        (Intent.STATUS, 2.6, (
            r"\bhow (?:long|much time)\b|\b(?:kati|kitn[ai]|katti) (?:time|samaya?|bela|der|din|ghanta|baje) lag\w*"
        )),
        (Intent.SUPPORT, 3.0, r"\b(?:baat|bat) kar(?:a|na|ni|vao|wao)\w*"),
        (Intent.SUPPORT, 3.6, (
            r"\bkura gar(?:na|nu|num|naparyo|nuparyo)\w*.{0,12}\b(?:par\w*|cha|mil\w*|thiyo|chahi\w*)|"
            r"\b(?:maine|maile|hamile) (?:\w+ ){0,3}(?:nahi|nahin|na) (?:mang|order|bol)\w*"
        )),
        (Intent.SUPPORT, 3.6, r"\b(?:paisa|paise|amount|money) (?:was |has been )?(?:kat(?!i\b)|deduct)\w*"),
        (Intent.REPEAT, 2.6, (
            r"^(?!.*\d).*\b(?:hamesa|sadhai|sadhe|roj|regular|always|(?:tyo|us|that) (?:din|day|bela|patak|time)\w*) "
            r"?(?:ko |ka |ki )?(?:wala|jasto|jaisa|jaste|jastai|jaise|nai|order|saman)\b"
        )),
        (Intent.REPEAT, 2.0, (
            r"^\W*(?:la )?(?:tei|tehi|tyahi|uhi|wahi|same)\w* (?:nai )?(?:patha|din|bhej|send)\w*\W*$"
        )),
        (Intent.RECENT_ORDERS, 1.0, r"^\W*orders?\W*$"),
        (Intent.SUPPORT, 3.8, (
            r"\b(?:mag|mang|order gar)\w*k[ao] .{0,8}(?:haina|hoina|thiena|thiyena)\b|"
            r"\b(?:didnt|did not|never) (?:order|ask|want)\w*\b.{0,12}\b(?:this|that|these|yo|it)\b"
        )),
        (Intent.RECENT_ORDERS, 3.8, (
            r"\b(?:last|pichle|pichhle|antim) \d+ \w*\s?(?:orders?|ardar)\b|\blast few orders\b|"
            r"\border history\b"
        )),
        (Intent.MY_ORDERS, 1.6, r"^\W*(?:my orders?|mere orders?|mero order(?: haru)?)\W*$"),
        (Intent.RECENT_ORDERS, 2.4, r"\bmy (?:all )?orders\b|\bmer[oa] order ?haru\b|\bmere (?:sare )?orders?\b"),
        (Intent.HELP, 1.2, r"^\W*(?:help|sahayog|madat|madad|menu|start)\b"),
        (Intent.GREETING, 0.5, r"^\W*(?:namast\w*|hello|hi|hey)(?:\W+\w+){0,2}\W*$"),
        (Intent.GREETING, 1.0, (
            r"^\W*(?:(?:yo|are|arey|arre|suno|sunus|sunnu\w*|sun|oi|oe|o|dai|daju|bhai|bhaiya|hajur|sahuji|sauji|"
            r"sahu|sir|didi|bro|ji)\W*)+$"
        )),
        (Intent.OTHER, 3.0, r"^\W*(?:forwarded|fwd)\b"),
        (Intent.SUPPORT, 1.2, r"\b(?:kya kare|ke garne|k garne)\b.{0,6}$"),
        (Intent.PAY, 2.6, r"\b(?:account|khata) (?:number|no|nambar)\b"),
        (Intent.STATUS, 2.4, r"^\W*(?:status|track)\b"),
    ]
]  # fmt: skip

# Verbs that ask for goods. They make products without an amount a wish, and outweigh a question.
WANTS = plain_pattern(
    r"\b(?:pathau(?:nu|nus|nuhos|nuhola|na|)\w*|pathaidin\w*|pathaide\w*|pathaidiu\w*|patha|bhej(?:o|"
    r"na|do|dena|dijiye|iye|)|bhej (?:do|dena|dijiy?e|de)|bhijwa\w*|send|snd|chahi(?:yo|ncha|ye|yeko|"
    r"ne|nu)\w*|chaiyo|chaincha|chahie|need\w*|want\w*|"
    r"din(?:u|us)\w*|dijiy?e|de (?:do|dena|dijiye)|dena|lekh(?:nu|nus|i|a)?\w*|likh\w*|haln[ua]\w*|"
    r"haldi\w*|order (?:gar|kar)\w*|mangau\w*|mangwa\w*|lyai?\w*|deliver|please (?:send|give)|give me|"
    r"get me|ill take|i ll take|book)\b"
)
QUESTION = plain_pattern(
    r"\?|\b(?:kati|kitn[aei]|kaha|kahan|kata|khai|khoi|kidhar|katikher|kahile|kaile|kab|kasari|kaise|kina|kyon|kyu|"
    r"kun|kaun|kya|what|"
    r"whats|when|where|which|how|why|who|ki nai|ki chaina|milcha|has my|is my|did you|do you)\b"
    r"|^\W*(?:is|are|was|were|has|have|had|did|do|does|can|could|will|would|may|any)\b|\b(?:ki|hola(?: ni| ta| hai|"
    r" na)?|kya|ho ra|"
    r"cha ra|bhayo ra)\W*$"
)
NEGATED_REPEAT = plain_pattern(
    rf"\b(?:{_BEFORE}|same)\b(?: \w+){{0,2}} (?:hoina|haina|nahi|not)\b|\bnot (?:the )?same\b|\bnot like last\b"
)
USUAL = plain_pattern(r"\b(?:usual|sadhai\w*|sadhe\w*|as always|always|hamesha|regular)\b")
