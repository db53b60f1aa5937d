"""Figures of the splitter on publishers it has not seen: training pages, a fold of publishers left out at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from models import corpus as corpora
from models.errors import CorpusError
from models.labelled import LabelledPage
from models.page import Split
from models.splitter.labels import lines_and_labels
from models.splitter.model import Splitter
from models.splitter.tally import as_page

Fit = Callable[[Sequence[LabelledPage]], Splitter]
"""Gives a splitter that has learned from these pages."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Pages that were left out, split by a model that has not seen their publishers."""

    pages: tuple[LabelledPage, ...]
    splits: tuple[Split, ...]


def unseen_folds(pages: Sequence[LabelledPage], folds: int, seed: int, fit: Fit) -> Iterator[Fold]:
    """Yields `folds` folds, each after its training; every page is in one of them, with all others of its publisher.

    Publishers of one `corpus.publisher_key` are one. Raises `CorpusError` when there are fewer than folds.
    """
    publishers = [corpora.publisher_key(page.publisher) for page in pages]
    if len(set(publishers)) < folds:
        raise CorpusError(f"{folds} folds need as many publishers; the corpus has {len(set(publishers))}")
    for seen, unseen in GroupKFold(folds, shuffle=True, random_state=seed).split(publishers, groups=publishers):
        splitter = fit([pages[index] for index in seen])
        left_out = tuple(pages[index] for index in unseen)
        yield Fold(left_out, tuple(splitter.split([as_page(page) for page in left_out])))


def refit(like: Splitter, seed: int, progress: Callable[[str], None] = lambda _: None) -> Fit:
    """Training as that of the splitter `like`, with its parameters and another seed."""

    def fit(pages: Sequence[LabelledPage]) -> Splitter:
        splitter = clone(like).set_params(random_state=seed)
        seen = [lines_and_labels(page) for page in pages]
        fitted: Splitter = splitter.fit([lines for lines, _ in seen], [labels for _, labels in seen], progress)
        return fitted

    return fit
