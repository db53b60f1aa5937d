"""What each character is: a class for shape features, a folded code for word hashes, as lookup tables over Unicode."""

import unicodedata
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.uint8]
Codes = NDArray[np.uint32]

TABLE_CODES = 0x30000  # the planes that hold letters and signs in use; beyond lie tags and private use
LATIN_CODES = 0x100  # those of Latin-1, whose lower case is in Latin-1 too
_OTHER_CODE = TABLE_CODES - 1  # unassigned: stands for every code beyond the table


class Class(IntEnum):
    """Classes of characters that tell kinds of lines apart in any script."""

    IGNORED = 0
    SPACE = 1
    UPPER = 2
    LOWER = 3
    LETTER = 4
    SYLLABLE = 5
    DIGIT = 6
    STOP = 7
    ELLIPSIS = 8
    COMMA = 9
    COLON = 10
    QUOTE = 11
    DASH = 12
    BRACKET = 13
    SLASH = 14
    MARKER = 15
    SYMBOL = 16


COUNT = len(Class)

_SIGNS = {
    Class.STOP: ".!?。！？．｡؟۔।॥‼⁉",
    Class.ELLIPSIS: "…⋯",
    Class.COMMA: ",;、，；،؛",
    Class.COLON: ":：",
    Class.QUOTE: "\"'‘’‚‛“”„‟«»‹›「」『』`´＂＇",
    Class.DASH: "-‐‑‒–—―−－",
    Class.BRACKET: "()[]{}（）［］【】〔〕《》〈〉",
    Class.SLASH: "/\\／",
    Class.MARKER: "|•·*+>→←↑↓▶►▸◀■□●○◆★☆✓✔×©®¦‣∙・｜<=~_^",
}
_BY_CATEGORY = {
    "Lu": Class.UPPER, "Lt": Class.UPPER, "Ll": Class.LOWER, "Lm": Class.LETTER, "Lo": Class.LETTER,
    "Mn": Class.LETTER, "Mc": Class.LETTER, "Nd": Class.DIGIT, "Zs": Class.SPACE, "Zl": Class.SPACE,
    "Zp": Class.SPACE, "Cf": Class.IGNORED, "Cs": Class.IGNORED, "Me": Class.IGNORED,
}  # fmt: skip
# Scripts written without spaces: each character counts as a word. Ranges are those of the Unicode blocks.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3041, 0x30FF),  # kana
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han compatibility
    (0x20000, 0x2FFFF),  # Han supplement
)


@cache
def class_table() -> Classes:
    """Class of each character code; made once, at first use (some 0.1 s)."""
    table = np.fromiter((_class_of(code) for code in range(TABLE_CODES)), dtype=np.uint8, count=TABLE_CODES)
    for kind, signs in _SIGNS.items():
        table[[ord(sign) for sign in signs]] = kind
    return table


@cache
def fold_table() -> Codes:
    """Code that stands for each character in word hashes: lower case, every digit a zero."""
    table = np.fromiter((_folded(code) for code in range(TABLE_CODES)), dtype=np.uint32, count=TABLE_CODES)
    table[class_table() == Class.DIGIT] = ord("0")
    return table


def read(text: str) -> tuple[Classes, Codes]:
    """Class and folded code of each character of `text`; codes beyond the tables count as an unassigned one.

    Characters of Latin-1 are looked up as bytes, which is several times faster, and the few others after them.

    >>> [array.tolist() for array in read("Aé 7")]
    [[2, 3, 1, 6], [97, 233, 32, 48]]
    """
    raw = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    narrow = raw.astype(np.uint8).tobytes()
    classes, codes = (np.frombuffer(narrow.translate(table), dtype=np.uint8) for table in _latin_tables())
    return _with_wide(raw, classes.copy(), codes.astype(np.uint32))


def _with_wide(raw: Codes, classes: Classes, codes: Codes) -> tuple[Classes, Codes]:
    """`classes` and `codes` with those of the characters beyond Latin-1 filled in."""
    wide = np.flatnonzero(raw >= LATIN_CODES)
    known = np.minimum(raw[wide], np.uint32(_OTHER_CODE))
    classes[wide], codes[wide] = class_table()[known], fold_table()[known]
    return classes, codes


@cache
def _latin_tables() -> tuple[bytes, bytes]:
    return class_table()[:LATIN_CODES].tobytes(), fold_table()[:LATIN_CODES].astype(np.uint8).tobytes()


def _class_of(code: int) -> Class:
    if any(low <= code <= high for low, high in _UNSPACED):
        return Class.SYLLABLE
    if 9 <= code <= 13:
        return Class.SPACE
    return _BY_CATEGORY.get(unicodedata.category(chr(code)), Class.SYMBOL)


def _folded(code: int) -> int:
    lower = chr(code).lower()
    return ord(lower) if len(lower) == 1 else code
