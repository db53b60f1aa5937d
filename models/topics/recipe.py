"""How the topics' lessons are made: networks learn from labelled texts and label the others, and each other's texts.

It knows no network: those that are trained or read words are handed in, so that all else runs, and is tested, without
their libraries.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold

from models import corpus as corpora
from models.errors import CorpusError
from models.labelled import LabelledText
from models.page import Guess, Verdict
from models.tagger import PageSplitter
from models.topics.calibration import ranked
from models.topics.evaluate import scores
from models.topics.measure import measure
from models.topics.pageteasers import page_teasers
from models.topics.targets import SECOND_SHARE, soft_targets
from models.topics.taxonomy import NOT_TOPICS, UNCLEAR
from models.topics.teacher import Encode, Floats, Judge, Lessons, Tune, lessons_about, mean_of, sentences, words_of
from models.topics.train import VERSION, as_text, training_texts, unlabelled_texts

Progress = Callable[[str], None]

NETWORKS, FOLDS = 2, 2
TODAYS_WEIGHT = 2.0  # of texts of the kind and the years that are to be classified, against 1 for others
MEASURES = ("texts", "accept", "strict", "coverage_at_90_percent_precision")


def lessons_of(
    corpus: Path,
    splitter: PageSplitter,
    tune: Tune,
    encode: Encode,
    encoder: str,
    seed: int = 0,
    progress: Progress = lambda _: None,
    networks: int = NETWORKS,
) -> tuple[Lessons, dict[str, Any]]:
    """What a teacher says of the texts of `corpus` without labels and of its pages' teasers, and its artifact's card.

    Of the labelled texts, too, there are lessons, by networks that saw nothing of their publishers: where these differ
    from a label, it is doubtful. `tune` trains a network, of which `networks` learn from all; `encode` gives vectors of
    words; `encoder` says in the card on what both rest. The teacher, too, learns from unrestricted sources alone, and
    never from dev. Raises `CorpusError` when there is nothing to learn from.
    """
    rows, unlabelled = training_texts(corpus), unlabelled_texts(corpus)
    labelled, classes = [as_text(row) for row in rows], sorted({topic for row in rows for topic in row.topics})
    progress("splitting pages")
    teasers = page_teasers(corpus, splitter, [*labelled, *unlabelled])
    others = [*unlabelled, *teasers]
    judge = taught_by(rows, classes, tune, networks, seed, progress)
    progress(f"labelling {len(unlabelled)} texts and {len(teasers)} teasers of pages")
    said = judge(sentences(others)) if others else np.zeros((0, len(classes)))
    proba = np.vstack([unseen_opinions(rows, classes, tune, seed, progress), said])
    lessons = lessons_about([*labelled, *others], proba, classes, words_of([*labelled, *unlabelled], encode))
    made = {"encoder": encoder, "seed": seed, "networks": networks, "folds": FOLDS, "page_teasers": len(teasers)}
    return lessons, _card(rows, lessons) | made | {"scores": scores_on_dev(corpus, judge, classes)}


def taught_by(
    rows: Sequence[LabelledText], classes: Sequence[str], tune: Tune, networks: int, seed: int, progress: Progress
) -> Judge:
    """A judge, the mean of some networks that learned from `rows`."""
    judges = []
    for number in range(networks):
        progress(f"network {number + 1} of {networks} learns from {len(rows)} texts")
        judges.append(_learned(rows, classes, tune, networks * seed + number))
    return mean_of(judges)


def unseen_opinions(
    rows: Sequence[LabelledText], classes: Sequence[str], tune: Tune, seed: int, progress: Progress
) -> Floats:
    """(rows, classes) probabilities, by networks that learned from the other publishers; with one, from other texts."""
    publishers = [row.publisher for row in rows]
    owners = publishers if len(set(publishers)) > 1 else [str(place) for place in range(len(rows))]
    found = np.zeros((len(rows), len(classes)))
    folds = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(owners, groups=owners)
    for number, (seen, unseen) in enumerate(folds):
        progress(f"fold {number + 1} of {FOLDS}: a network learns from {len(seen)} texts and labels the others")
        judge = _learned([rows[place] for place in seen], classes, tune, FOLDS * seed + number)
        found[unseen] = judge(sentences([as_text(rows[place]) for place in unseen]))
    return found


def _learned(rows: Sequence[LabelledText], classes: Sequence[str], tune: Tune, seed: int) -> Judge:
    targets = soft_targets([row.topics for row in rows], classes, SECOND_SHARE)
    weights = np.array([TODAYS_WEIGHT if _is_of_today(row) else 1.0 for row in rows])
    return tune(sentences([as_text(row) for row in rows]), targets, weights, seed)


def scores_on_dev(corpus: Path, judge: Judge, classes: Sequence[str]) -> dict[str, Any]:
    """How good the teacher is on the corpus's own dev sets, from which it learned nothing; empty where there are none.

    Of its best guess among the topics, as `evaluate.scores` has it; probabilities are as they come, not calibrated.
    """

    def classify(texts: Sequence[LabelledText]) -> list[Verdict]:
        return verdicts(judge(sentences([as_text(text) for text in texts])), classes)

    try:
        found = measure(corpus, classify) if corpus.is_dir() else {}
    except CorpusError:
        return {}
    summaries = {name: scores([text.topics for text in dev.texts], dev.verdicts) for name, dev in found.items()}
    return {name: {key: summary.get(key) for key in MEASURES} for name, summary in summaries.items()}


def verdicts(proba: Floats, classes: Sequence[str]) -> list[Verdict]:
    """The topics that are likeliest for each row of `proba` (texts, classes), their probabilities as confidences.

    >>> [found.topic for found in verdicts(np.array([[0.2, 0.5, 0.3], [0.5, 0.3, 0.2]]), ["chess", "promo", "ships"])]
    ['ships', 'chess']
    """
    columns = [number for number, name in enumerate(classes) if name not in NOT_TOPICS]
    found = []
    for row, best in zip(proba[:, columns], ranked(proba[:, columns]), strict=True):
        guesses = tuple(Guess(classes[columns[number]], "", float(row[number])) for number in best)
        found.append(Verdict(guesses[0].topic if guesses else UNCLEAR, guesses))
    return found


def _is_of_today(row: LabelledText) -> bool:
    """Whether it is of the years since 2022, or a true teaser of a page."""
    return row.source == "modern" or "/teaser/" in row.id


def _card(rows: Sequence[LabelledText], lessons: Lessons) -> dict[str, Any]:
    return {
        "version": VERSION,
        "corpus": corpora.digest(row.__getstate__() for row in rows),
        "topics": [name for name in lessons.classes if name not in NOT_TOPICS],
        "texts": len(lessons.digests),
        "words": len(lessons.words.hashes),
        "sources": corpora.sources_of(rows, "texts"),
        "restricted": sorted(corpora.RESTRICTED),
    }
