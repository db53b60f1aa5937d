"""Figures of the classifier on publishers, and on whole collections, that it has not seen: each left out in turn."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import corpus as corpora
from models import store
from models.errors import CorpusError
from models.labelled import LabelledText
from models.page import Verdict
from models.topics.evaluate import report
from models.topics.model import TopicClassifier
from models.topics.targets import Taught
from models.topics.taxonomy import NOT_TOPICS, Taxonomy
from models.topics.train import CLEAN, LABELLED_WEIGHT, MODERN_WEIGHT, as_text, taught_texts, training_texts
from models.topics.vectors import WordVectors

FEWEST_TEXTS = 1_000  # of a collection that is left out by itself: its accuracy is then known to some 1.3 points
OTHERS = "others"
"""What collections with fewer texts are left out as, together."""

DIGITS = 4

Predicted = Sequence[Verdict]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """All that a classifier learns from: labelled texts, what the teacher says of others, and its word vectors."""

    rows: Sequence[LabelledText]
    taught: Taught
    words: WordVectors
    taxonomy: Taxonomy

    def unseen(self, groups: Sequence[str], folds: int, seed: int) -> Predicted:
        """Verdict of each row by a model that has seen no labelled text of its group; trains `folds` + 1 times.

        What the teacher labelled is left out with its publisher, and so only where groups are publishers.
        """
        model = TopicClassifier(self.taxonomy, self.words, folds=folds, random_state=seed)
        weights = [MODERN_WEIGHT if row.source == "modern" else LABELLED_WEIGHT for row in self.rows]
        topics = [row.topics for row in self.rows]
        texts = [as_text(row) for row in self.rows]
        model.fit(texts, topics, groups, weights, self.taught)
        return model.unseen_verdicts(texts, topics)


def read_curriculum(corpus: Path, taxonomy: Taxonomy) -> Curriculum:
    """What `models.topics.train.train` would learn from `corpus`.

    Raises `CorpusError` when there is nothing, or nothing that folds are measured on.
    """
    rows = training_texts(corpus)
    if not _measured(corpus, rows):
        raise CorpusError(f"{corpus}: no labelled texts to measure folds on: topics/{', topics/'.join(CLEAN)}")
    lessons, _ = store.load("teacher")
    return Curriculum(
        rows, taught_texts(corpus, rows, lessons, taxonomy, store.load("splitter")[0]), lessons.words, taxonomy
    )


def by_publisher(corpus: Path, curriculum: Curriculum, verdicts: Predicted) -> dict[str, Any]:
    """`report` of all texts of the files `train.CLEAN`, of teasers and of stories; parts of gold pages count nothing.

    The teacher's lessons, which all folds share, come from all publishers, so that the figures flatter a little.
    """
    pairs = [(curriculum.rows[number], verdicts[number]) for number in _measured(corpus, curriculum.rows)]
    kinds = {"all": pairs} | {kind: [pair for pair in pairs if pair[0].kind == kind] for kind in ("teaser", "story")}
    return {
        kind: report([row.id for row, _ in some], [row.topics for row, _ in some], [said for _, said in some])
        for kind, some in kinds.items()
    }


def _measured(corpus: Path, rows: Sequence[LabelledText]) -> list[int]:
    ids = {row.id for row in corpora.texts(corpus, *CLEAN)}
    return [number for number, row in enumerate(rows) if row.id in ids]


def publishers_of(curriculum: Curriculum, folds: int) -> list[str]:
    """The group of each row when publishers are left out; raises `CorpusError` when there are fewer than folds."""
    publishers = [row.publisher for row in curriculum.rows]
    if len(set(publishers)) < folds:
        raise CorpusError(f"{folds} folds need as many publishers; the corpus has {len(set(publishers))}")
    return publishers


def collections_of(curriculum: Curriculum, fewest: int = FEWEST_TEXTS) -> list[str]:
    """The collection of each row: what follows the last colon of its source, `OTHERS` for one of under `fewest` texts.

    Raises `CorpusError` when that leaves fewer than two.
    """
    names = [row.source.rsplit(":", 1)[-1] for row in curriculum.rows]
    texts = Counter(names)
    collections = [name if texts[name] >= fewest else OTHERS for name in names]
    if len(set(collections)) < 2:
        raise CorpusError(f"leaving a source out needs two of {fewest} texts or more; the corpus has fewer")
    return collections


def source_drop(
    curriculum: Curriculum, names: Sequence[str], texts: Predicted, publishers: Predicted, collections: Predicted
) -> dict[str, Any]:
    """Share of accepted guesses by how much was left out of training, and the `drop` from the first to the last.

    The verdicts are of models that had not seen the text itself (`text`), anything of its publisher (`publisher`), any
    labelled text of its collection (`collection`); what the teacher labelled is of no collection, and stays. Of all
    rows that have a topic, under `all`, and of each collection, under `by_source`. A collection of one publisher is
    left out by either of the last two.
    """
    said = (texts, publishers, collections)
    hits = {
        name: np.array([[_accepted(row, verdicts[number]) for verdicts in said] for number, row in members])
        for name, members in _members(curriculum.rows, names).items()
    }
    by_source = {name: _drop(hits[name]) for name in sorted(hits)}
    return {"all": _drop(np.concatenate(list(hits.values()))), "by_source": by_source}


def _members(rows: Sequence[LabelledText], names: Sequence[str]) -> dict[str, list[tuple[int, LabelledText]]]:
    """Rows that have a topic, with their places, by collection."""
    members: dict[str, list[tuple[int, LabelledText]]] = {}
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        if row.topics[0] not in NOT_TOPICS:
            members.setdefault(name, []).append((number, row))
    return members


def _accepted(row: LabelledText, verdict: Verdict) -> bool:
    return bool(verdict.guesses) and verdict.guesses[0].topic in row.topics


def _drop(hits: NDArray[np.bool_]) -> dict[str, float]:
    text, publisher, collection = hits.mean(axis=0).tolist()
    shares = {"text": text, "publisher": publisher, "collection": collection, "drop": text - collection}
    return {"texts": len(hits)} | {name: round(value, DIGITS) for name, value in shares.items()}
