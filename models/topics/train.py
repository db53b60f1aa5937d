"""Trains the topic classifier from a corpus and writes down, in its card, what it was made of."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models import corpus as corpora
from models import fields, store
from models.errors import CorpusError
from models.labelled import LabelledText
from models.page import Text
from models.tagger import PageSplitter
from models.topics import evaluate
from models.topics.model import TopicClassifier
from models.topics.pageteasers import page_teasers
from models.topics.targets import NOTHING, Taught
from models.topics.taxonomy import NOT_TOPICS, Taxonomy
from models.topics.teacher import Lessons

VERSION = "2026.11.3"

CLEAN = ("modern", "silver", "labelled")
"""Files of a corpus folder whose texts were labelled one by one, the last by `newsieve label`; the file `train`, whose
labels are derived, adds nothing to them."""

# Against 1 for a text that the teacher labelled. Today's vocabulary weighs most, says the data's README; twice these
# weights do no better on unseen publishers.
LABELLED_WEIGHT, MODERN_WEIGHT = 2.0, 3.0


def train(
    corpus: Path, taxonomy: Taxonomy, seed: int, progress: Callable[[str], None]
) -> tuple[TopicClassifier, dict[str, Any]]:
    """Return a classifier learned from `corpus` (a folder, or one JSONL of rows with topics), and its card.

    Restricted sources are left out. The scores in the card are those of predictions for publishers not seen.
    Raises `CorpusError` when there is nothing to learn from.
    """
    rows = training_texts(corpus)
    lessons, teacher_card = store.load("teacher")
    taught = taught_texts(corpus, rows, lessons, taxonomy, store.load("splitter")[0])
    progress(f"{len(rows)} labelled texts of {len({row.publisher for row in rows})} publishers")
    progress(f"{len(taught.texts)} texts labelled by the teacher; learning, which takes some minutes")
    model = TopicClassifier(taxonomy, lessons.words, random_state=seed)
    weights = [MODERN_WEIGHT if row.source == "modern" else LABELLED_WEIGHT for row in rows]
    groups = [row.publisher for row in rows]
    try:
        model.fit([as_text(row) for row in rows], [row.topics for row in rows], groups, weights, taught)
    except CorpusError as error:
        raise CorpusError(f"{corpus}: {error}") from error
    taught_by = {"version": store.version_of(teacher_card), "texts": len(taught.texts)}
    return model, card_of(model, rows, seed) | {"teacher": taught_by}


def training_texts(corpus: Path) -> list[LabelledText]:
    """Clean labelled texts in English, from unrestricted sources: true parts of gold pages and the files `CLEAN`.

    Their publishers are `corpus.publisher_key`s: a fold that leaves one out leaves out all that go by its name.
    """
    english = [page for page in corpora.gold_pages(corpus) if page.language == "en"]
    rows = corpora.unrestricted([*corpora.texts(corpus, *CLEAN), *corpora.page_texts(english)])
    if not rows:
        raise CorpusError(
            f"{corpus}: no labelled texts to learn topics from: rows with `topics` and `title` or `body`, "
            f"in a folder those of topics/{', topics/'.join(CLEAN)}"
        )
    return [
        replace(row, source=row.source or row.publisher, publisher=corpora.publisher_key(row.publisher)) for row in rows
    ]


def unlabelled_texts(corpus: Path) -> list[Text]:
    """Teasers of `topics/unlabelled`, or of a single JSONL its rows that have a title and no topics."""
    return [text for text, _ in _unlabelled(corpus)]


def _unlabelled(corpus: Path) -> list[tuple[Text, str]]:
    """Texts and the keys of their publishers."""
    return list(corpora.made_of(corpus, "topics/unlabelled", _is_unlabelled, _unlabelled_text))


def _is_unlabelled(row: dict[str, Any]) -> bool:
    return bool(row.get("title")) and not row.get("topics")


def _unlabelled_text(row: dict[str, Any]) -> tuple[Text, str]:
    text = Text("teaser", fields.text(row, "title"), fields.text(row, "body", ""))
    return text, corpora.publisher_key(fields.text(row, "publisher", ""))


def taught_texts(
    corpus: Path, rows: Sequence[LabelledText], lessons: Lessons, taxonomy: Taxonomy, splitter: PageSplitter
) -> Taught:
    """Texts that the teacher alone has labelled, and its opinions about `rows`; none for topics it does not know.

    They are those of `topics/unlabelled`, and teasers that `splitter` finds on pages. What the lessons say of `rows`
    comes from a teacher that had not seen their publishers.
    """
    if set(lessons.classes) - NOT_TOPICS != set(taxonomy.slugs):
        return NOTHING
    labelled = [as_text(row) for row in rows]
    known, said = set(labelled), dict(zip(*lessons.of(labelled), strict=True))
    nothing = np.zeros(len(lessons.classes))
    opinions = np.array([said.get(text, nothing) for text in labelled]).reshape(len(labelled), len(nothing))
    publisher_of = {text: publisher for text, publisher in _unlabelled(corpus) if text not in known}
    publisher_of |= page_teasers(corpus, splitter, [*labelled, *publisher_of])
    texts, proba = lessons.of([*publisher_of])
    return Taught(texts, lessons.classes, proba, [publisher_of[text] for text in texts], opinions)


def as_text(row: LabelledText) -> Text:
    """What the classifier reads of a labelled text."""
    return Text(row.kind, row.headline, row.text)


def card_of(model: TopicClassifier, rows: Sequence[LabelledText], seed: int) -> dict[str, Any]:
    """What the artifact's card says beside versions and sha256: corpus, topics, thresholds, sources, scores.

    Scores are of the training texts as predicted by models that had not seen their publishers. They flatter a little
    where there is a teacher, for it had seen them: the dev files' figures are the honest ones.
    """
    return {
        "version": VERSION,
        "corpus": corpora.digest(row.__getstate__() for row in rows),
        "seed": seed,
        "topics": list(model.taxonomy.slugs),
        "thresholds": {"unclear_below": model.least_confidence, "also_from": model.also_from_},
        "sources": corpora.sources_of(rows, "texts"),
        "restricted": sorted(corpora.RESTRICTED),
        "scores": _scores(model, rows),
    }


def _scores(model: TopicClassifier, rows: Sequence[LabelledText]) -> dict[str, Any]:
    verdicts = model.unseen_verdicts([as_text(row) for row in rows], [row.topics for row in rows])
    of = (
        f"{model.folds} folds by publisher, confidences and thresholds of each learned on the others; "
        "the teacher's lessons, which all folds share, come from all publishers"
    )
    found: dict[str, Any] = {"of": of}
    for kind in ("teaser", "story"):
        members = [number for number, row in enumerate(rows) if row.kind == kind]
        ids = [rows[number].id for number in members]
        truths, said = [rows[number].topics for number in members], [verdicts[number] for number in members]
        found[kind] = evaluate.report(ids, truths, said)
    return found
