"""Lines as the splitter reads them: one spelling for all that looks the same."""

import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.page import INVISIBLE

_CODE_UNITS = 1 << 16  # of UTF-16, which spells each of `INVISIBLE` with one


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
    if unicodedata.is_normalized("NFC", joined):
        return [_composed(line, invisible) for line in lines] if invisible else lines
    return [line if line.isascii() else unicodedata.normalize("NFC", _visible(line, invisible)) for line in lines]


def _composed(line: str, invisible: str) -> str:
    """A line of composed characters without the invisible ones; what these held apart may come together."""
    if line.isascii():
        return line
    seen = _visible(line, invisible)
    return seen if len(seen) == len(line) else unicodedata.normalize("NFC", seen)


def _visible(line: str, invisible: str) -> str:
    for letter in invisible:
        line = line.replace(letter, "")
    return line


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
