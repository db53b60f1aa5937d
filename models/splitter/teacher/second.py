"""The second round: splitters that learned from the teacher say what they think, and the lessons move towards it.

A splitter knows less than its teacher and errs elsewhere; where the teacher was not certain, the two together are
better than the teacher alone.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.splitter.labels import CODE
from models.splitter.model import Splitter
from models.splitter.teacher.fused import marginals

Lines = Sequence[str]
Floats = NDArray[np.float32]

SPLITTERS_SHARE = 0.4  # of the second round's lessons, the rest is the teacher's
CERTAIN = 0.995  # probability from which on the teacher's word stays: mostly labels given by hand
NEVER = 1e-6  # probability below which a story was ruled out by weak labels, and stays so
PAGES_AT_ONCE = 64  # of those that splitters judge


def second_opinion(splitters: Sequence[Splitter], pages: Sequence[Lines]) -> list[Floats]:
    """(lines, labels) mean probabilities that `splitters` give the lines of each page that they read."""
    views = [_judged(splitter, pages) for splitter in splitters]
    return [np.mean(said, axis=0) for said in zip(*views, strict=True)]


def mixed(said: Floats, seen: Floats) -> Floats:
    """(lines, labels) what the teacher `said`, moved towards what splitters have `seen` where it is not certain.

    Splitters read the first lines of a very long page: the lines beyond stay as they were said.
    """
    seen = np.concatenate([seen, said[len(seen) :]])
    certain = said.max(axis=1, keepdims=True) > CERTAIN
    both = np.where(certain, said, (1 - SPLITTERS_SHARE) * said + SPLITTERS_SHARE * seen)
    both[said[:, CODE["story"]] < NEVER, CODE["story"]] = 0
    shares: Floats = (both / both.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def _judged(splitter: Splitter, pages: Sequence[Lines]) -> list[Floats]:
    found: list[Floats] = []
    for start in range(0, len(pages), PAGES_AT_ONCE):
        for sizes, scores in splitter.scores(pages[start : start + PAGES_AT_ONCE]):
            found += np.split(marginals(scores, splitter.transitions_, sizes), np.cumsum(sizes)[:-1])
    return found
