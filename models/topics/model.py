"""The topic classifier: texts in, verdicts out.

    texts ─▶ tokenised ─┬▶ HashedNgrams ─▶ SoftTargetSoftmax ─┬▶ class probabilities ─▶ AcceptanceCalibrator ─▶ verdicts
                        └▶ PooledWords ──▶ SoftTargetNetwork ─┘

Confidences are learned on predictions for texts of publishers that the model has not seen, and so are the thresholds
from which a further topic is published; below `least_confidence` a part is `unclear`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from models.errors import CorpusError
from models.page import Guess, Text, Verdict
from models.topics.calibration import AcceptanceCalibrator, ranked
from models.topics.features import HashedNgrams, TokenisedTexts, tokenised
from models.topics.students import Floats, SoftTargetNetwork, SoftTargetSoftmax
from models.topics.taxonomy import NOT_TOPICS, UNCLEAR, Taxonomy
from models.topics.vectors import PooledWords, WordVectors

SECOND_SHARE = 0.3  # of the target goes to acceptable topics after the primary one: lifts both scores by 1 to 3 points
CONFIDENCE_DIGITS = 4  # finer differences mean nothing, and short numbers keep records short


@dataclass(frozen=True, eq=False)
class Taught:
    """Texts with a teacher's soft labels: `proba` is (texts, classes), each row sums to 1."""

    texts: Sequence[Text]
    classes: Sequence[str]
    proba: Floats

    def over(self, classes: Sequence[str]) -> Floats:
        """Return the labels over `classes`, which must hold all of its own."""
        column = {name: number for number, name in enumerate(classes)}
        found = np.zeros((len(self.texts), len(classes)))
        found[:, [column[name] for name in self.classes]] = self.proba
        return found


