"""Trains the splitter on a corpus's labelled pages, without the restricted sources, and writes its card."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from models import corpus as corpora
from models import store
from models.errors import CorpusError
from models.labelled import LabelledPage
from models.page import lines_of
from models.splitter import decoding
from models.splitter.evaluate import report
from models.splitter.labels import LABELS, lines_and_labels
from models.splitter.lessons import Lessons, told
from models.splitter.loans import Labelled
from models.splitter.model import Splitter
from models.splitter.tally import as_page

VERSION = "2026.11.3"

GOLD_TIMES = 2  # a page labelled by hand is seen twice an epoch, varied anew: there are three taught ones to each
OTHER_PAGES = ("pages/unlabelled", "pages/train")
"""Files of a corpus folder with pages that the teacher was asked about."""


def train(corpus: Path, seed: int, progress: Callable[[str], None] = lambda _: None) -> tuple[Splitter, dict[str, Any]]:
    """A fitted splitter and its card, from `gold-pages-train` of `corpus`; the same seed gives the same model.

    Pages of the corpus that the shipped teacher's lessons are about are learned from as well. The card's scores are
    those on `gold-pages-dev`, none where the corpus has no such file. Raises `CorpusError` when there is no
    unrestricted training page with a line.
    """
    pages = corpora.unrestricted(corpora.gold_pages(corpus, "train"))
    if not any(lines_and_labels(page)[0] for page in pages):
        raise CorpusError(
            f"{corpus}: no labelled page to train the splitter on (gold-pages-train: `lines` of `text` and `role`)"
        )
    lessons, teacher_card = store.load("splitter-teacher")
    taught = taught_pages(lessons, other_pages(corpus))
    progress(f"training on {len(pages)} labelled pages and {len(taught)} that the teacher labelled")
    splitter = fitted(Splitter(random_state=seed), pages, taught, progress)
    taught_by = {"version": store.version_of(teacher_card), "pages": len(taught)}
    return splitter, _card(splitter, pages, _dev_pages(corpus), seed) | {"teacher": taught_by}


def fitted(
    splitter: Splitter,
    pages: Sequence[LabelledPage],
    taught: Sequence[Labelled],
    progress: Callable[[str], None] = lambda _: None,
) -> Splitter:
    """The splitter, having learned from labelled pages, each `GOLD_TIMES` an epoch, and from taught ones."""
    seen = [lines_and_labels(page) for page in pages] * GOLD_TIMES + list(taught)
    return splitter.fit([lines for lines, _ in seen], [labels for _, labels in seen], progress)


def other_pages(corpus: Path) -> Iterator[list[str]]:
    """Lines of the unrestricted pages of `corpus` without gold labels, in every flattening style."""
    if corpus.is_dir():
        for name in OTHER_PAGES:
            for page in corpora.unrestricted(corpora.plain_pages(corpus, name)):
                yield [line.text for line in lines_of("\n".join(page.lines))]


def taught_pages(lessons: Lessons, pages: Iterable[Sequence[str]]) -> list[Labelled]:
    """Those of `pages` that there are lessons about, with the labels that the teacher told."""
    judged = lessons.about(pages)
    labels = decoding.most_likely([said for _, said in judged])
    return [(list(lines), [*told(names, said)]) for (lines, said), names in zip(judged, labels, strict=True)]


def _dev_pages(corpus: Path) -> list[LabelledPage]:
    return corpora.gold_pages(corpus, "dev") if corpus.is_dir() else []


def _card(splitter: Splitter, pages: Sequence[LabelledPage], dev: Sequence[LabelledPage], seed: int) -> dict[str, Any]:
    return {
        "version": VERSION,
        "corpus": corpora.labels_digest(pages),
        "seed": seed,
        "labels": list(LABELS),
        "parameters": splitter.get_params(),
        "sources": corpora.sources_of(pages, "pages"),
        "restricted": sorted(corpora.RESTRICTED),
        "scores": {"gold-pages-dev": report(dev, splitter.split([as_page(page) for page in dev]))} if dev else {},
    }
