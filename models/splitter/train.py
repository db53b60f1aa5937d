"""Trains the splitter on a corpus's labelled pages, without the restricted sources, and writes its card."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from models import corpus as corpora
from models.corpus import LabelledPage
from models.errors import CorpusError
from models.splitter.evaluate import evaluate
from models.splitter.labels import LABELS, labels_of
from models.splitter.model import Splitter

VERSION = "2026.11.1"

TERMS = (
    "page texts are their publishers' copyright, gathered from public research sets and repositories; "
    "not in the collections whose terms restrict users (see restricted)"
)
"""The terms of the training sources, as far as the README of the data states them."""


def train(corpus: Path, seed: int, progress: Callable[[str], None] = lambda _: None) -> tuple[Splitter, dict[str, Any]]:
    """A fitted splitter and its card, from `gold-pages-train` of `corpus`; the same seed gives the same model.

    The card's scores are those on `gold-pages-dev`, none where the corpus has no such file. Raises `CorpusError` when
    there is no unrestricted training page.
    """
    pages = corpora.unrestricted(corpora.gold_pages(corpus, "train"))
    if not pages:
        raise CorpusError(f"{corpus}: no labelled page to train the splitter on (gold-pages-train)")
    progress(f"training on {len(pages)} pages")
    splitter = Splitter(random_state=seed).fit(lines_of_pages(pages), [labels_of(page) for page in pages], progress)
    return splitter, _card(splitter, pages, _dev_pages(corpus), seed)


def lines_of_pages(pages: Iterable[LabelledPage]) -> list[list[str]]:
    """The lines of labelled pages as the splitter takes them."""
    return [[line.text for line in page.lines] for page in pages]


def _dev_pages(corpus: Path) -> list[LabelledPage]:
    return corpora.gold_pages(corpus, "dev") if corpus.is_dir() else []


def _card(splitter: Splitter, pages: Sequence[LabelledPage], dev: Sequence[LabelledPage], seed: int) -> dict[str, Any]:
    found = splitter.predict(lines_of_pages(dev))
    return {
        "version": VERSION,
        "corpus": corpora.digest((page.id, [(line.text, line.role) for line in page.lines]) for page in pages),
        "seed": seed,
        "labels": list(LABELS),
        "parameters": splitter.get_params(),
        "sources": _sources(pages),
        "restricted": sorted(corpora.RESTRICTED),
        "scores": {"gold-pages-dev": evaluate(dev, found)} if dev else {},
    }


def _sources(pages: Iterable[LabelledPage]) -> dict[str, dict[str, Any]]:
    counted = Counter(page.source for page in pages)
    return {source: {"pages": count, "terms": TERMS} for source, count in sorted(counted.items())}
