"""Counts that the features of a line share, made once for a whole micro-batch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.splitter.batch import Batch, lexicon_table
from models.splitter.characters import COUNT, Class

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Classes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

SYLLABLE_WIDTH = 2.2  # letters that a Han sign or Hangul block stands for, by judgement
HANGUL = (0xAC00, 0xD7A3)
LEXICON_BITS = 6
NO_WORD = -1


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is counted in each line; all arrays have one row per line."""

    counts: Ints
    """(L, classes) characters of each class."""
    shown: Floats
    """(L,) characters that are neither spaces nor ignored, at least 1."""
    width: Floats
    """(L,) how wide the line would be in letters."""
    opening: Classes
    ending: Classes
    before_ending: Classes
    """(L,) class of the first, last and last but one character."""
    cut_off: Flags
    """(L,) the line ends in an ellipsis, closed by a bracket or not."""
    words: Ints
    some_words: Floats
    """(L,) words of the line; the same, at least 1."""
    word_characters: Floats
    capitalised: Floats
    capitals: Floats
    numbers: Floats
    """(L,) letters in words; words that start with a capital, that are all capitals, that are figures."""
    first_word: Ints
    last_word: Ints
    """(L,) hash of the first and last word, or `NO_WORD`."""
    lexicon: Ints
    lexicon_first: Ints
    """(L, bits) words of each closed class; whether the first word is one."""
    figures: Ints
    """(L, 5) years; figures joined by a colon, a slash, a dash and a stop."""


def shapes_of(batch: Batch) -> Shapes:
    """Counts of the lines of `batch`."""
    counts = np.bincount(batch.line * COUNT + batch.classes, minlength=batch.lines * COUNT).reshape(-1, COUNT)
    counts[:, Class.SPACE] -= 1  # the separator that closes each line
    shown = counts.sum(axis=1) - counts[:, Class.SPACE] - counts[:, Class.IGNORED]
    ends = batch.starts + counts.sum(axis=1)
    words = np.bincount(batch.word_line, minlength=batch.lines)
    first_word, last_word = _outer_words(batch, words)
    bits = _lexicon_bits(batch)
    opening, ending, before_ending = (batch.classes[i] for i in _edge_places(batch, ends))
    return Shapes(
        counts=counts,
        shown=np.maximum(shown, 1).astype(np.float64),
        width=batch.length + (SYLLABLE_WIDTH - 1) * (counts[:, Class.SYLLABLE] + _hangul(batch)),
        opening=opening,
        ending=ending,
        before_ending=before_ending,
        cut_off=_cut_off(batch, ends),
        words=words,
        some_words=np.maximum(words, 1).astype(np.float64),
        word_characters=_per_line(batch, batch.word_length),
        capitalised=_per_line(batch, batch.classes[batch.word_start] == Class.UPPER),
        capitals=_per_line(batch, _all_capitals(batch)),
        numbers=_per_line(batch, batch.classes[batch.word_start] == Class.DIGIT),
        first_word=first_word,
        last_word=last_word,
        lexicon=np.stack([_per_line(batch, bit) for bit in bits], axis=1).astype(np.int64),
        lexicon_first=_first_in_lexicon(first_word),
        figures=_figures(batch),
    )


def _hangul(batch: Batch) -> Ints:
    """Hangul blocks of each line: letters in words, as wide as a Han sign."""
    found = (batch.codes >= HANGUL[0]) & (batch.codes <= HANGUL[1])
    return np.bincount(batch.line[found], minlength=batch.lines)


def _per_line(batch: Batch, weights: NDArray[Any]) -> Floats:
    """Sum over the words of each line of `weights`."""
    sums = np.bincount(batch.word_line, weights=weights.astype(np.float64), minlength=batch.lines)
    return sums.astype(np.float64)


def _edge_places(batch: Batch, ends: Ints) -> tuple[Ints, Ints, Ints]:
    return batch.starts, np.maximum(ends - 1, batch.starts), np.maximum(ends - 2, batch.starts)


def _cut_off(batch: Batch, ends: Ints) -> Flags:
    """The last sign but closing brackets is an ellipsis, or three stops."""
    last = np.maximum(ends - 1, batch.starts)
    last = np.where(batch.classes[last] == Class.BRACKET, np.maximum(last - 1, batch.starts), last)
    stops = [batch.classes[np.maximum(last - back, batch.starts)] == Class.STOP for back in range(3)]
    cut: Flags = (batch.classes[last] == Class.ELLIPSIS) | (stops[0] & stops[1] & stops[2] & (last - 2 >= batch.starts))
    return cut


def _all_capitals(batch: Batch) -> Flags:
    """Words of two or more characters that are all capitals."""
    totals = np.concatenate(([0], np.cumsum(batch.classes == Class.UPPER)))
    capitals = totals[batch.word_start + batch.word_length] - totals[batch.word_start]
    whole: Flags = (capitals == batch.word_length) & (capitals > 1)
    return whole


def _outer_words(batch: Batch, words: Ints) -> tuple[Ints, Ints]:
    if not len(batch.words):
        none = np.full(batch.lines, NO_WORD)
        return none, none
    ends = np.cumsum(words)
    first, last = batch.words[np.minimum(ends - words, len(batch.words) - 1)], batch.words[ends - 1]
    return np.where(words > 0, first, NO_WORD), np.where(words > 0, last, NO_WORD)


def _lexicon_bits(batch: Batch) -> list[Flags]:
    found = lexicon_table()[batch.words]
    return [(found >> bit & 1).astype(bool) for bit in range(LEXICON_BITS)]


def _first_in_lexicon(first_word: Ints) -> Ints:
    found = np.where(first_word >= 0, lexicon_table()[first_word], 0).astype(np.int64)
    return found[:, None] >> np.arange(LEXICON_BITS) & 1


def _figures(batch: Batch) -> Ints:
    classes = batch.classes
    digit = classes == Class.DIGIT
    joints = [
        np.flatnonzero(digit[:-2] & digit[2:] & (classes[1:-1] == sign))
        for sign in (Class.COLON, Class.SLASH, Class.DASH, Class.STOP)
    ]
    years = batch.word_line[(batch.word_length == 4) & digit[batch.word_start]]
    per_line = [years, *(batch.line[joint] for joint in joints)]
    return np.stack([np.bincount(lines, minlength=batch.lines) for lines in per_line], axis=1)
