"""What a teacher says about pages that nobody labelled: probable labels of every line, kept without any text.

Training needs the teacher's word, not the teacher. A page is found again by the digest of its lines; of each line the
`KEPT` most probable labels are kept, in 8 bits each.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.splitter.labels import CODE, LABELS

Lines = Sequence[str]
Floats = NDArray[np.float32]
Judged = tuple[Lines, Floats]
"""Lines of a page and their (lines, labels) probabilities."""

KEPT = 3  # labels of a line; what the others have together is under 1 % on average
LEVELS = 255  # of an unsigned byte


class Told(str):
    """A label with the probabilities it stands for, so that a line keeps them wherever its page is varied."""

    said: Floats


def told(labels: Sequence[str], said: Floats) -> list[Told]:
    """Labels that remember their row of `said`.

    >>> [label] = told(["story"], np.full((1, len(LABELS)), 0.5, dtype=np.float32))
    >>> label, targets_of([label])[0, 0]
    ('story', np.float32(0.5))
    """
    found = [Told(label) for label in labels]
    for label, row in zip(found, said, strict=True):
        label.said = row
    return found


def targets_of(labels: Sequence[str]) -> Floats:
    """(lines, labels) what is to be learned: what was told of a line, else certainty of its label."""
    certain = np.eye(len(LABELS), dtype=np.float32)
    return np.stack([label.said if isinstance(label, Told) else certain[CODE[label]] for label in labels])


@dataclass(frozen=True, eq=False)
class Lessons:
    """Digests of pages, ascending, and the labels of all their lines, one page after the other."""

    digests: NDArray[np.uint64]
    begin: NDArray[np.int64]
    """(pages + 1,) first line of each page, and the end of the last."""
    codes: NDArray[np.uint8]
    levels: NDArray[np.uint8]
    """(lines, KEPT) codes of the most probable labels, and their probabilities in `LEVELS`."""

    @classmethod
    def from_pages(cls, pages: Iterable[Judged]) -> "Lessons":
        """Lessons about `pages`; of pages with the same lines the first counts.

        >>> known = Lessons.from_pages([(["Rain"], np.eye(len(LABELS))[[1]])]).about([["Rain"], ["Snow"]])
        >>> [(page, LABELS[said[0].argmax()]) for page, said in known]
        [(['Rain'], 'headline')]
        """
        known = {digest(lines): said for lines, said in reversed(list(pages)) if lines}
        order = sorted(known)
        sizes = [len(known[name]) for name in order]
        said = np.concatenate([known[name] for name in order]) if order else np.zeros((0, len(LABELS)))
        codes = np.argsort(-said, axis=1, kind="stable")[:, :KEPT]
        levels = np.rint(np.take_along_axis(said, codes, axis=1) * LEVELS)
        begin = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        return cls(np.array(order, np.uint64), begin, codes.astype(np.uint8), levels.astype(np.uint8))

    def about(self, pages: Iterable[Lines]) -> list[Judged]:
        """Those of `pages` that there is a lesson about, each once, with the probabilities of their labels."""
        places = {int(name): place for place, name in enumerate(self.digests)}
        found: dict[int, Lines] = {}
        for lines in pages:
            place = places.get(digest(lines))
            if place is not None:
                found.setdefault(place, lines)
        return [(lines, self._said(place)) for place, lines in found.items()]

    def _said(self, place: int) -> Floats:
        rows = slice(self.begin[place], self.begin[place + 1])
        said = np.zeros((len(self.codes[rows]), len(LABELS)), dtype=np.float32)
        np.put_along_axis(said, self.codes[rows].astype(np.int64), self.levels[rows].astype(np.float32), axis=1)
        return np.asarray(said / said.sum(axis=1, keepdims=True), dtype=np.float32)


def digest(lines: Lines) -> int:
    """Hash of a page's lines, by which a lesson finds its page again."""
    found = hashlib.blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(found.digest(), "big")
