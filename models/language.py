"""The language of each text, as an ISO 639-1 code, by CLD2: Chromium's detector, whose tables come in the wheel.

On the labelled pages it was as accurate as fastText and three to fifty times faster than the others tried, and
it took 4 English headlines in 10,000 for another language where fastText took 134.
"""

import re
from collections.abc import Iterable, Sequence

import pycld2

LONGEST_CHARACTERS = 2000  # as accurate on labelled pages as the whole text; half as many mistook three more in 2,000
DEFAULT = "en"
"""What a text without letters, or in no language that can be told, is taken for: ISO 639-1 has no code for unknown."""

FORMER_CODES = {"iw": "he", "jw": "jv", "in": "id", "ji": "yi", "mo": "ro", "sh": "sr"}
"""Codes that ISO 639-1 has withdrawn, some of which CLD2 still gives, and what replaced them."""

NO_CODES = frozenset({"un", "xx", "bh"})
"""What CLD2 says of no language, and of a script alone; and a group of languages, withdrawn in 2021 without another."""

_WORD = re.compile(r"[^\W\d_]+")


def detect(texts: Sequence[str]) -> list[str]:
    """ISO 639-1 code of the language that most of each text is in, in order.

    Reads the first 2,000 characters. Give it a whole page: eight words defeat any detector. `en` where nothing can
    be told, for instance without a letter; a language that has no such code gives way to the next likely one.

    >>> detect(["The ministers met again on Tuesday.", "Die Minister trafen sich am Dienstag wieder.", "1 + 1"])
    ['en', 'de', 'en']
    """
    return [_code(_guesses(text[:LONGEST_CHARACTERS])) for text in texts]


def in_latin_letters(text: str) -> bool:
    """Whether at least half of the letters in the first 2,000 characters are A to Z, which of no letters is true.

    What `detect` can tell no language of goes by English, and is not, where this is false.

    >>> in_latin_letters("Café in 東京"), in_latin_letters("港務委員会 BBC"), in_latin_letters("1 + 1")
    (True, False, True)
    """
    letters = "".join(_WORD.findall(text[:LONGEST_CHARACTERS]))
    return 2 * len(letters.encode("ascii", "ignore")) >= len(letters)


def _code(said: Iterable[str]) -> str:
    """The first of CLD2's codes that ISO 639-1 has, or has replaced; else `DEFAULT`."""
    codes = (FORMER_CODES.get(code, code) for code in map(_without_script, said))
    return next((code for code in codes if len(code) == 2 and code not in NO_CODES), DEFAULT)


def _without_script(code: str) -> str:
    return code.partition("-")[0]  # zh-Hant, sr-ME


def _guesses(text: str) -> Iterable[str]:
    """CLD2's codes, likeliest first; it refuses control characters and lone surrogates, so those become spaces."""
    try:
        found = pycld2.detect(text, bestEffort=True)
    except (pycld2.error, UnicodeEncodeError):
        found = pycld2.detect("".join(c if c.isprintable() else " " for c in text), bestEffort=True)
    return [code for _, code, _, _ in found[2]]
