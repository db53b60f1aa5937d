"""How the splitter's lessons are made: networks, what is known, then splitters that learned from both.

It knows no network: that which trains them is handed in, so that all else runs, and is tested, without their libraries.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from models import corpus as corpora
from models.splitter import decoding
from models.splitter.labels import LABELS
from models.splitter.lessons import Judged, Lessons
from models.splitter.model import Splitter
from models.splitter.teacher.fused import all_fused
from models.splitter.teacher.second import mixed, second_opinion
from models.splitter.teacher.sheets import Sheet, sheets_of
from models.splitter.train import VERSION, fitted, taught_pages

Floats = NDArray[np.float32]
Progress = Callable[[str], None]
Known = tuple[Sheet, list[str]]
"""A page and its labels."""
Judge = Callable[[Sheet], Floats]
"""From a page to the (lines, labels) probabilities of its lines."""
Teach = Callable[[Sequence[Known], Sequence[Known], int], Judge]
"""From pages labelled by hand, pages of whose labels one is sure, and a seed, to a judge."""

SURE = 0.85  # mean probability of the likeliest label, from which on a page is learned from
STORYLESS_TIMES = 3  # pages labelled by hand that have no story are seen as often an epoch: they are few


@dataclass(frozen=True)
class Recipe:
    """How many networks, then how many splitters, and what splitters."""

    networks: int = 3
    splitters: int = 3
    splitter: Splitter = field(default_factory=Splitter)


def lessons_of(
    corpus: Path,
    networks_on: Callable[[Sequence[Sheet], Progress], Teach],
    encoder: str,
    seed: int = 0,
    progress: Progress = lambda _: None,
    recipe: Recipe | None = None,
) -> tuple[Lessons, dict[str, Any]]:
    """What the teacher says of the pages of `corpus` that are not labelled by hand, and the card of its artifact.

    `networks_on` gives, for all pages, that which trains networks; `encoder` says in the card what reads their words.
    Teachers, too, learn from unrestricted sources alone. Raises `CorpusError` when there are no pages to teach with.
    """
    recipe = recipe or Recipe()
    sheets = sheets_of(corpus)
    progress(f"{len(sheets)} pages, {sum(sheet.labels is not None for sheet in sheets)} of them labelled by hand")
    first = first_round(sheets, networks_on(sheets, progress), recipe.networks, seed, progress)
    others = {sheet.digest: sheet.lines for sheet in sheets if sheet.labels is None}
    judged: list[Judged] = [(lines, first[name]) for name, lines in others.items()]
    splitters = _splitters(corpus, judged, recipe, seed, progress)
    seen = second_opinion(splitters, list(others.values()))
    lessons = Lessons.from_pages((lines, mixed(said, view)) for (lines, said), view in zip(judged, seen, strict=True))
    return lessons, _card(corpus, lessons, sheets, encoder, recipe, seed)


def first_round(
    sheets: Sequence[Sheet], teach: Teach, networks: int, seed: int, progress: Progress = lambda _: None
) -> dict[int, Floats]:
    """Digest of each page → (lines, labels) probabilities: the mean of some networks, joined with what is known.

    Each network after the first also learns from pages that those before it were sure of.
    """
    views: list[list[Floats]] = []
    found: dict[int, Floats] = {}
    guessed: list[Known] = []
    for number in range(networks):
        progress(f"network {number + 1} of {networks} learns, from {len(guessed)} pages of the teacher's own as well")
        judge = teach(labelled_by_hand(sheets), guessed, networks * seed + number)
        progress(f"network {number + 1} of {networks} judges {len(sheets)} pages")
        views.append([judge(sheet) for sheet in sheets])
        means = [np.mean(said, axis=0) for said in zip(*views, strict=True)]
        found = all_fused(list(zip(sheets, means, strict=True)))
        guessed = sure_of(sheets, found)
    return found


def labelled_by_hand(sheets: Sequence[Sheet]) -> list[Known]:
    """Pages with the labels given to them; those without a story `STORYLESS_TIMES`."""
    known = [(sheet, sheet.labels) for sheet in sheets if sheet.labels]
    return known + [page for page in known if "story" not in page[1]] * (STORYLESS_TIMES - 1)


def sure_of(sheets: Sequence[Sheet], found: dict[int, Floats]) -> list[Known]:
    """Pages not labelled by hand of which `found` is sure enough, each once, with their likeliest labels."""
    by_hand = {sheet.digest for sheet in sheets if sheet.labels}
    new = {sheet.digest: sheet for sheet in sheets if sheet.digest not in by_hand}
    sure = {name: sheet for name, sheet in new.items() if found[name].max(axis=1).mean() >= SURE}
    return list(zip(sure.values(), decoding.most_likely([found[name] for name in sure]), strict=True))


def _splitters(corpus: Path, judged: Sequence[Judged], recipe: Recipe, seed: int, progress: Progress) -> list[Splitter]:
    """Splitters that learned from what the networks said."""
    pages = corpora.unrestricted(corpora.gold_pages(corpus, "train"))
    taught = taught_pages(Lessons.from_pages(judged), [lines for lines, _ in judged])
    found = []
    for number in range(recipe.splitters):
        progress(f"splitter {number + 1} of {recipe.splitters} learns from {len(pages)} and {len(taught)} pages")
        splitter = clone(recipe.splitter).set_params(random_state=recipe.splitters * seed + number)
        found.append(fitted(splitter, pages, taught, progress))
    return found


def _card(
    corpus: Path, lessons: Lessons, sheets: Sequence[Sheet], encoder: str, recipe: Recipe, seed: int
) -> dict[str, Any]:
    gold = corpora.unrestricted(corpora.gold_pages(corpus, "train"))
    return {
        "version": VERSION,
        "corpus": corpora.labels_digest(gold),
        "seed": seed,
        "encoder": encoder,
        "recipe": f"{recipe.networks} networks on the words of each line, joined with labels of the same page in other "
        f"styles and with weak labels; then averaged, .6 to .4, with {recipe.splitters} splitters taught by them",
        "pages": len(lessons.digests),
        "lines": len(lessons.codes),
        "labels": list(LABELS),
        "restricted": sorted(corpora.RESTRICTED),
        "sources": corpora.sources_of(sheets, "pages"),
    }
