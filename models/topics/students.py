"""The two estimators behind the classifier: both learn from soft targets, a distribution over classes for each text.

A target is soft where an editor accepts two topics, or where a teacher that is not quite sure has labelled the text.
"""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

Floats = NDArray[np.floating[Any]]

LEVELS = 127  # of a signed byte: each column's weights are multiples of its largest one's 127th part
FEWEST_STEPS = 200  # of the neural network, whatever the size of the corpus; smaller corpora are read more often
KEPT_CLASSES, KEPT_SHARE = 3, 0.05  # a target's largest shares; the rest is the teacher's noise


class SoftTargetSoftmax(ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression on sparse features, by L-BFGS on the cross-entropy with soft targets.

    After fitting, the weights are rounded to eight bits a column, before and after pickling alike.

    Learned: `coef_` (columns, classes) and `intercept_` (classes), float32.
    """

    def __init__(self, C: float = 5.0, max_iter: int = 60) -> None:
        self.C = C
        self.max_iter = max_iter

    def fit(self, X: sparse.csr_matrix, targets: Floats, sample_weight: Floats) -> Self:
        """Learn from rows of `X` and `targets` (rows, classes), whose rows sum to 1."""
        loss = _CrossEntropy(X, targets.astype(np.float32), sample_weight.astype(np.float32)[:, None], 1 / self.C)
        start = np.zeros((X.shape[1] + 1) * targets.shape[1])
        # Stopping before it has converged is meant: it regularises, and the last steps gain nothing.
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": self.max_iter, "maxcor": 8})
        weights = found.x.reshape(-1, targets.shape[1]).astype(np.float32)
        self.intercept_ = weights[-1]
        scales = np.abs(weights[:-1]).max(axis=1, initial=0) / LEVELS
        self._restore(np.rint(weights[:-1] / np.maximum(scales, 1e-12)[:, None]).astype(np.int8), scales)
        return self

    def predict_proba(self, X: sparse.csr_matrix) -> Floats:
        """Distribution over the classes of each row: (rows, classes), each row sums to 1."""
        return np.asarray(softmax((X @ self.coef_ + self.intercept_).astype(float), axis=1))

    def _restore(self, levels: NDArray[np.int8], scales: Floats) -> None:
        self._levels, self._scales = levels, scales.astype(np.float16)
        self.coef_ = levels * self._scales.astype(np.float32)[:, None]

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "coef_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_levels" in state:
            self._restore(state["_levels"], state["_scales"])


class _CrossEntropy:
    """Weights of all columns and the intercepts, flat → weighted cross-entropy plus their squares, and its gradient."""

    def __init__(self, X: sparse.csr_matrix, targets: Floats, weights: Floats, penalty: float) -> None:
        self.X, self.columns = X, X.T.tocsr()
        self.targets, self.weights, self.penalty = targets, weights, penalty

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        W = flat.reshape(-1, self.targets.shape[1]).astype(np.float32)
        log_proba = log_softmax(self.X @ W[:-1] + W[-1], axis=1)
        error = self.weights * (np.exp(log_proba) - self.targets)
        gradient = np.vstack([self.columns @ error + self.penalty * W[:-1], error.sum(axis=0)])
        loss = -np.sum(self.weights * self.targets * log_proba, dtype=float)
        loss += self.penalty / 2 * np.sum(W[:-1] ** 2, dtype=float)
        return float(loss), gradient.ravel().astype(float)


class SoftTargetNetwork(ClassifierMixin, BaseEstimator):
    """A neural network of one hidden layer on dense features: scikit-learn's, taught each text's likeliest classes.

    Learned: `network_`; `classes_`, the columns of the targets that it has seen, and `width_`, how many there are.
    """

    def __init__(self, hidden: int = 512, epochs: int = 6, batch_size: int = 512, random_state: int = 0) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def fit(self, X: Floats, targets: Floats, sample_weight: Floats) -> Self:
        """Learn from rows of `X` and `targets` (rows, classes), whose rows sum to 1."""
        rows, classes, shares = likeliest(targets)
        size = min(self.batch_size, len(rows))
        self.network_ = MLPClassifier(
            (self.hidden,),
            alpha=1e-5,
            batch_size=size,
            max_iter=max(self.epochs, FEWEST_STEPS * size // len(rows)),
            random_state=self.random_state,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a few epochs are meant: more would overfit
            self.network_.fit(X[rows].astype(np.float32), classes, (shares * sample_weight[rows]).astype(np.float32))
        # In double precision a row's sums come out alike in any batch, to more digits than a confidence has.
        self.network_.coefs_ = [weights.astype(float) for weights in self.network_.coefs_]
        self.classes_, self.width_ = self.network_.classes_, targets.shape[1]
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Distribution over the classes of each row: (rows, classes), each row sums to 1."""
        proba = np.zeros((len(X), self.width_))
        alone = len(self.classes_) == 1  # then scikit-learn's network has a column too many
        proba[:, self.classes_] = 1.0 if alone else self.network_.predict_proba(X.astype(float))
        return proba


def likeliest(targets: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Row, class and share of each row's up to three largest shares, scaled to sum to 1.

    >>> [part.tolist() for part in likeliest(np.array([[0.5, 0.0, 0.5], [0.02, 0.98, 0.0]]))]
    [[0, 0, 1], [0, 2, 1], [0.5, 0.5, 1.0]]
    """
    third = np.sort(targets, axis=1)[:, -KEPT_CLASSES:][:, :1]
    kept = np.where((targets >= third) & (targets >= KEPT_SHARE), targets, 0)
    kept /= kept.sum(axis=1, keepdims=True)
    rows, classes = np.nonzero(kept)
    return rows, classes, kept[rows, classes]
