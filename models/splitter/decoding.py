"""From scores to the labels of whole pages: the best path, with what a first-order chain cannot know about a page."""

import numpy as np
from numpy.typing import NDArray

from models.splitter import chain
from models.splitter.labels import CODE, LABELS

Codes = NDArray[np.int64]
Floats = NDArray[np.float32]

HEADLINE_BONUS = 2.0  # nearly every story has a headline; of 0 to 10, best in cross-validation on gold train
MIXED_LIST_PENALTY = 2.0  # 2 % of the lists of gold train mix both kinds; of 0 to 6, no figure moved by over .003


def decoded(scores: Floats, transitions: Floats, sizes: Codes) -> Codes:
    """(lines,) label codes; a page whose story has no headline is asked once more, with a bonus for headlines.

    `scores` are (lines, labels), `sizes` the lines of each page. A list whose items open with their title now and with
    other lines then costs `MIXED_LIST_PENALTY` at each change.
    """
    arcs = transitions - MIXED_LIST_PENALTY * _changes_kind()
    codes = chain.best_path(scores, arcs, sizes)
    bonus = headline_bonus(codes, sizes)
    page = np.repeat(np.arange(len(sizes)), sizes)
    again = np.bincount(page, weights=bonus, minlength=len(sizes)) > 0
    if again.any():
        asked = again[page]
        raised = scores[asked]
        raised[:, CODE["headline"]] += bonus[asked]
        codes[asked] = chain.best_path(raised, arcs, sizes[again])
    return codes


def headline_bonus(codes: Codes, sizes: Codes) -> Floats:
    """(lines,) what to add to the headline scores: `HEADLINE_BONUS` above the story of a page without a headline."""
    bonus = np.zeros(len(codes), dtype=np.float32)
    for end, size in zip(np.cumsum(sizes), sizes, strict=True):
        page = codes[end - size : end]
        story = np.flatnonzero(page == CODE["story"])
        if len(story) and not (page == CODE["headline"]).any():
            bonus[end - size : end - size + story[0]] = HEADLINE_BONUS
    return bonus


def labels_by_page(codes: Codes, sizes: Codes) -> list[list[str]]:
    """Labels of each page from the codes of all lines; `sizes` are the lines of each page."""
    return [[LABELS[code] for code in page] for page in np.split(codes, np.cumsum(sizes)[:-1])]


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
