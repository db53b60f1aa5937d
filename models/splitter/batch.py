"""A micro-batch of pages as flat arrays: every line, character and word of all pages at once.

Nothing here looks across pages, so that a page's arrays hold the same values in any batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.splitter import characters, lexicon
from models.splitter.characters import Class
from models.splitter.plain import plain_lines

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

HEAD_CHARACTERS = 240  # of a longer line, its start and its end are read: the rest of a paragraph tells little more
TAIL_CHARACTERS = 80  # characters that hold a credit, a cut-off mark or the end of a sentence
HASH_BITS = 18  # 262,144 slots: 8,000 known words leave any other word a risk of 3 % to be taken for one

_SEPARATOR = "\n"  # stands in no line, for lines were split at it
_PRIME = 1_000_003
_INVERSE = pow(_PRIME, -1, 1 << 64)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing: 2**64 divided by the golden ratio
_BLOCK_BITS = 10  # powers are tabled for 1,024 characters at a time, which stay in the nearest cache
_WORD_CLASSES = (Class.UPPER, Class.DIGIT)  # first and last of the classes that make words


@dataclass(frozen=True, slots=True)
class Batch:
    """Arrays of a micro-batch; `L` lines, `N` characters (a separator ends each line), `W` words, in page order."""

    pages: int
    page: Ints
    """(L,) page of each line."""
    first: Ints
    """(L,) first line of the page each line is on."""
    size: Ints
    """(L,) number of lines on that page."""
    length: Ints
    """(L,) characters of the whole line."""
    codes: NDArray[np.uint32]
    """(N,) folded character codes."""
    classes: NDArray[np.uint8]
    """(N,) character classes."""
    starts: Ints
    """(L,) first character of each line."""
    ends: Ints
    """(L,) the separator that ends it."""
    words: Ints
    """(W,) hash of each word, `HASH_BITS` wide."""
    word_start: Ints
    """(W,) first character of each word."""
    word_length: Ints
    """(W,) characters of each word."""
    word_count: Ints
    """(L,) words of each line."""
    word_line: Ints
    """(W,) line of each word."""

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.page)

    def per_line(self, places: Ints) -> Ints:
        """(L,) how many of some ascending character `places` lie in each line."""
        return np.diff(np.searchsorted(places, self.ends, side="right"), prepend=0)

    def words_per_line(self, chosen: NDArray[np.bool_]) -> Ints:
        """(L,) how many of the words that are flagged in `chosen` lie in each line."""
        return np.bincount(self.word_line.compress(chosen), minlength=self.lines)


def read_batch(pages: Sequence[Sequence[str]]) -> Batch:
    """Arrays of `pages`, each a sequence of lines; pages without lines are allowed.

    >>> batch = read_batch([["Rain ends", "15 hours ago"], []])
    >>> batch.lines, batch.word_line.tolist(), batch.length.tolist()
    (2, [0, 0, 1, 1, 1], [9, 12])
    """
    sizes = np.array([len(page) for page in pages], dtype=np.int64)
    texts = plain_lines([line for page in pages for line in page])
    length = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return _arrays(sizes, length, *characters.read(_joined(texts)))


@cache
def lexicon_table() -> NDArray[np.uint8]:
    """For each word hash the closed classes it belongs to, as bits."""
    table = np.zeros(1 << HASH_BITS, dtype=np.uint8)
    classes = (lexicon.MONTHS, lexicon.WEEKDAYS, lexicon.AGO, lexicon.UNITS, lexicon.BY, lexicon.TAGS)
    for bit, words in enumerate(classes):
        table[read_batch([words.split()]).words] |= np.uint8(1 << bit)
    return table


def _joined(texts: Sequence[str]) -> str:
    """All lines, each with a separator at its end; most are short, and taken as they are."""
    limit = HEAD_CHARACTERS + TAIL_CHARACTERS
    kept = [line if len(line) <= limit else _clipped(line) for line in texts]
    joined = _SEPARATOR.join((*kept, ""))
    if joined.count(_SEPARATOR) == len(kept):
        return joined
    return _joined([line.replace(_SEPARATOR, " ") for line in texts])


def _clipped(line: str) -> str:
    """The long line with its middle left out."""
    return f"{line[:HEAD_CHARACTERS]} {line[-TAIL_CHARACTERS:]}"


def _arrays(sizes: Ints, length: Ints, classes: NDArray[np.uint8], codes: NDArray[np.uint32]) -> Batch:
    ends = np.flatnonzero(codes == ord(_SEPARATOR))
    first = np.cumsum(sizes) - sizes
    word_start, word_end = _word_edges(classes)
    word_count = np.diff(np.searchsorted(word_start, ends), prepend=0)
    return Batch(
        pages=len(sizes),
        page=np.repeat(np.arange(len(sizes)), sizes),
        first=np.repeat(first, sizes),
        size=np.repeat(sizes, sizes),
        length=length,
        codes=codes,
        classes=classes,
        starts=np.concatenate(([0], ends + 1))[:-1],
        ends=ends,
        words=_word_hashes(codes, word_start, word_end),
        word_start=word_start,
        word_length=word_end - word_start,
        word_count=word_count,
        word_line=np.repeat(np.arange(len(ends)), word_count),
    )


def _word_edges(classes: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """First character of each word, and the one after its last; a syllable sign is a word of its own."""
    is_word = (classes >= _WORD_CLASSES[0]) & (classes <= _WORD_CLASSES[1])
    alone = classes == Class.SYLLABLE
    joins = is_word[1:] & is_word[:-1] & ~alone[1:] & ~alone[:-1]
    starts, ends = is_word.copy(), is_word.copy()
    starts[1:] &= ~joins
    ends[:-1] &= ~joins
    return np.flatnonzero(starts), np.flatnonzero(ends) + 1


def _word_hashes(codes: NDArray[np.uint32], start: Ints, end: Ints) -> Ints:
    """Polynomial hash of each word's characters (Karp & Rabin 1987), mixed down to `HASH_BITS`.

    Characters are summed up over the whole batch, each times the power of its place. The sum over a word, times the
    inverse power of its start, is the same wherever the word stands; all of it modulo 2**64.
    """
    high, low = _powers(_PRIME, len(codes))
    terms = np.multiply.outer(high, low).reshape(-1)[: len(codes)]
    terms *= codes + np.uint32(1)
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(terms, out=sums[1:])
    high, low = _powers(_INVERSE, len(codes))
    hashes = (sums[end] - sums[start]) * high[start >> _BLOCK_BITS] * low[start & ((1 << _BLOCK_BITS) - 1)]
    mixed = (hashes ^ (hashes >> np.uint64(29))) * _MIX
    slots: Ints = (mixed >> np.uint64(64 - HASH_BITS)).astype(np.int64)
    return slots


def _powers(base: int, count: int) -> tuple[Hashes, Hashes]:
    """Powers of `base` up to `count` as two factors: those of each block, and those of the places in a block."""
    high = np.full((count >> _BLOCK_BITS) + 1, pow(base, 1 << _BLOCK_BITS, 1 << 64), dtype=np.uint64)
    low = np.full(1 << _BLOCK_BITS, base, dtype=np.uint64)
    high[0] = low[0] = 1
    return np.cumprod(high), np.cumprod(low)
