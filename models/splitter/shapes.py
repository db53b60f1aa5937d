"""Counts that the features of a line share, made once for a whole micro-batch."""

from dataclasses import dataclass

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
WORD_CLASSES = slice(Class.UPPER, Class.DIGIT + 1)
LEXICON_BITS = 6
NO_WORD = -1


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is counted in each line: L lines, in all arrays the last axis."""

    counts: Ints
    """(classes, L) characters of each class."""
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
    """(bits, L) words of each closed class; whether the first word is one."""
    figures: Ints
    """(5, L) years; figures joined by a colon, a slash, a dash and a stop."""


def shapes_of(batch: Batch) -> Shapes:
    """Counts of the lines of `batch`."""
    counts = _class_counts(batch)
    shown = counts.sum(axis=0) - counts[Class.SPACE] - counts[Class.IGNORED]
    first_word, last_word = _outer_words(batch)
    opening, ending, before_ending = (batch.classes[places] for places in _edge_places(batch))
    word_opening = batch.classes[batch.word_start]
    return Shapes(
        counts=counts,
        shown=np.maximum(shown, 1).astype(np.float64),
        width=batch.length + (SYLLABLE_WIDTH - 1) * (counts[Class.SYLLABLE] + _hangul(batch)),
        opening=opening,
        ending=ending,
        before_ending=before_ending,
        cut_off=_cut_off(batch),
        words=batch.word_count,
        some_words=np.maximum(batch.word_count, 1).astype(np.float64),
        word_characters=counts[WORD_CLASSES].sum(axis=0).astype(np.float64),
        capitalised=batch.words_per_line(word_opening == Class.UPPER).astype(np.float64),
        capitals=batch.words_per_line(_all_capitals(batch)).astype(np.float64),
        numbers=batch.words_per_line(word_opening == Class.DIGIT).astype(np.float64),
        first_word=first_word,
        last_word=last_word,
        lexicon=_lexicon(batch),
        lexicon_first=_first_in_lexicon(first_word),
        figures=_figures(batch),
    )


def _class_counts(batch: Batch) -> Ints:
    """Characters of each class in each line. Most are lower case: only the others are counted one by one."""
    places = np.flatnonzero(batch.classes != Class.LOWER)
    others = batch.per_line(places)
    bins = np.repeat(np.arange(batch.lines), others)
    bins += batch.classes[places] * np.int64(batch.lines)
    counts = np.bincount(bins, minlength=batch.lines * COUNT).reshape(COUNT, -1)
    counts[Class.SPACE] -= 1  # the separator that closes each line
    counts[Class.LOWER] = batch.ends - batch.starts + 1 - others
    return counts


def _hangul(batch: Batch) -> Ints:
    """Hangul blocks of each line: letters in words, as wide as a Han sign."""
    return batch.per_line(np.flatnonzero((batch.codes >= HANGUL[0]) & (batch.codes <= HANGUL[1])))


def _edge_places(batch: Batch) -> tuple[Ints, Ints, Ints]:
    return batch.starts, np.maximum(batch.ends - 1, batch.starts), np.maximum(batch.ends - 2, batch.starts)


def _cut_off(batch: Batch) -> Flags:
    """The last sign but closing brackets is an ellipsis, or three stops."""
    last = np.maximum(batch.ends - 1, batch.starts)
    last = np.where(batch.classes[last] == Class.BRACKET, np.maximum(last - 1, batch.starts), last)
    stops = [batch.classes[np.maximum(last - back, batch.starts)] == Class.STOP for back in range(3)]
    cut: Flags = (batch.classes[last] == Class.ELLIPSIS) | (stops[0] & stops[1] & stops[2] & (last - 2 >= batch.starts))
    return cut


def _all_capitals(batch: Batch) -> Flags:
    """Words of two or more characters that are all capitals."""
    capitals = np.zeros(len(batch.classes) + 1, dtype=np.int32)
    np.cumsum(batch.classes == Class.UPPER, out=capitals[1:])
    inside = capitals[batch.word_start + batch.word_length] - capitals[batch.word_start]
    whole: Flags = (inside == batch.word_length) & (inside > 1)
    return whole


def _outer_words(batch: Batch) -> tuple[Ints, Ints]:
    """First and last word of each line."""
    ends = np.cumsum(batch.word_count)
    outer = np.full((2, batch.lines), NO_WORD)
    some = batch.word_count > 0
    outer[:, some] = batch.words[(ends - batch.word_count)[some]], batch.words[ends[some] - 1]
    return outer[0], outer[1]


def _lexicon(batch: Batch) -> Ints:
    """Words of each closed class in each line; few words are in any."""
    found = lexicon_table()[batch.words]
    known = np.flatnonzero(found)
    line, found = batch.word_line[known], found[known]
    bits = [(found >> bit & 1) > 0 for bit in range(LEXICON_BITS)]
    return np.stack([np.bincount(line.compress(bit), minlength=batch.lines) for bit in bits])


def _first_in_lexicon(first_word: Ints) -> Ints:
    found = np.where(first_word >= 0, lexicon_table()[first_word], 0).astype(np.int64)
    return found >> np.arange(LEXICON_BITS)[:, None] & 1


def _figures(batch: Batch) -> Ints:
    """Years, and signs between two digits, of each line."""
    digit = batch.classes == Class.DIGIT
    joints = np.flatnonzero(digit[:-2] & digit[2:] & ~digit[1:-1])
    line, sign = np.searchsorted(batch.ends, joints), batch.classes[joints + 1]
    joined = [line.compress(sign == wanted) for wanted in (Class.COLON, Class.SLASH, Class.DASH, Class.STOP)]
    years = batch.words_per_line((batch.word_length == 4) & digit[batch.word_start])
    return np.stack([years, *(np.bincount(lines, minlength=batch.lines) for lines in joined)])
