"""Vectors of the words of lines, each line read once and kept: training sees the same lines again and again."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
Codes = NDArray[np.int64]
Tokens = list[int]
Read = Callable[[Sequence[str], Callable[[Tokens], Tokens]], Iterator[tuple[int, Halves]]]
"""From texts, and what is read of the tokens of each, to places in the texts and the (tokens, width) vectors there."""

HEAD_TOKENS, TAIL_TOKENS = 26, 8  # of a longer line: more told nothing, and cost time
LONG_CHARACTERS, HEAD_CHARACTERS, TAIL_CHARACTERS = 700, 450, 200  # hold those tokens, and spare the tokeniser
LINES_AT_ONCE = 20_000  # read between two words of progress


class Words:
    """Vectors of words by line, in half precision: a corpus of 300,000 lines takes some 3 GB."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._kept: dict[str, Halves] = {}

    def of(self, lines: Sequence[str]) -> tuple[Floats, Codes]:
        """Vectors of all words of `lines`, one line after the other, and the number of words of each."""
        keys = [line.lower() for line in lines]  # as MiniLM reads them
        self.remember(keys)
        found = [self._kept[key] for key in keys]
        return np.concatenate(found).astype(np.float32), np.array([len(words) for words in found])

    def remember(self, lines: Iterable[str], progress: Callable[[str], None] = lambda _: None) -> None:
        """Read those lines that are new; many at once are read faster than page by page."""
        new = sorted({line.lower() for line in lines} - self._kept.keys(), key=lambda line: (len(line), line))
        for start in range(0, len(new), LINES_AT_ONCE):
            some = new[start : start + LINES_AT_ONCE]
            progress(f"reading the words of {len(new)} lines: {start} done")
            for place, vectors in self._read([cut(line) for line in some], shortened):
                self._kept[some[place]] = vectors


def cut(line: str) -> str:
    """Both ends of a long line; shorter ones as they are."""
    return line[:HEAD_CHARACTERS] + " " + line[-TAIL_CHARACTERS:] if len(line) > LONG_CHARACTERS else line


def shortened(tokens: Tokens) -> Tokens:
    """The first and last tokens of a line, and the marks around them; all tokens of a short one.

    >>> len(shortened([*range(100)])), shortened([101, 7, 102])
    (36, [101, 7, 102])
    """
    short = len(tokens) <= HEAD_TOKENS + TAIL_TOKENS + 2
    return tokens if short else tokens[: HEAD_TOKENS + 1] + tokens[-TAIL_TOKENS - 1 :]
