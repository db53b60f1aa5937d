"""From a class probability to the probability that an editor would accept the topic, learned on unseen texts.

An editor accepts a second topic for about half of all texts, so acceptance is likelier than the model's share for the
topic; how much likelier differs between a text's first and later guesses, and with how much there is to read.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from models.page import Text

Floats = NDArray[np.floating[Any]]

GUESSES = 3  # at most so many topics a part
FEWEST_TEXTS = 200  # of a kind, to be calibrated apart; with fewer, all kinds together are steadier
CERTAIN = 1e-6  # probabilities are kept this far from 0 and 1


def evidence_of(text: Text) -> str:
    """Kind of text by how much there is to read: what a headline alone suggests is right less often at equal odds.

    >>> evidence_of(Text("teaser", "Short")), evidence_of(Text("teaser", "Short", "More"))
    ('teaser', 'teaser with blurb')
    """
    return "teaser with blurb" if text.kind == "teaser" and text.text.strip() else text.kind


def ranked(proba: Floats) -> NDArray[np.intp]:
    """Columns of each row's likeliest classes, best first: (rows, 3 or fewer); ties go to the earlier column."""
    return np.argsort(-proba, axis=1, kind="stable")[:, :GUESSES]


class AcceptanceCalibrator(BaseEstimator):
    """Platt scaling of each guess on its own log odds and the best guess's, by kind of text and rank.

    More evidence (the runner-up's odds, the shares themselves) fits the folds better and other publishers worse.

    Learned: `models_`, (kind, rank) → logistic regression; the kind "" serves kinds with too few texts.
    """

    def fit(self, proba: Floats, accepted: NDArray[np.bool_], kinds: Sequence[str]) -> Self:
        """Learn from probabilities of texts that the model has not seen, and which topics each would accept.

        `proba` and `accepted` are (texts, topics), `kinds` is `evidence_of` each text.
        """
        names = np.asarray(kinds)
        order = ranked(proba)
        groups = {"": np.ones(len(names), bool)} | {str(kind): names == kind for kind in np.unique(names)}
        self.models_ = {
            (kind, rank): _platt(_evidence(proba, order)[members, rank], _taken(accepted, order)[members, rank])
            for kind, members in groups.items()
            if kind == "" or members.sum() >= FEWEST_TEXTS
            for rank in range(order.shape[1])
        }
        return self

    def transform(self, proba: Floats, kinds: Sequence[str]) -> Floats:
        """Confidence of each text's guesses in the order of `ranked`: (texts, 3 or fewer), never rising in a row."""
        order = ranked(proba)
        evidence = _evidence(proba, order)
        names = np.asarray(kinds)
        confidences = np.zeros(order.shape)
        for kind in set(kinds):
            members = names == kind
            for rank in range(order.shape[1]):
                model = self.models_.get((kind, rank)) or self.models_[("", rank)]
                confidences[members, rank] = model.predict_proba(evidence[members, rank])[:, 1]
        return np.asarray(np.minimum.accumulate(confidences, axis=1))


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


def _evidence(proba: Floats, order: NDArray[np.intp]) -> Floats:
    """What speaks for each guess: its log odds, and those of the best guess."""
    chosen = np.clip(np.take_along_axis(proba, order, axis=1), CERTAIN, 1 - CERTAIN)
    odds = logit(chosen)
    return np.stack([odds, np.broadcast_to(odds[:, :1], odds.shape)], axis=2)


def _taken(accepted: NDArray[np.bool_], order: NDArray[np.intp]) -> NDArray[np.bool_]:
    return np.take_along_axis(accepted, order, axis=1)


def _platt(evidence: Floats, taken: NDArray[np.bool_]) -> LogisticRegression:
    """Logistic regression with one imagined text of each outcome, so that neither can be missing."""
    middle = np.median(evidence, axis=0)
    X = np.vstack([evidence, middle, middle])
    return LogisticRegression().fit(X, np.concatenate([taken, [True, False]]))
