"""Features of every line of a micro-batch: a list of small functions, each from a `Batch` to some features.

All are computed for all lines at once, none looks across pages, and most know nothing of the language: shapes of
characters and words, place on the page, likeness to other lines. `line_features` puts them side by side. Each feature
is one row of its array, for what lies together in memory is computed fastest.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.splitter import batch as batches
from models.splitter import context
from models.splitter.batch import Batch
from models.splitter.characters import COUNT, Class
from models.splitter.context import rows
from models.splitter.shapes import Shapes, shapes_of

Rows = NDArray[np.float32]
"""(features, L) one row for each feature, one column for each line."""

WIDTH_STEPS = (10, 20, 30, 40, 55, 70, 90, 120, 160, 240, 400)  # letters, from a button to a paragraph, by judgement
WORD_STEPS = (1, 2, 3, 4, 5, 7, 9, 12, 16, 24, 40)  # words, likewise
PLACE_STEPS = (1, 2, 4, 8, 16)  # lines from either end of the page, likewise


def line_features(pages: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """(L, F) features of all lines of `pages`, in order; no lines give shape (0, F).

    >>> line_features([["Share", "A man was found."], []]).shape == (2, len(line_features([["x"]])[0]))
    True
    """
    return features_of(batches.read_batch(pages))


def features_of(batch: Batch) -> NDArray[np.float32]:
    """(L, F) features of the lines of `batch`, those of one kind together in memory."""
    shapes = shapes_of(batch)
    return np.concatenate([feature(batch, shapes) for feature in FEATURES], dtype=np.float32).T


def characters_in_line(batch: Batch, shapes: Shapes) -> Rows:
    """Share of each class of character among those that show, and how often the telling ones stand there."""
    telling = shapes.counts[[Class.DIGIT, Class.STOP, Class.COMMA, Class.QUOTE, Class.MARKER, Class.SYMBOL]]
    return rows(shapes.counts / shapes.shown, np.log1p(telling))


def edges_of_line(batch: Batch, shapes: Shapes) -> Rows:
    """Class of the first, the last and the last but one character, one-hot; whether the end was cut off."""
    every = np.arange(COUNT, dtype=np.uint8)[:, None]
    hot = [edge == every for edge in (shapes.opening, shapes.ending, shapes.before_ending)]
    return rows(*hot, shapes.cut_off)


def size_of_line(batch: Batch, shapes: Shapes) -> Rows:
    """Width (a syllable sign counts more than a letter) and number of words: logarithm and steps."""
    steps = shapes.width > _upright(WIDTH_STEPS), shapes.words > _upright(WORD_STEPS)
    return rows(np.log1p(shapes.width), np.log1p(shapes.words), np.log1p(batch.length), *steps)


def case_of_words(batch: Batch, shapes: Shapes) -> Rows:
    """Share of words that are capitalised, all capitals, numbers; mean word length; case of the whole line."""
    capitalised, capitals, numbers = (
        some / shapes.some_words for some in (shapes.capitalised, shapes.capitals, shapes.numbers)
    )
    mean_length = np.log1p(shapes.word_characters / shapes.some_words)
    shouted = (shapes.counts[Class.UPPER] >= 3) & (shapes.counts[Class.LOWER] == 0)
    titled = (capitalised > 0.7) & (shapes.words >= 3)
    return rows(capitalised, capitals, numbers, mean_length, shouted, titled, shapes.words == 0)


def dates_and_names(batch: Batch, shapes: Shapes) -> Rows:
    """Words of dates, ages, bylines and tag lists in many languages, and figures that look like a date or time."""
    known = np.minimum(shapes.lexicon, 3)
    some_digit = shapes.counts[Class.DIGIT] > 0
    return rows(known, known * some_digit, shapes.lexicon_first, np.minimum(shapes.figures, 3))


def place_on_page(batch: Batch, shapes: Shapes) -> Rows:
    """Place counted from either end, and the size of the page."""
    before = np.arange(batch.lines) - batch.first
    after = batch.size - 1 - before
    near = [count < _upright(PLACE_STEPS) for count in (before, after)]
    return rows(np.log1p(before), np.log1p(after), before / batch.size, np.log1p(batch.size), *near)


FEATURES: tuple[Callable[[Batch, Shapes], Rows], ...] = (
    characters_in_line,
    edges_of_line,
    size_of_line,
    case_of_words,
    dates_and_names,
    place_on_page,
    context.long_lines_around,
    context.place_by_main_block,
    context.page_profile,
    context.like_the_neighbours,
    context.repeated_lines,
    context.shared_words,
)


def _upright(steps: Sequence[int]) -> NDArray[np.int64]:
    return np.array(steps)[:, None]
