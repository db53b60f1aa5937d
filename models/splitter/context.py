"""Features that set a line against its page: long lines around it, lines of its shape, repeats, shared words."""

import numpy as np
from numpy.typing import NDArray

from models.splitter.batch import Batch
from models.splitter.characters import Class
from models.splitter.shapes import NO_WORD, Shapes

Rows = NDArray[np.float32]

LONG_WIDTH = 120  # letters; of the lines of gold train that are wider, 82 % are story
BLOCK_GAP = 5  # lines between two paragraphs of one story: a video teaser or some links
NEAR_LINES = (1, 2, 3, 5, 8, 13)  # lines from the block: headline, byline and date stand within a few
LAGS = (1, 2, 3, 4, 5, 6)  # an item takes at most six lines, but for 3 in 1,000 of gold train
WORD_SLOTS = 1 << 13  # tells apart nearly all of the 400 different words of a page of gold train
CONTENT_LENGTH = 4  # shorter words are mostly grammar


def long_lines_around(batch: Batch, shapes: Shapes) -> Rows:
    """Where the line stands among the page's long lines, which are mostly its story."""
    long = _is_long(shapes).astype(np.float64)
    upto = np.cumsum(long)
    before = upto - long - _at(upto - long, batch.first)
    total = _at(upto, batch.first + batch.size - 1) - _at(upto - long, batch.first)
    after = total - before - long
    around = _window_sums(batch, long, 3), _window_sums(batch, long, 10)
    back, ahead = _distance_to_long(batch, long)
    return rows(long, np.log1p(before), np.log1p(after), before == 0, after == 0, *around, back, ahead)


def place_by_main_block(batch: Batch, shapes: Shapes) -> Rows:
    """Where the line stands by the page's main block: whether inside, and how far from its start and its end."""
    start, end = main_block(batch, shapes)
    here = np.arange(batch.lines)
    some = end > start
    inside = some & (here >= start) & (here < end)
    to_start, to_end = (np.where(some, edge - here, 0) for edge in (start, end - 1))
    near = np.array(NEAR_LINES)[:, None]
    ahead = (to_start > 0) & (to_start <= near)
    behind = (to_end < 0) & (to_end >= -near)
    signed = [np.sign(steps) * np.log1p(np.abs(steps)) for steps in (to_start, to_end)]
    return rows(some, inside, *signed, ahead, behind)


