"""Lines as the splitter reads them: one spelling for all that looks the same. Linear time, whatever the lines."""

import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.page import INVISIBLE

_CODE_UNITS = 1 << 16  # of UTF-16, which spells each of `INVISIBLE` with one
_MARKS = range(0x300, 0x20000)  # code points, among which are all combining marks of Unicode 15
_ROW = 16  # marks: an aligned row of them stands in any run of 31, more than any text has (UAX #15, section 13: 30)


def plain(text: str) -> str:
    r"""The text in composed characters (NFC), without those that take no room.

    >>> plain("Cafe\u0301 \u200bopens") == "Café opens"
    True
    """
    return plain_lines([text])[0]


def plain_lines(lines: Sequence[str]) -> Sequence[str]:
    """`plain` of each line, in order; looks at all lines at once first, for nearly all are plain already."""
    joined = "\n".join(lines)
    if joined.isascii():
        return lines
    invisible = _invisible_in(joined)
    if _is_composed(joined):
        return [_composed(line, invisible) for line in lines] if invisible else lines
    return [line if line.isascii() else _nfc(_visible(line, invisible)) for line in lines]


def _composed(line: str, invisible: str) -> str:
    """A line of composed characters without the invisible ones; what these held apart may come together."""
    if line.isascii():
        return line
    seen = _visible(line, invisible)
    return seen if len(seen) == len(line) else _nfc(seen)


def _visible(line: str, invisible: str) -> str:
    for letter in invisible:
        line = line.replace(letter, "")
    return line


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", marks_in_order(text))


def _is_composed(text: str) -> bool:
    return marks_in_order(text) == text and unicodedata.is_normalized("NFC", text)


def marks_in_order(text: str) -> str:
    r"""The text as it is, unless many combining marks stand in a row: then with marks as all normal forms order them.

    Its normal forms stay what they are, but `unicodedata` makes them in linear time: it sorts marks by insertion.

    >>> marks_in_order("e" + "\u0301\u0323" * 20) == "e" + "\u0323" * 20 + "\u0301" * 20
    True
    """
    marks = _marks()
    if marks.isdisjoint(text[::_ROW]) or not _has_row(text, marks):
        return text
    runs = itertools.groupby(text, marks.__contains__)
    return "".join(_in_order(run) if marked else "".join(run) for marked, run in runs)


def _has_row(text: str, marks: frozenset[str]) -> bool:
    return any(marks.issuperset(text[at : at + _ROW]) for at in range(0, len(text) - _ROW + 1, _ROW))


def _in_order(marks: Iterable[str]) -> str:
    decomposed = "".join(unicodedata.normalize("NFD", mark) for mark in marks)
    return "".join(sorted(decomposed, key=unicodedata.combining))


@cache
def _marks() -> frozenset[str]:
    """Characters that are decomposed into combining marks alone."""
    return frozenset(c for c in map(chr, _MARKS) if unicodedata.combining(unicodedata.normalize("NFD", c)[0]))


def _invisible_in(text: str) -> str:
    """Those of `INVISIBLE` that stand in `text`."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype=np.uint16)
    candidates = units[units >= ord(min(INVISIBLE))]
    return "".join(map(chr, np.unique(candidates[_invisible_units()[candidates]]).tolist()))


@cache
def _invisible_units() -> NDArray[np.bool_]:
    found = np.zeros(_CODE_UNITS, dtype=bool)
    found[[ord(letter) for letter in INVISIBLE]] = True
    return found