class TopicClassifier(ClassifierMixin, BaseEstimator):
    """News texts → topics of a taxonomy, with calibrated confidences, or `unclear`.

    Parameters: `taxonomy`; `words`, vectors for the second student, which is left out where None; `min_texts`, in how
    many an n-gram must occur; `second_share`, how much of the target goes to acceptable topics after the primary one;
    `network_share`, the second student's part of the probabilities; `folds` of publishers for calibration;
    `least_confidence`, below which a part is `unclear`; `random_state`.

    Learned: `classes_` (sorted slugs, `promo` and `unclear` among them where the corpus has them), `inputs_` and
    `students_` (a transformer and the estimator behind it, one or two of each), `calibrator_`, `also_from_` (kind →
    confidence from which further topics are published), and until it is pickled `unseen_proba_` (probabilities of
    the training texts by models that had not seen their publishers).
    """

    def __init__(
        self,
        taxonomy: Taxonomy,
        words: WordVectors | None = None,
        min_texts: int = 3,
        second_share: float = SECOND_SHARE,
        network_share: float = 0.4,
        folds: int = 3,
        least_confidence: float = 0.4,
        random_state: int = 0,
    ) -> None:
        self.taxonomy = taxonomy
        self.words = words
        self.min_texts = min_texts
        self.second_share = second_share
        self.network_share = network_share
        self.folds = folds
        self.least_confidence = least_confidence
        self.random_state = random_state

    def fit(
        self,
        texts: Sequence[Text],
        topics: Sequence[Sequence[str]],
        groups: Sequence[str] | None = None,
        sample_weight: Sequence[float] | None = None,
        taught: Taught | None = None,
    ) -> Self:
        """Learn from texts and the topics that are acceptable for each, the primary one first.

        `groups` names each text's publisher: calibration predicts a publisher's texts without its others; None
        takes every text for its own, and so does a single publisher. `taught` are further texts with a teacher's soft
        labels, of weight 1 each.
        Raises `CorpusError` for a topic outside the taxonomy or fewer than two topics.
        """
        classes = sorted({*self._classes(topics), *(taught.classes if taught else ())})
        self.classes_ = np.array(classes)
        further = taught or Taught((), classes, np.zeros((0, len(classes))))
        targets = np.vstack([soft_targets(topics, classes, self.second_share), further.over(classes)])
        weights = np.ones(len(targets))
        weights[: len(texts)] = 1 if sample_weight is None else sample_weight
        X = self._fit_inputs(tokenised([*texts, *further.texts]))
        with threadpool_limits(1):  # more threads would add up in another order, and learn another model each
            self.unseen_proba_ = self._unseen(X, targets, weights, groups, len(texts))
            self.students_ = self._learned(X, targets, weights)
        self._calibrate(texts, topics)
        return self

    def predict_proba(self, texts: Sequence[Text]) -> Floats:
        """Probability of each of `classes_` as a text's primary topic: (texts, classes), each row sums to 1."""
        if not texts:
            return np.zeros((0, len(self.classes_)))
        return self._mixed(self.students_, self._inputs(texts))

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        """Verdict of each text, in order; a text without one known word is `unclear` and has no guesses."""
        if not texts:
            return []
        X = self._inputs(texts)
        verdicts = self.verdicts(self._mixed(self.students_, X), [text.kind for text in texts])
        known = np.diff(X[0].indptr) > 0
        return [verdict if seen else Verdict(UNCLEAR) for verdict, seen in zip(verdicts, known, strict=True)]

    def verdicts(self, proba: Floats, kinds: Sequence[str]) -> list[Verdict]:
        """Verdicts from class probabilities, which are (texts, classes), and the kind of each text."""
        columns = self._topic_columns()
        confidences = self.calibrator_.transform(proba[:, columns], kinds).round(CONFIDENCE_DIGITS)
        order, slugs = ranked(proba[:, columns]), self.classes_[columns]
        rows = zip(kinds, slugs[order].tolist(), confidences.tolist(), self._placeable(proba), strict=True)
        return [self._verdict(kind, self._guesses(names, row), bool(fit)) for kind, names, row, fit in rows]

    def _classes(self, topics: Sequence[Sequence[str]]) -> list[str]:
        seen = {topic for accepted in topics for topic in accepted}
        strange = seen - NOT_TOPICS - set(self.taxonomy.slugs)
        if strange:
            raise CorpusError(f"labels outside the list of topics: {', '.join(sorted(strange))}")
        if len(seen - NOT_TOPICS) < 2:
            raise CorpusError("fewer than two topics to learn")
        return sorted(seen)

    def _fit_inputs(self, tokens: TokenisedTexts) -> list[Any]:
        self.inputs_ = [HashedNgrams(min_texts=self.min_texts)]
        if self.words is not None:
            self.inputs_.append(PooledWords(self.words))
        X = [transformer.fit(tokens).transform(tokens) for transformer in self.inputs_]
        X[0].sum_duplicates()
        return X

    def _inputs(self, texts: Sequence[Text]) -> list[Any]:
        tokens = tokenised(texts)
        return [transformer.transform(tokens) for transformer in self.inputs_]

    def _learned(self, X: list[Any], targets: Floats, weights: Floats) -> list[Any]:
        students: list[Any] = [SoftTargetSoftmax(), SoftTargetNetwork(random_state=self.random_state)]
        return [student.fit(inputs, targets, weights) for student, inputs in zip(students, X, strict=False)]

    def _mixed(self, students: list[Any], X: list[Any]) -> Floats:
        proba = [student.predict_proba(inputs) for student, inputs in zip(students, X, strict=True)]
        if len(proba) == 1:
            return np.asarray(proba[0])
        return np.asarray((1 - self.network_share) * proba[0] + self.network_share * proba[1])

    def _unseen(
        self, X: list[Any], targets: Floats, weights: Floats, groups: Sequence[str] | None, labelled: int
    ) -> Floats:
        """Probabilities of every labelled text by a model that has seen no labelled text of its publisher."""
        names = np.arange(labelled) if groups is None or len(set(groups)) < 2 else np.asarray(groups)
        folds = GroupKFold(min(self.folds, len(np.unique(names))), shuffle=True, random_state=self.random_state)
        proba = np.zeros((labelled, targets.shape[1]))
        for members, unseen in folds.split(names, groups=names):
            seen = np.concatenate([members, np.arange(labelled, len(targets))])
            students = self._learned([inputs[seen] for inputs in X], targets[seen], weights[seen])
            proba[unseen] = self._mixed(students, [inputs[unseen] for inputs in X])
        return proba

    def _calibrate(self, texts: Sequence[Text], topics: Sequence[Sequence[str]]) -> None:
        slugs = self.classes_[self._topic_columns()]
        proba = self.unseen_proba_[:, self._topic_columns()]
        accepted = np.array([[slug in accept for slug in slugs] for accept in topics])
        kinds = np.array([text.kind for text in texts])
        self.calibrator_ = AcceptanceCalibrator().fit(proba, accepted, kinds.tolist())
        confidences = self.calibrator_.transform(proba, kinds.tolist())
        taken = np.take_along_axis(accepted, ranked(proba), axis=1)
        self.also_from_ = {
            str(kind): also_from(confidences[kinds == kind], taken[kinds == kind], self.least_confidence)
            for kind in np.unique(kinds)
        }

    def _topic_columns(self) -> NDArray[np.intp]:
        return np.flatnonzero(~np.isin(self.classes_, list(NOT_TOPICS)))

    def _placeable(self, proba: Floats) -> NDArray[np.bool_]:
        """Where a topic is likelier than promotion and texts that no editor could place, taken together."""
        others = np.isin(self.classes_, list(NOT_TOPICS))
        return np.asarray(proba[:, ~others].max(axis=1) > proba[:, others].sum(axis=1))

    def _guesses(self, slugs: Sequence[str], confidences: Sequence[float]) -> tuple[Guess, ...]:
        return tuple(Guess(s, self.taxonomy.qcodes[s], c) for s, c in zip(slugs, confidences, strict=True))

    def _verdict(self, kind: str, guesses: tuple[Guess, ...], placeable: bool) -> Verdict:
        if not placeable or guesses[0].confidence < self.least_confidence:
            return Verdict(UNCLEAR, guesses)
        threshold = self.also_from_.get(kind, 1.0)
        also = tuple(guess.topic for guess in guesses[1:] if guess.confidence >= threshold)
        return Verdict(guesses[0].topic, guesses, also)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "unseen_proba_"}


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


def also_from(confidences: Floats, accepted: NDArray[np.bool_], least: float) -> float:
    """Confidence from which later guesses are together as often accepted as the best ones that are answered.

    Both arrays are (texts, guesses), best guess first. 1.0 where no later guess is that good.

    >>> also_from(np.array([[0.9, 0.8], [0.9, 0.5]]), np.array([[True, True], [True, False]]), 0.4)
    0.8
    """
    answered = confidences[:, 0] >= least
    later = confidences[answered, 1:].ravel()
    order = np.argsort(-later, kind="stable")
    if not len(order):
        return 1.0
    precision = np.cumsum(accepted[answered, 1:].ravel()[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(precision >= accepted[answered, 0].mean())
    return max(least, float(later[order][enough[-1]])) if len(enough) else 1.0
