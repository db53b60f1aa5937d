"""From a class probability to the probability that an editor would accept the topic, learned on unseen texts.

An editor accepts a second topic for about half of all texts, so acceptance is likelier than the model's share for the
topic; how much likelier differs between a text's first and later guesses, and between teasers and stories.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.floating[Any]]

GUESSES = 3  # at most so many topics a part
FEWEST_TEXTS = 200  # of a kind, to be calibrated apart; with fewer, all kinds together are steadier
CERTAIN = 1e-6  # probabilities are kept this far from 0 and 1


def ranked(proba: Floats) -> NDArray[np.intp]:
    """Columns of each row's likeliest classes, best first: (rows, 3 or fewer); ties go to the earlier column."""
    return np.argsort(-proba, axis=1, kind="stable")[:, :GUESSES]


class AcceptanceCalibrator(BaseEstimator):
    """Platt scaling of each guess on its own log odds and the best guess's lead, by kind of text and rank.

    Learned: `models_`, (kind, rank) → logistic regression; the kind "" serves kinds with too few texts.
    """

    def fit(self, proba: Floats, accepted: NDArray[np.bool_], kinds: Sequence[str]) -> Self:
        """Learn from probabilities of texts that the model has not seen, and which topics each would accept.

        `proba` and `accepted` are (texts, topics), `kinds` says teaser or story for each text.
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


def _evidence(proba: Floats, order: NDArray[np.intp]) -> Floats:
    """What speaks for each guess: its log odds, and the log odds of the best guess and the runner-up."""
    chosen = np.clip(np.take_along_axis(proba, order, axis=1), CERTAIN, 1 - CERTAIN)
    odds = logit(chosen)
    best, second = odds[:, :1], odds[:, min(1, odds.shape[1] - 1)][:, None]
    ones = np.ones_like(odds)
    return np.stack([odds, best * ones, second * ones], axis=2)


def _taken(accepted: NDArray[np.bool_], order: NDArray[np.intp]) -> NDArray[np.bool_]:
    return np.take_along_axis(accepted, order, axis=1)


def _platt(evidence: Floats, taken: NDArray[np.bool_]) -> LogisticRegression:
    """Logistic regression with one imagined text of each outcome, so that neither can be missing."""
    middle = np.median(evidence, axis=0)
    X = np.vstack([evidence, middle, middle])
    return LogisticRegression().fit(X, np.concatenate([taken, [True, False]]))