def main_block(batch: Batch, shapes: Shapes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(L,) first line and end of the main block of each line's page; both 0 where the page has no long line.

    A block is a run of long lines with at most `BLOCK_GAP` other lines between two of them; the main one is widest.
    """
    bounds = np.zeros((2, batch.pages), dtype=np.int64)
    long = np.flatnonzero(_is_long(shapes))
    if len(long):
        apart = (np.diff(long) > BLOCK_GAP + 1) | (np.diff(batch.page[long]) > 0)
        opens = np.flatnonzero(np.concatenate(([True], apart)))
        width = np.add.reduceat(shapes.width[long], opens)
        closes = np.append(opens[1:], len(long)) - 1
        pages = batch.page[long[opens]]
        widest = np.lexsort((width, pages))[np.append(np.diff(np.sort(pages)) > 0, True)]
        bounds[:, pages[widest]] = long[opens[widest]], long[closes[widest]] + 1
    return bounds[0][batch.page], bounds[1][batch.page]


def page_profile(batch: Batch, shapes: Shapes) -> Rows:
    """What the whole page is like, the same on each of its lines: long lines, dates, titles, script."""
    latin = shapes.counts[Class.UPPER] + shapes.counts[Class.LOWER]
    of_line = (
        _is_long(shapes),
        shapes.width,
        shapes.words >= 5,
        shapes.lexicon.any(axis=0),
        shapes.ending == Class.STOP,
        latin / shapes.shown,
    )
    totals = np.stack([np.bincount(batch.page, weights=row, minlength=batch.pages) for row in of_line])
    means = totals / np.maximum(np.bincount(batch.page, minlength=batch.pages), 1)
    means[1] = np.log1p(means[1])
    return rows(means, np.log1p(totals[0])).take(batch.page, axis=1)


def like_the_neighbours(batch: Batch, shapes: Shapes) -> Rows:
    """Whether the line some steps before or after has the same shape, first word or last word."""
    shape = _shape_codes(shapes)
    same = [_equal_at(batch, shape, lag) for lag in (*LAGS, *(-lag for lag in LAGS))]
    for words in (shapes.first_word, shapes.last_word):
        lone = np.where(words == NO_WORD, -2 - np.arange(batch.lines), words)
        same += [_equal_at(batch, lone, lag) for lag in (-4, -3, -2, -1, 1, 2, 3, 4)]
    return rows(*same)


def repeated_lines(batch: Batch, shapes: Shapes) -> Rows:
    """How often the same words stand on the page as a line of their own, and whether this is the first time."""
    order_free = np.bincount(batch.word_line, weights=batch.words, minlength=batch.lines).astype(np.int64)
    content = order_free * 31 + shapes.counts[Class.LETTER : Class.DIGIT + 1].sum(axis=0)
    key = content * batch.pages + batch.page
    order = np.argsort(key, kind="stable")  # of equal lines the first on the page stays first
    again = np.diff(key[order], prepend=-1) == 0
    repeats = np.bincount(np.cumsum(~again))[1:]
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    of_group = rows(np.log(repeats), repeats > 1)
    return rows(np.repeat(of_group, repeats, axis=1), again).take(place, axis=1)


def shared_words(batch: Batch, shapes: Shapes) -> Rows:
    """How many of the line's longer words stand in the main block, and in any line, elsewhere on the page."""
    chosen = (batch.word_length >= CONTENT_LENGTH) | (batch.classes[batch.word_start] == Class.SYLLABLE)
    line = batch.word_line.compress(chosen)
    slot = batch.page.take(line) * WORD_SLOTS + (batch.words.compress(chosen) & (WORD_SLOTS - 1))
    own = np.maximum(np.bincount(line, minlength=batch.lines), 1)
    found_in: list[NDArray[np.generic]] = [np.log(own)]
    start, end = main_block(batch, shapes)
    in_block = _is_long(shapes) & (np.arange(batch.lines) >= start) & (np.arange(batch.lines) < end)
    for counted in (in_block.take(line), np.ones(len(line), dtype=bool)):
        elsewhere = np.bincount(slot.compress(counted), minlength=batch.pages * WORD_SLOTS).take(slot) - counted
        logarithms = np.log1p(np.arange(elsewhere.max(initial=0) + 1))
        found = np.bincount(line, weights=elsewhere > 0, minlength=batch.lines)
        often = np.bincount(line, weights=logarithms.take(elsewhere), minlength=batch.lines)
        found_in += [found / own, np.log1p(found), often / own]
        found_in += [_share_of_most(batch, np.where(in_block, 0, measure)) for measure in (found, often)]
    return rows(*found_in)


def rows(*features: NDArray[np.generic]) -> Rows:
    """(features, L) arrays of one or more features, one under the other."""
    return np.concatenate([np.atleast_2d(some) for some in features], dtype=np.float32)


def _share_of_most(batch: Batch, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each line's value over the largest one on its page."""
    most = np.full(batch.pages, 1e-9)
    np.maximum.at(most, batch.page, values)
    share: NDArray[np.float64] = values / most[batch.page]
    return share


def _is_long(shapes: Shapes) -> NDArray[np.bool_]:
    return shapes.width >= LONG_WIDTH


def _at(values: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.float64]:
    return values[places] if len(values) else values


def _window_sums(batch: Batch, values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Sum of `values` over the lines of the same page at most `reach` away."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    here = np.arange(batch.lines)
    low = np.maximum(here - reach, batch.first)
    high = np.minimum(here + reach + 1, batch.first + batch.size)
    within: NDArray[np.float64] = sums[high] - sums[low]
    return within


def _distance_to_long(batch: Batch, long: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithm of the number of lines to the long line before and after; the page's edge counts as far away."""
    here, far = np.arange(batch.lines), 1_000
    before = np.maximum.accumulate(np.where(long > 0, here, -1)) if batch.lines else here
    after = np.minimum.accumulate(np.where(long > 0, here, batch.lines)[::-1])[::-1] if batch.lines else here
    back = np.where(before >= batch.first, here - before, far)
    ahead = np.where(after < batch.first + batch.size, after - here, far)
    return np.log1p(np.minimum(back, far)), np.log1p(np.minimum(ahead, far))


def _shape_codes(shapes: Shapes) -> NDArray[np.int64]:
    """One number per look of a line: width to within a factor, last character, case of words, digits, date words."""
    width = np.floor(np.log2(np.maximum(shapes.width, 1)) * 1.3).astype(np.int64)
    capitals = np.floor(3 * shapes.capitalised / shapes.some_words).astype(np.int64)
    digits = (shapes.counts[Class.DIGIT] > 0).astype(np.int64)
    dated = (shapes.lexicon[:4].sum(axis=0) > 0).astype(np.int64)
    codes: NDArray[np.int64] = (((width * 32 + shapes.ending) * 4 + capitals) * 2 + digits) * 2 + dated
    return codes


def _equal_at(batch: Batch, values: NDArray[np.int64], lag: int) -> NDArray[np.bool_]:
    """Whether the line `lag` lines on (before, if negative) is on the same page and has the same value."""
    equal = np.zeros(batch.lines, dtype=bool)
    if abs(lag) >= batch.lines:
        return equal
    low, high = slice(None, batch.lines - abs(lag)), slice(abs(lag), None)
    same = (values[low] == values[high]) & (batch.page[low] == batch.page[high])
    equal[low if lag > 0 else high] = same
    return equal
