"""What the classifier is to say of each text it learns from: editors' topics, and what a teacher thinks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.page import Text

Floats = NDArray[np.floating[Any]]

SECOND_SHARE = 0.3  # of the target goes to acceptable topics after the primary one: lifts both scores by 1 to 3 points
TEACHER_SHARE = 0.5  # of a labelled text's target is the teacher's, where it judged the text without having seen it
NOBODY = "\0"  # owns the taught texts whose publisher is not known


@dataclass(frozen=True, eq=False)
class Taught:
    """Texts with a teacher's soft labels: `proba` is (texts, classes), each row sums to 1.

    `groups` names each text's publisher; without, the texts count as nobody's. `opinions` are what the teacher says of
    the labelled texts, one row each, of zeros where it says nothing. It must have judged each without its label.
    """

    texts: Sequence[Text]
    classes: Sequence[str]
    proba: Floats
    groups: Sequence[str] = ()
    opinions: Floats | None = None

    def over(self, classes: Sequence[str]) -> Floats:
        """Return the labels over `classes`, which must hold all of its own."""
        return self._widened(self.proba, classes)

    def mixed_into(self, targets: Floats, classes: Sequence[str]) -> Floats:
        """Return the targets of the labelled texts over `classes`, `TEACHER_SHARE` of each the teacher's opinion."""
        if self.opinions is None:
            return targets
        opinions = self._widened(self.opinions, classes)
        share = TEACHER_SHARE * opinions.sum(axis=1, keepdims=True).round()
        return np.asarray((1 - share) * targets + share * opinions)

    def _widened(self, proba: Floats, classes: Sequence[str]) -> Floats:
        column = {name: number for number, name in enumerate(classes)}
        found = np.zeros((len(proba), len(classes)))
        found[:, [column[name] for name in self.classes]] = proba
        return found


NOTHING = Taught((), (), np.zeros((0, 0)))


def soft_targets(topics: Sequence[Sequence[str]], classes: Sequence[str], second_share: float) -> Floats:
    """Distribution over `classes` for each text: the primary topic, and `second_share` split among the others.

    >>> soft_targets([["sport", "health"], ["health"]], ["health", "sport"], 0.3).tolist()
    [[0.3, 0.7], [1.0, 0.0]]
    """
    column = {name: number for number, name in enumerate(classes)}
    targets = np.zeros((len(topics), len(classes)))
    for row, (primary, *others) in zip(targets, topics, strict=True):
        row[column[primary]] += 1 - second_share if others else 1
        for other in others:
            row[column[other]] += second_share / len(others)
    return targets


def owners_of(groups: Sequence[str] | None, labelled: int, taught: Taught) -> list[str]:
    """The publisher of each text, labelled ones first; a labelled text is its own where all have the same or none.

    >>> owners_of(["a", "b"], 2, Taught(["text"], (), np.zeros((1, 0)), ["a"])), owners_of(["a", "a"], 2, NOTHING)
    (['a', 'b', 'a'], ['0', '1'])
    """
    known = groups is not None and len(set(groups)) > 1
    own = list(groups or ()) if known else [str(number) for number in range(labelled)]
    return [*own, *(taught.groups or [NOBODY] * len(taught.texts))]
