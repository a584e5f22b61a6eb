"""One spelling for many: Devanagari to Latin, and Latin to a key that sounds the same.

Romanised Nepali has no spelling rules ("chini", "cheeni", "chinee"), so words are compared by a key that
keeps what spellers agree on (consonants, i/e/o/u) and drops what they do not (short and long a, aspiration,
doubled letters, v/b/w). The rules are sounds; no rule names a product. Checked against public
romanised/Devanagari pairs by `python -m bench.understanding`.
"""

import re
from functools import lru_cache

_CONSONANTS = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "ng", "च": "ch", "छ": "chh", "ज": "j", "झ": "jh",
    "ञ": "n", "ट": "t", "ठ": "th", "ड": "d", "ढ": "dh", "ण": "n", "त": "t", "थ": "th", "द": "d",
    "ध": "dh", "न": "n", "प": "p", "फ": "ph", "ब": "b", "भ": "bh", "म": "m", "य": "y", "र": "r",
    "ल": "l", "व": "w", "श": "sh", "ष": "sh", "स": "s", "ह": "h", "ऩ": "n", "ऱ": "r", "ळ": "l",
    "क़": "k", "ख़": "kh", "ग़": "g", "ज़": "z", "ड़": "r", "ढ़": "rh", "फ़": "f", "य़": "y",
}  # fmt: skip
_VOWEL_SIGNS = {
    "ा": "aa", "ि": "i", "ी": "i", "ु": "u", "ू": "u", "ृ": "ri", "े": "e", "ै": "ai",
    "ो": "o", "ौ": "au", "ॅ": "e", "ॉ": "o", "ॆ": "e", "ॊ": "o",
}  # fmt: skip
_VOWELS = {
    "अ": "a", "आ": "aa", "इ": "i", "ई": "i", "उ": "u", "ऊ": "u", "ऋ": "ri", "ए": "e", "ऐ": "ai",
    "ओ": "o", "औ": "au", "ऍ": "e", "ऑ": "o", "ॐ": "om",
}  # fmt: skip
_VIRAMA = "्"
_NUKTA = "़"
_NASALS = {"ं": "n", "ँ": "", "ः": "h"}

_DEVANAGARI = re.compile(r"[ऀ-ॿ]")


def is_devanagari(word: str) -> bool:
    """Does the word hold Devanagari letters?"""
    return _DEVANAGARI.search(word) is not None


def to_latin(word: str) -> str:
    """Devanagari letters as Latin ones, the inherent vowel written "a"; other characters stay."""
    word = word.replace("ज्ञ", "ग्य")
    out: list[str] = []
    for i, char in enumerate(word):
        following = word[i + 1] if i + 1 < len(word) else ""
        if char in _CONSONANTS:
            out.append(_CONSONANTS[char])
            if following and following not in _VOWEL_SIGNS and following not in (_VIRAMA, _NUKTA):
                out.append("a")
        elif char in _VOWEL_SIGNS:
            out.append(_VOWEL_SIGNS[char])
        elif char in _VOWELS:
            out.append(_VOWELS[char])
        elif char == _NUKTA:
            if following and following not in _VOWEL_SIGNS and following != _VIRAMA:
                out.append("a")
        elif char in _NASALS:
            out.append(_NASALS[char])
        elif char != _VIRAMA:
            out.append(char)
    return "".join(out)


# In order: what is written differently but heard alike. Later rules see the result of earlier ones.
_SOUNDS = [
    (re.compile(r"[^a-z0-9]"), ""),
    (re.compile(r"tion"), "sn"),
    (re.compile(r"(?<=[bcdfhjklmnpqrstvwxz])y(?=a)"), ""),
    (re.compile(r"ow(?=[^aeiou]|$)"), "u"),
    (re.compile(r"gny|gy(?=[aeiou])|jny"), "gi"),
    (re.compile(r"chch?h?|cch|chh"), "ch"),
    (re.compile(r"sch|sh|sz"), "s"),
    (re.compile(r"tch"), "ch"),
    (re.compile(r"ck|cq|q"), "k"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"ch"), "C"),
    (re.compile(r"c(?=[eiy])"), "s"),
    (re.compile(r"c"), "k"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"(?<=[kgtdbjrC])h"), ""),
    (re.compile(r"[vw]"), "b"),
    (re.compile(r"z"), "j"),
    (re.compile(r"ee|ea|ie$|ey$"), "i"),
    (re.compile(r"oo|ou"), "u"),
    (re.compile(r"y"), "i"),
    (re.compile(r"(?<=[a-zC]{3})s$"), ""),
    (re.compile(r"(?<=[^aeiou0-9])e$"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile(r"(?<!^)a"), ""),
    (re.compile(r"n(?=[pbf])"), "m"),
    (re.compile(r"([ieou])\1+"), r"\1"),
]
_DOUBLED = re.compile(r"([a-z])\1+")
_SOFT = re.compile(r"[ieou]")


@lru_cache(maxsize=65_536)
def sound_of(word: str) -> str:
    """The key two spellings of one word share: "cheeni" and "चिनी" both give "Cini".

    Words of nothing but vowels and a keep their letters, so that the key is never empty for a word.
    """
    latin = to_latin(word) if is_devanagari(word) else word
    key = latin.lower()
    # A letter doubled to stretch a vowel or by a slip is one letter before any other rule looks.
    key = _DOUBLED.sub(lambda m: m.group(0) if m.group(1) in "eoa" else m.group(1), key)
    for pattern, replacement in _SOUNDS:
        key = pattern.sub(replacement, key)
    return key or latin.lower()


@lru_cache(maxsize=65_536)
def skeleton_of(word: str) -> str:
    """The consonants of the sound: what is left when even the vowels are uncertain ("drjn", "krkr")."""
    key = sound_of(word)
    return key[:1] + _SOFT.sub("", key[1:])


_PLAIN_RULES = [("aa", "a"), ("ee", "i"), ("oo", "u"), ("ii", "i"), ("uu", "u"), ("chh", "ch"), ("sh", "s")]


@lru_cache(maxsize=65_536)
def plain_of(word: str) -> str:
    """Latin letters with short vowels: "पठाउनुस्" and "pathaunoos" are both "pathaunus"."""
    latin = (to_latin(word) if is_devanagari(word) else word).lower()
    if word.endswith("छ"):
        latin += "a"
    for old, new in _PLAIN_RULES:
        latin = latin.replace(old, new)
    return latin.replace("z", "j")


def plain_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern for plain text, written in ordinary spelling: "show" finds what plain text calls "sow"."""
    for old, new in _PLAIN_RULES:
        pattern = pattern.replace(old, new)
    return re.compile(re.sub(r"(?<!a-)z", "j", pattern))
