"""From scores to the labels of whole pages: the best path, with what a first-order chain cannot know about a page."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.splitter import chain
from models.splitter.labels import CODE, LABELS, LISTING_ITEMS, TITLES

Codes = NDArray[np.int64]
Floats = NDArray[np.float32]

# All in units of the scores, which add up along a path.
HEADLINE_BONUS = 2.0  # nearly every story has a headline; of 0 to 10, best in cross-validation on gold train
STORY_BONUS = 3.0  # what is no listing has a story; the shortest stories stand among many other long lines
HALF_STORY_LEAD = 2.0  # with less, half a story on what may be a listing is none; a larger one costs true stories
HEADLINE_LEAD = 2.0  # of a later headline, that makes a former none; any of 0 to 3 costs no line its true role
MIXED_LIST_PENALTY = 2.0  # 2 % of the lists of gold train mix both kinds; of 0 to 6, no figure moved by over .003

LEAST_PROBABILITY = 1e-6  # stands for none where a logarithm is needed

OF_STORY = ("headline", "dek", "story", "caption")

_NAMES = np.array(LABELS, dtype=object)


def decoded(scores: Floats, transitions: Floats, sizes: Codes) -> Codes:
    """(lines,) label codes; `scores` are (lines, labels), `sizes` the lines of each page.

    First comes the best path; on it, a list costs `MIXED_LIST_PENALTY` wherever an item that opens with its title meets
    one that opens with other lines. Then, of those pages that need it, the best path of changed scores:

    1. with a bonus for a headline, above a story that has none;
    2. with a bonus for a paragraph, where there is a headline, or no listing, and no story;
    3. without any story, where a listing has a doubtful half of one.

    At last, of headlines the doubtful ones become boilerplate.
    """
    arcs = chain.constrained(transitions - MIXED_LIST_PENALTY * _changes_kind()).astype(np.float32)
    walk, bound = chain.walk_of(sizes), chain.bounded(scores, sizes)
    worth = chain.outlook(bound, arcs, walk)
    codes = chain.followed(worth, arcs, walk)
    above = lines_above_story(codes, sizes)
    if above.any():
        _raise_headlines(worth, bound, arcs, above, sizes)
        again = above > 0
        asked = np.repeat(again, sizes)
        codes[asked] = chain.followed(worth[asked], arcs, chain.walk_of(sizes[again]))
    _ask_for_stories(codes, story_bonus(scores, codes, sizes), bound, arcs, sizes)
    _drop_stories(codes, doubtful_half_stories(scores, codes, sizes), bound, arcs, sizes)
    codes[doubtful_headlines(scores, codes, sizes)] = CODE["boilerplate"]
    return codes


def doubtful_headlines(scores: Floats, codes: Codes, sizes: Codes) -> Codes:
    """Lines labelled headline above a much more certain headline of the same page.

    How certain one is, is its score less the best other label's; much more is by over `HEADLINE_LEAD`.
    """
    lines = np.flatnonzero(codes == CODE["headline"])
    page = np.repeat(np.arange(len(sizes)), sizes)[lines]
    lead = _lead(scores[lines], CODE["headline"])
    doubtful = (page[:, None] == page) & (lines[:, None] < lines) & (lead[:, None] + HEADLINE_LEAD < lead)
    found: Codes = lines[doubtful.any(axis=1)]
    return found


def story_bonus(scores: Floats, codes: Codes, sizes: Codes) -> Floats:
    """(lines,) `STORY_BONUS` on one line of each page that should have a story and has none, 0 elsewhere.

    Such a page has a headline, or is no listing. The line is the one that is likeliest a paragraph: of those below the
    first headline, or of the whole page where there is no headline.
    """
    bonus = np.zeros(len(codes), dtype=np.float32)
    page = _pages(sizes)
    headline = np.full(len(sizes), -1)
    headlines = np.flatnonzero(codes == CODE["headline"])[::-1]
    headline[page[headlines]] = headlines  # of several the first is written last
    asking = (_counted(codes, page, sizes, "story") == 0) & ((headline >= 0) | ~may_be_listing(codes, sizes))
    ends = np.cumsum(sizes)
    for start, end in zip(np.maximum(ends - sizes, headline + 1)[asking], ends[asking], strict=True):
        if start < end:
            bonus[start + _lead(scores[start:end], CODE["story"]).argmax()] = STORY_BONUS
    return bonus


def may_be_listing(codes: Codes, sizes: Codes) -> NDArray[np.bool_]:
    """(pages,) whether a page has `LISTING_ITEMS` teasers or more: it may be a list of other pages, without a story."""
    return np.asarray(_counted(codes, _pages(sizes), sizes, *TITLES) >= LISTING_ITEMS)


def doubtful_half_stories(scores: Floats, codes: Codes, sizes: Codes) -> NDArray[np.bool_]:
    """(pages,) whether a page that may be a listing has half a story only, and that half is doubtful.

    Half a story is a headline without a paragraph, or paragraphs without a headline, as a section's name or a blurb may
    look on a listing. It is doubtful where its label leads the best other one by less than `HALF_STORY_LEAD`;
    the leads of several lines are added up.
    """
    page = _pages(sizes)
    half = np.zeros(len(sizes), dtype=bool)
    for label, missing in (("headline", "story"), ("story", "headline")):
        lines = np.flatnonzero(codes == CODE[label])
        lead = np.bincount(page[lines], _lead(scores[lines], CODE[label]), len(sizes))
        alone = (_counted(codes, page, sizes, label) > 0) & (_counted(codes, page, sizes, missing) == 0)
        half |= alone & (lead < HALF_STORY_LEAD)
    return np.asarray(half & may_be_listing(codes, sizes))


def lines_above_story(codes: Codes, sizes: Codes) -> Codes:
    """(pages,) lines above the story of each page that has a story and no headline; 0 for other pages."""
    page = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.cumsum(sizes) - sizes
    story = np.flatnonzero(codes == CODE["story"])
    above = np.zeros(len(sizes), dtype=np.int64)
    above[page[story[::-1]]] = story[::-1]  # of several paragraphs the first is written last
    above = np.maximum(above - starts, 0)
    above[page[codes == CODE["headline"]]] = 0
    return above


def labels_by_page(codes: Codes, sizes: Codes) -> list[list[str]]:
    """Labels of each page from the codes of all lines; `sizes` are the lines of each page."""
    names = _NAMES[codes].tolist()
    return [names[end - size : end] for end, size in zip(np.cumsum(sizes).tolist(), sizes.tolist(), strict=True)]


def most_likely(judged: Sequence[Floats]) -> list[list[str]]:
    """Labels of each page, from the (lines, labels) probabilities of its lines, judged apart: the best allowed path."""
    if not judged:
        return []
    sizes = np.array([len(said) for said in judged], dtype=np.int64)
    scores = np.log(np.maximum(np.concatenate(judged), LEAST_PROBABILITY))
    return labels_by_page(chain.best_path(scores, np.zeros((len(LABELS), len(LABELS))), sizes), sizes)


def _raise_headlines(worth: Floats, bound: chain.Floats, arcs: Floats, above: Codes, sizes: Codes) -> None:
    """Make `worth` the outlook with `HEADLINE_BONUS` on the first `above` lines of each page.

    From the first paragraph on the outlook stays, so only the lines above are walked, and that paragraph's last.
    """
    size = (above + 1)[above > 0]
    ends = np.cumsum(size)
    lines = np.arange(ends[-1]) + np.repeat((np.cumsum(sizes) - sizes)[above > 0] - (ends - size), size)
    raised = bound[lines]
    raised[:, CODE["headline"]] += HEADLINE_BONUS
    raised[ends - 1] = worth[lines[ends - 1]]
    worth[lines] = chain.outlook(raised, arcs, chain.walk_of(size))


def _ask_for_stories(codes: Codes, bonus: Floats, bound: chain.Floats, arcs: Floats, sizes: Codes) -> None:
    """Write anew, in `codes`, those of the pages that have a `bonus` for a story, by the best path with it."""
    asking = np.bincount(np.repeat(np.arange(len(sizes)), sizes), weights=bonus, minlength=len(sizes)) > 0
    if asking.any():
        asked = np.repeat(asking, sizes)
        raised = bound[asked]
        raised[:, CODE["story"]] += bonus[asked]
        walk = chain.walk_of(sizes[asking])
        codes[asked] = chain.followed(chain.outlook(raised, arcs, walk), arcs, walk)


def _drop_stories(codes: Codes, dropped: NDArray[np.bool_], bound: chain.Floats, arcs: Floats, sizes: Codes) -> None:
    """Write anew, in `codes`, those of the pages whose story is to be `dropped`, by the best path without one."""
    if dropped.any():
        lines = np.repeat(dropped, sizes)
        without = bound[lines]
        without[:, [CODE[label] for label in OF_STORY]] = chain.FORBIDDEN
        walk = chain.walk_of(sizes[dropped])
        codes[lines] = chain.followed(chain.outlook(without, arcs, walk), arcs, walk)


def _pages(sizes: Codes) -> Codes:
    """(lines,) the page of each line."""
    return np.repeat(np.arange(len(sizes)), sizes)


def _counted(codes: Codes, page: Codes, sizes: Codes, *labels: str) -> Codes:
    """(pages,) lines with one of `labels` on each page."""
    lines = np.isin(codes, [CODE[label] for label in labels])
    return np.bincount(page[lines], minlength=len(sizes))


def _lead(scores: Floats, label: int) -> Floats:
    """(lines,) score of a label less that of the best other one; negative where it is not the best."""
    lead: Floats = scores[:, label] - np.delete(scores, label, axis=1).max(axis=1)
    return lead


def _changes_kind() -> NDArray[np.bool_]:
    """Matrix [from, to]: an item that opens with its title is followed by one that does not, or the other way."""
    return np.array(
        [
            [
                (first.startswith("teaser-") and then.startswith("next-"))
                or (first.startswith("led-") and then == "teaser-title")
                for then in LABELS
            ]
            for first in LABELS
        ]
    )
