"""A micro-batch of pages as flat arrays: every line, character and word of all pages at once.

Nothing here looks across pages, so that a page's arrays hold the same values in any batch.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.splitter import characters, lexicon
from models.splitter.characters import Class

HEAD_CHARACTERS = 240  # of a longer line, its start and its end are read: the rest of a paragraph tells little more
TAIL_CHARACTERS = 80  # characters that hold a credit, a cut-off mark or the end of a sentence
HASH_BITS = 18  # 262,144 slots: 8,000 known words leave any other word a risk of 3 % to be taken for one

_SEPARATOR = "\n"  # stands in no line, for lines were split at it
_PRIME = np.uint64(1_000_003)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing: 2**64 divided by the golden ratio
_LONGEST_WORD = 64  # characters; beyond, the place of a character no longer counts
_WORD_CLASSES = (Class.UPPER, Class.LOWER, Class.LETTER, Class.SYLLABLE, Class.DIGIT)


@dataclass(frozen=True, slots=True)
class Batch:
    """Arrays of a micro-batch; `L` lines, `N` characters (a separator ends each line), `W` words, in page order."""

    pages: int
    page: NDArray[np.int64]
    """(L,) page of each line."""
    first: NDArray[np.int64]
    """(L,) first line of the page each line is on."""
    size: NDArray[np.int64]
    """(L,) number of lines on that page."""
    length: NDArray[np.int64]
    """(L,) characters of the whole line."""
    codes: NDArray[np.uint32]
    """(N,) folded character codes."""
    classes: NDArray[np.uint8]
    """(N,) character classes."""
    starts: NDArray[np.int64]
    """(L,) first character of each line."""
    line: NDArray[np.int64]
    """(N,) line of each character."""
    words: NDArray[np.int64]
    """(W,) hash of each word, `HASH_BITS` wide."""
    word_start: NDArray[np.int64]
    """(W,) first character of each word."""
    word_length: NDArray[np.int64]
    """(W,) characters of each word."""
    word_line: NDArray[np.int64]
    """(W,) line of each word."""

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.page)


def read_batch(pages: Sequence[Sequence[str]]) -> Batch:
    """Arrays of `pages`, each a sequence of lines; pages without lines are allowed.

    >>> batch = read_batch([["Rain ends", "15 hours ago"], []])
    >>> batch.lines, batch.word_line.tolist(), batch.length.tolist()
    (2, [0, 0, 1, 1, 1], [9, 12])
    """
    sizes = np.array([len(page) for page in pages], dtype=np.int64)
    texts = [line for page in pages for line in page]
    joined = unicodedata.normalize("NFC", "".join(map(_clipped, texts)))
    length = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return _arrays(sizes, length, characters.codes_of(joined))


@cache
def lexicon_table() -> NDArray[np.uint8]:
    """For each word hash the closed classes it belongs to, as bits."""
    table = np.zeros(1 << HASH_BITS, dtype=np.uint8)
    classes = (lexicon.MONTHS, lexicon.WEEKDAYS, lexicon.AGO, lexicon.UNITS, lexicon.BY, lexicon.TAGS)
    for bit, words in enumerate(classes):
        table[read_batch([words.split()]).words] |= np.uint8(1 << bit)
    return table


def _clipped(line: str) -> str:
    """The line with the separator of lines replaced, its middle left out when it is long."""
    if len(line) > HEAD_CHARACTERS + TAIL_CHARACTERS:
        line = f"{line[:HEAD_CHARACTERS]} {line[-TAIL_CHARACTERS:]}"
    return line.replace(_SEPARATOR, " ") + _SEPARATOR


def _arrays(sizes: NDArray[np.int64], length: NDArray[np.int64], raw: NDArray[np.uint32]) -> Batch:
    classes = characters.class_table()[raw]
    line, starts = _line_of_characters(raw, len(length))
    is_word = _word_mask()[classes]
    word_start, word_length, word_of = _word_spans(classes, is_word)
    codes = characters.fold_table()[raw]
    page = np.repeat(np.arange(len(sizes)), sizes)
    return Batch(
        pages=len(sizes),
        page=page,
        first=np.repeat(np.cumsum(sizes) - sizes, sizes),
        size=np.repeat(sizes, sizes),
        length=length,
        codes=codes,
        classes=classes,
        starts=starts,
        line=line,
        words=_word_hashes(codes[is_word], word_of, np.flatnonzero(is_word) - word_start[word_of]),
        word_start=word_start,
        word_length=word_length,
        word_line=line[word_start],
    )


def _line_of_characters(raw: NDArray[np.uint32], lines: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Line of each character and first character of each line; a line's separator is its last character."""
    ends = np.flatnonzero(raw == ord(_SEPARATOR))
    starts = np.concatenate(([0], ends + 1))[:lines]
    return np.repeat(np.arange(lines), np.diff(np.append(starts, len(raw)))), starts


@cache
def _word_mask() -> NDArray[np.bool_]:
    mask = np.zeros(characters.COUNT, dtype=bool)
    mask[list(_WORD_CLASSES)] = True
    return mask


def _word_spans(
    classes: NDArray[np.uint8], is_word: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First character and length of each word, and the word of each word character."""
    alone = classes == Class.SYLLABLE
    begins = is_word.copy()
    begins[1:] &= ~is_word[:-1] | alone[1:] | alone[:-1]
    word_of = np.cumsum(begins)[is_word] - 1
    start = np.flatnonzero(begins)
    return start, np.bincount(word_of, minlength=len(start)), word_of


def _word_hashes(codes: NDArray[np.uint32], word_of: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Polynomial hash of each word's characters, mixed down to `HASH_BITS`."""
    if not len(codes):
        return np.zeros(0, dtype=np.int64)
    terms = (codes.astype(np.uint64) + np.uint64(1)) * _powers()[np.minimum(place, _LONGEST_WORD - 1)]
    sums = np.add.reduceat(terms, np.flatnonzero(np.diff(word_of, prepend=-1)))
    mixed = (sums ^ (sums >> np.uint64(29))) * _MIX
    slots: NDArray[np.int64] = (mixed >> np.uint64(64 - HASH_BITS)).astype(np.int64)
    return slots


@cache
def _powers() -> NDArray[np.uint64]:
    powers = np.ones(_LONGEST_WORD, dtype=np.uint64)
    powers[1:] = _PRIME
    return np.cumprod(powers, dtype=np.uint64)
