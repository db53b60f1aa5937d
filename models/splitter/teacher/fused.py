"""What the teacher says of a page, joined with what is known of it.

Three things are known: labels given by hand to the same page in another flattening style, weak labels, and what the
teacher says of the other styles. Each weighs on the probabilities of a line, and the chain settles the page.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from models.splitter import chain
from models.splitter.labels import CODE, LABELS, role_of
from models.splitter.lessons import targets_of
from models.splitter.teacher.sheets import Sheet

Floats = NDArray[np.float32]
View = tuple[Sheet, Floats]
"""A page, and the (lines, labels) probabilities that the teacher gives it."""

WEAK_STORY = {"story": 0.97, "caption": 0.42, "dek": 0.42, "headline": 0.07, "meta": 0.05, "boilerplate": 0.02}
"""How often a line is weakly labelled story, by its role, on 256 pages of gold train that are labelled both ways."""
WEAK_TEASER = 0.07  # the same, for every label of a teaser

COPIED = 0.93  # trust in a label given by hand to the same line in another style, by judgement
SAME_ROLE = 0.04  # that it is another label of the same role: an item may open differently in another style
OTHER_STYLE = 0.5  # weight of what the teacher says of a line in another style
LEAST = 1e-4  # probability of a label before anything is known


def all_fused(views: Sequence[View]) -> dict[int, Floats]:
    """Digest of each page → (lines, labels) probabilities; of pages alike the first counts."""
    styles: dict[str, list[View]] = defaultdict(list)
    for sheet, said in views:
        styles[sheet.key].append((sheet, said))
    found: dict[int, Floats] = {}
    for sheet, said in views:
        if sheet.digest not in found:
            found[sheet.digest] = fused(sheet, said, styles[sheet.key])
    return found


def fused(sheet: Sheet, said: Floats, styles: Sequence[View]) -> Floats:
    """(lines, labels) probabilities of `sheet` given all that is known; `styles` is its page, itself included.

    Labels given by hand to these very lines stand. A line that is weakly labelled not story is none, unless the page
    has labels given by hand in some style.
    """
    if sheet.labels:
        return targets_of(sheet.labels)
    evidence = _seen_in_all(sheet, said, styles) + LEAST
    if sheet.weak:
        evidence = evidence * _weak_evidence(sheet.weak)
    by_hand = next((other for other, _ in styles if other.labels), None)
    if by_hand is not None and by_hand.labels:
        trust = _trust()
        for theirs, ours in pairs(by_hand.lines, sheet.lines):
            evidence[ours] *= trust[CODE[by_hand.labels[theirs]]]
    alike = np.zeros((len(LABELS), len(LABELS)), dtype=np.float32)
    found = marginals(np.log(evidence), alike, np.array([len(evidence)]))
    return without_story(found, sheet.weak) if sheet.weak and by_hand is None else found


def marginals(scores: Floats, transitions: Floats, sizes: NDArray[np.int64]) -> Floats:
    """(lines, labels) probability of each label, given scores and what may follow what.

    It is the slope of the likelihood where nothing is wanted.
    """
    free = chain.likelihood(scores, transitions, np.zeros_like(scores), sizes)
    return free.scores * np.float32(len(scores))


def without_story(said: Floats, weak: Sequence[bool]) -> Floats:
    """The probabilities, with none for story where `weak` says no."""
    found = said.copy()
    found[~np.array(weak), CODE["story"]] = 0
    shares: Floats = found / found.sum(axis=1, keepdims=True)
    return shares


def pairs(theirs: Sequence[str], ours: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Places of the lines that two styles of a page have in common, in order.

    >>> list(pairs(["Menu", "Rain", "Snow"], ["Rain", "Share", "Snow"]))
    [(1, 0), (2, 2)]
    """
    for block in SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks():
        yield from ((block.a + k, block.b + k) for k in range(block.size))


def _seen_in_all(sheet: Sheet, said: Floats, styles: Sequence[View]) -> Floats:
    """Mean of what is said of each line here and, with less weight, in the other styles."""
    seen, weight = said.astype(np.float32), np.ones((len(said), 1), dtype=np.float32)
    for other, view in styles:
        for theirs, ours in pairs(other.lines, sheet.lines) if other.digest != sheet.digest else ():
            seen[ours] += OTHER_STYLE * view[theirs]
            weight[ours] += OTHER_STYLE
    mean: Floats = seen / weight
    return mean


def _weak_evidence(weak: Sequence[bool]) -> Floats:
    """(lines, labels) how likely the weak label of each line is, under each label."""
    story = np.array([WEAK_STORY.get(label, WEAK_TEASER) for label in LABELS], dtype=np.float32)
    found: Floats = np.where(np.array(weak)[:, None], story, 1 - story)
    return found


def _trust() -> Floats:
    """[by hand, true] how likely a label is in one style, given that in the style labelled by hand."""
    roles = np.array([role_of(label) for label in LABELS])
    same = roles[:, None] == roles
    near, far = SAME_ROLE / np.maximum(same.sum(axis=1) - 1, 1), (1 - COPIED - SAME_ROLE) / len(LABELS)
    return np.where(np.eye(len(LABELS), dtype=bool), COPIED, np.where(same, near[:, None], far)).astype(np.float32)
