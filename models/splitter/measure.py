"""Measures a splitter on the pages of a corpus that are there to measure on; what is counted stands in `evaluate`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models import corpus as corpora
from models.errors import CorpusError
from models.labelled import LabelledPage
from models.page import Split
from models.splitter import listings, stories
from models.splitter.crossvalidation import Fold, refit, unseen_folds
from models.splitter.evaluate import Figures, breakdown, figures, report
from models.splitter.model import Splitter
from models.splitter.tally import as_page, tally, total
from models.tagger import PageSplitter

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Measured:
    """Labelled pages, what a splitter made of them, and how good that is."""

    pages: Sequence[LabelledPage]
    splits: Sequence[Split]
    figures: Figures
    """`labelled`: `evaluate.report` of all pages; `english`, and by name `by_source` and `by_language`:
    `evaluate.figures`; `listings_right`: `listings.right_of` all pages; `stories`: `stories.story_report`, none where
    the corpus has no such pages."""


def measure(corpus: Path, splitter: PageSplitter) -> Measured:
    """Figures on `gold-pages-dev` and `pages/dev` of a corpus folder, or on the rows of a single JSONL.

    Raises `CorpusError` when there is no labelled page.
    """
    pages = corpora.gold_pages(corpus, "dev")
    if not pages:
        raise CorpusError(f"{corpus}: no labelled page to evaluate the splitter on (gold-pages-dev); see --corpus")
    splits = splitter.split([as_page(page) for page in pages])
    tallies = map(tally, pages, splits)
    english = total(counted for page, counted in zip(pages, tallies, strict=True) if page.language == ENGLISH)
    found = {
        "labelled": report(pages, splits),
        "english": figures(english),
        "by_source": breakdown(pages, splits, lambda page: page.source),
        "by_language": breakdown(pages, splits, lambda page: page.language),
        "listings_right": listings.right_of(pages, splitter),
        "stories": _stories(corpus, splitter),
    }
    return Measured(pages, splits, found)


def cross_validate(
    corpus: Path, like: Splitter, folds: int, seed: int, progress: Callable[[str], None], done: Callable[[], None]
) -> dict[str, Any]:
    """`evaluate.figures` of all training pages, each split by a model that has not seen its publisher.

    Trains `folds` splitters like `like` on labelled pages, without the restricted sources, and without the lessons of a
    teacher, which has seen them all; `done` is called after each. `role_accuracy_of_folds` says how far folds differ.
    Raises `CorpusError` for too few publishers.
    """
    pages = corpora.unrestricted(corpora.gold_pages(corpus, "train"))
    left_out: list[Fold] = []
    for fold in unseen_folds(pages, folds, seed, refit(like, seed, progress)):
        left_out.append(fold)
        done()
    counted = [total(map(tally, fold.pages, fold.splits)) for fold in left_out]
    accuracies = [figures(one)["role_accuracy"] for one in counted]
    return {"folds": folds, "seed": seed, "role_accuracy_of_folds": accuracies} | figures(total(counted))


def _stories(corpus: Path, splitter: PageSplitter) -> dict[str, Any] | None:
    pages = [page for page in corpora.plain_pages(corpus, "pages/dev") if page.story is not None]
    if not pages:
        return None
    return stories.story_report(pages, splitter.split([stories.as_page(page) for page in pages]))
