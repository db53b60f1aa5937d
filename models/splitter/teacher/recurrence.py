"""What the teacher is told of a line beside its words: the splitter's features, and where else the line stands.

That a line recurs on the publisher's other pages is what no splitter can know, for it sees one page at a time.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.splitter.features import line_features
from models.splitter.teacher.sheets import Sheet

Floats = NDArray[np.float32]

MOST_SIBLINGS = 12  # pages of the same publisher that are looked at
SAME_PAGE = 0.6  # share of lines in common from which on two pages of a publisher are one page
LARGEST_FEATURE = 5.0  # standard deviations
LARGEST_SPREAD = 4.0  # logarithm of the number of other publishers: all that have more are alike
LEAST_SCALE = 1e-6


class Inputs:
    """Features of lines, standardised by the pages labelled by hand, and how lines recur among `sheets`."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self.pages: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
        for sheet in sheets:
            self.pages[sheet.publisher][sheet.key] = frozenset(sheet.lines)
        on = {(line, name) for name, pages in self.pages.items() for lines in pages.values() for line in lines}
        self.publishers = Counter(line for line, _ in on)
        known = line_features([sheet.lines for sheet in sheets if sheet.labels])
        self.mean, self.scale = known.mean(axis=0), np.maximum(known.std(axis=0), LEAST_SCALE)
        self.size = known.shape[1] + 4

    def of(self, lines: list[str], sheet: Sheet, alone: bool = False) -> Floats:
        """(lines, size) features of `lines`, a variant of those of `sheet`, whose siblings are hidden if `alone`."""
        shape = (line_features([lines]) - self.mean) / self.scale
        shape = np.clip(shape, -LARGEST_FEATURE, LARGEST_FEATURE)
        return np.concatenate([shape, self._recurrence(lines, sheet, alone)], axis=1, dtype=np.float32)

    def _recurrence(self, lines: list[str], sheet: Sheet, alone: bool) -> Floats:
        """(lines, 4) whether there are siblings, the share of them with the line, whether any, other publishers."""
        siblings = [] if alone else self.siblings(sheet)
        count = np.array([sum(line in page for page in siblings) for line in lines])
        spread = np.log1p([max(self.publishers[line] - 1, 0) for line in lines])
        some = np.full(len(lines), bool(siblings))
        share = count / max(len(siblings), 1)
        return np.stack([some, share, count > 0, np.minimum(spread, LARGEST_SPREAD)], axis=1).astype(np.float32)

    def siblings(self, sheet: Sheet) -> list[frozenset[str]]:
        """Lines of other pages of the publisher, `MOST_SIBLINGS` at most; no other style of the same page."""
        mine = frozenset(sheet.lines)
        others = [lines for key, lines in self.pages[sheet.publisher].items() if key != sheet.key]
        return [x for x in others if len(x & mine) <= SAME_PAGE * min(len(x), len(mine))][:MOST_SIBLINGS]
