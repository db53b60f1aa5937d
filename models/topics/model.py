"""The topic classifier: texts in, verdicts out.

    texts ─▶ tokenised ─▶ ZonedBags ─▶ ZoneVectors ─▶ MLPClassifier ─▶ probabilities ─▶ AcceptanceCalibrator ─▶ verdicts

Confidences are learned on predictions for texts of publishers that the model has not seen, and so are the thresholds
from which a further topic is published; below `least_confidence` a part is `unclear`.
"""

from collections import Counter
from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from models.errors import CorpusError
from models.page import Guess, Text, Verdict
from models.topics.bags import ZonedBags
from models.topics.calibration import AcceptanceCalibrator, also_from, evidence_of, ranked
from models.topics.features import tokenised
from models.topics.network import BagNetwork
from models.topics.targets import NOTHING, SECOND_SHARE, Floats, Taught, owners_of, soft_targets
from models.topics.taxonomy import NOT_TOPICS, UNCLEAR, Taxonomy
from models.topics.vectors import WordVectors

CONFIDENCE_DIGITS = 4  # finer differences mean nothing, and short numbers keep records short


class TopicClassifier(ClassifierMixin, BaseEstimator):
    """News texts → topics of a taxonomy, with calibrated confidences, or `unclear`.

    Parameters: `taxonomy`; `words`, vectors that words start with; `min_texts`, in how many a further word must occur;
    `second_share`, how much of the target goes to acceptable topics after the primary one; `folds` of publishers for
    calibration; `least_confidence`, below which a part is `unclear`; `random_state`.

    Learned: `classes_` (sorted slugs, `promo` and `unclear` among them where the corpus has them), `pipeline_` (steps
    `bags`, `vectors` and `head`, the last scikit-learn's own), `calibrator_`, `also_from_` (`evidence_of` → confidence
    from which further topics are published), and until it is pickled `unseen_proba_` (probabilities of the training
    texts by models that had not seen their publishers) and `unseen_folds_` (the fold in which each was left out).
    """

    def __init__(
        self,
        taxonomy: Taxonomy,
        words: WordVectors,
        min_texts: int = 3,
        second_share: float = SECOND_SHARE,
        folds: int = 3,
        least_confidence: float = 0.4,
        random_state: int = 0,
    ) -> None:
        self.taxonomy = taxonomy
        self.words = words
        self.min_texts = min_texts
        self.second_share = second_share
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
        labels, of weight 1 each, and its opinions about these.
        Raises `CorpusError` for a topic outside the taxonomy, and for fewer than two topics or texts.
        """
        further = taught or NOTHING
        classes = sorted({*self._classes(topics), *further.classes})
        self.classes_ = np.array(classes)
        targets = further.mixed_into(soft_targets(topics, classes, self.second_share), classes)
        targets = np.vstack([targets, further.over(classes)])
        weights = np.ones(len(targets))
        weights[: len(texts)] = 1 if sample_weight is None else sample_weight
        tokens = tokenised([*texts, *further.texts])
        bags = ZonedBags(self.words, self.min_texts).fit(tokens)
        X = bags.transform(tokens)
        network = BagNetwork(bags.start(), random_state=self.random_state)
        with threadpool_limits(1):  # more threads would add up in another order, and learn another model each
            owners = owners_of(groups, len(texts), further)
            self.unseen_proba_ = self._unseen(network, X, targets, weights, owners, len(texts))
            network.fit(X, targets, weights)
        self.pipeline_ = Pipeline([("bags", bags), ("vectors", network.vectors_), ("head", network.head_)])
        self._calibrate(self.unseen_proba_, texts, topics)
        return self

    def predict_proba(self, texts: Sequence[Text]) -> Floats:
        """Probability of each of `classes_` as a text's primary topic: (texts, classes), each row sums to 1."""
        if not texts:
            return np.zeros((0, len(self.classes_)))
        return np.asarray(self.pipeline_.predict_proba(tokenised(texts)))

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        """Verdict of each text, in order; a text without a word is `unclear` and has no guesses."""
        if not texts:
            return []
        X = self.pipeline_["bags"].transform(tokenised(texts))
        verdicts = self.verdicts(self.pipeline_[1:].predict_proba(X), texts)
        known = np.diff(X.indptr) > 0
        return [verdict if seen else Verdict(UNCLEAR) for verdict, seen in zip(verdicts, known, strict=True)]

    def verdicts(self, proba: Floats, texts: Sequence[Text]) -> list[Verdict]:
        """Verdicts from class probabilities of the texts, which are (texts, classes)."""
        kinds = [evidence_of(text) for text in texts]
        columns = self._topic_columns()
        confidences = self.calibrator_.transform(proba[:, columns], kinds).round(CONFIDENCE_DIGITS)
        order, slugs = ranked(proba[:, columns]), self.classes_[columns]
        rows = zip(kinds, slugs[order].tolist(), confidences.tolist(), self._placeable(proba), strict=True)
        return [self._verdict(kind, self._guesses(names, row), bool(fit)) for kind, names, row, fit in rows]

    def unseen_verdicts(self, texts: Sequence[Text], topics: Sequence[Sequence[str]]) -> list[Verdict]:
        """Verdicts of the texts and topics that `fit` was given, by models that had not seen their publishers.

        Confidences and thresholds of a fold are those that the other folds' texts give, or they would look better than
        they are. Not after unpickling.
        """
        found: dict[int, Verdict] = {}
        for fold in np.unique(self.unseen_folds_):
            is_own = self.unseen_folds_ == fold
            rest, own = np.flatnonzero(~is_own).tolist(), np.flatnonzero(is_own).tolist()
            judge = copy(self)
            judge._calibrate(self.unseen_proba_[rest], [texts[n] for n in rest], [topics[n] for n in rest])
            found |= zip(own, judge.verdicts(self.unseen_proba_[own], [texts[n] for n in own]), strict=True)
        return [found[number] for number in range(len(texts))]

    def _classes(self, topics: Sequence[Sequence[str]]) -> list[str]:
        seen = {topic for accepted in topics for topic in accepted}
        strange = Counter(topic for accepted in topics for topic in set(accepted) - NOT_TOPICS - {*self.taxonomy.slugs})
        if strange:
            named = ", ".join(f"{topic} ({texts} of {len(topics)} texts)" for topic, texts in sorted(strange.items()))
            raise CorpusError(f"labels that are not in the list of topics: {named}; add them to it, or label anew")
        known = sorted(seen - NOT_TOPICS)
        if len(topics) < 2 or len(known) < 2:
            named = " and ".join(known) or "none"
            raise CorpusError(f"fewer than two texts or than two topics to learn from: {len(topics)} of {named}")
        return sorted(seen)

    def _unseen(
        self,
        network: BagNetwork,
        X: sparse.csr_matrix,
        targets: Floats,
        weights: Floats,
        owners: Sequence[str],
        labelled: int,
    ) -> Floats:
        """Probabilities of every labelled text by a model that has seen no text of its owner."""
        _, numbers = np.unique(owners, return_inverse=True)
        names = numbers[:labelled]
        folds = GroupKFold(min(self.folds, len(np.unique(names))), shuffle=True, random_state=self.random_state)
        proba = np.zeros((labelled, targets.shape[1]))
        self.unseen_folds_ = np.zeros(labelled, int)
        for fold, (_, unseen) in enumerate(folds.split(names, groups=names)):
            self.unseen_folds_[unseen] = fold
            seen = np.flatnonzero(~np.isin(numbers, names[unseen]))
            proba[unseen] = network.fit(X[seen], targets[seen], weights[seen]).predict_proba(X[unseen])
        return proba

    def _calibrate(self, unseen: Floats, texts: Sequence[Text], topics: Sequence[Sequence[str]]) -> None:
        slugs = self.classes_[self._topic_columns()]
        proba = unseen[:, self._topic_columns()]
        accepted = np.array([[slug in accept for slug in slugs] for accept in topics])
        kinds = np.array([evidence_of(text) for text in texts])
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
        return {name: value for name, value in state.items() if name not in ("unseen_proba_", "unseen_folds_", "words")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """An artifact has no need of the vectors that training started from."""
        super().__setstate__({"words": None} | state)
