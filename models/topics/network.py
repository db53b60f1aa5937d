"""What the teacher's student is: a table of vectors, one a word, word pair or piece of one, and a small network behind.

The vectors of a zone's entries are added up; headline and lead side by side go through one hidden layer. The table is
learned with the rest (as in fastText, Joulin et al. 2016): each of its rows by AdaGrad with one rate a row, for a batch
touches few of them; the rest by Adam.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neural_network import MLPClassifier

from models.descent import Adam, Weights, cosine_rate
from models.topics.zones import LEAST, ZoneVectors, zones_of

Floats = NDArray[np.floating[Any]]

FEWEST_STEPS = 200  # whatever the size of the corpus; smaller corpora are read more often
ROWS_AT_ONCE = 4096  # of a prediction, so that memory stays bounded
RATE, DECAY, WARM_UP = 2e-3, 1e-4, 0.05  # of Adam; its rate rises over that share of the steps
TABLE_RATE = 0.05
ENTRIES_DROPPED, LEADS_DROPPED, HIDDEN_DROPPED = 0.2, 0.4, 0.2  # shares; most teasers on pages have no lead
ALIVE = 0.01  # bias of hidden units at first, so that a text whose words all start at zero has a slope


class BagNetwork(ClassifierMixin, BaseEstimator):
    """Classes of `ZonedBags`' rows, learned from soft targets.

    Parameters: `start`, vectors that the table starts from, (columns, dimensions); `hidden` units; `epochs` and
    `batch_size` of training; `random_state`.

    Learned: `vectors_`, the table, rounded, and `head_`, the network behind it, which is scikit-learn's.
    """

    def __init__(
        self,
        start: NDArray[np.float32],
        hidden: int = 1024,
        epochs: int = 8,
        batch_size: int = 512,
        random_state: int = 0,
    ) -> None:
        self.start = start
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def fit(self, X: sparse.csr_matrix, targets: Floats, sample_weight: Floats) -> Self:
        """Learn from rows of `X` and `targets` (rows, classes), whose rows sum to 1."""
        random = np.random.default_rng(self.random_state)
        table, weights = self.start.copy(), self._new_weights(targets, random)
        learner = _Learner(table, weights, random)
        targets = targets.astype(np.float32)
        importance = (sample_weight / np.mean(sample_weight)).astype(np.float32)
        batches = self._batches(X.shape[0], random)
        for step, members in enumerate(batches):
            learner.learn(X[members], targets[members], importance[members], step, len(batches))
        self.vectors_ = ZoneVectors.rounded(table)
        self.head_ = head_of(weights)
        return self

    def predict_proba(self, X: sparse.csr_matrix) -> Floats:
        """Distribution over the classes of each row: (rows, classes), each row sums to 1."""
        starts = range(0, max(X.shape[0], 1), ROWS_AT_ONCE)
        parts = (self.vectors_.transform(X[start : start + ROWS_AT_ONCE]) for start in starts)
        return np.vstack([self.head_.predict_proba(part) for part in parts])

    def _new_weights(self, targets: Floats, random: Generator) -> Weights:
        inputs = 2 * self.start.shape[1]
        weights = {
            "in": random.standard_normal((inputs, self.hidden)) / np.sqrt(inputs),
            "in_bias": np.full(self.hidden, ALIVE),
            "out": np.zeros((self.hidden, targets.shape[1])),
            "out_bias": np.log(np.maximum(targets.mean(axis=0), 1e-4)),
        }
        return {name: values.astype(np.float32) for name, values in weights.items()}

    def _batches(self, rows: int, random: Generator) -> list[NDArray[np.intp]]:
        size = min(self.batch_size, rows)
        epochs = max(self.epochs, FEWEST_STEPS * size // rows)
        return [
            members for _ in range(epochs) for members in np.array_split(random.permutation(rows), max(rows // size, 1))
        ]

    def __getstate__(self) -> dict[str, Any]:
        """What it started from is of no more use."""
        state: dict[str, Any] = super().__getstate__()
        return state | {"start": None}


def head_of(weights: Weights) -> MLPClassifier:
    """The network behind the vectors, as scikit-learn has it: its own training takes no soft targets."""
    inputs, hidden = weights["in"].shape
    head = MLPClassifier(hidden_layer_sizes=(hidden,))
    head.coefs_ = [weights["in"], weights["out"]]
    head.intercepts_ = [weights["in_bias"], weights["out_bias"]]
    head.classes_ = np.arange(len(weights["out_bias"]))
    head.n_features_in_, head.n_outputs_, head.n_layers_ = inputs, len(head.classes_), 3
    head.out_activation_ = "softmax"
    return head


@dataclass(frozen=True, slots=True)
class _Touched:
    """A batch over those columns alone that it touches."""

    zones: sparse.csr_matrix
    columns: NDArray[np.intp]


class _Learner:
    """Changes `table` and `weights` in place, batch by batch."""

    def __init__(self, table: NDArray[np.float32], weights: Weights, random: Generator) -> None:
        self.table, self.weights, self.random = table, weights, random
        self.adam = Adam(weights, DECAY)
        self.squares = np.zeros(len(table), np.float32)
        self.place = np.zeros(len(table), np.int32)  # all zero between two batches

    def learn(
        self, X: sparse.csr_matrix, targets: NDArray[np.float32], importance: NDArray[np.float32], step: int, steps: int
    ) -> None:
        """Take one step against the gradient of the weighted cross-entropy."""
        touched = self._touched(zones_of(X))
        sums = (touched.zones @ self.table[touched.columns]).reshape(len(targets), -1)
        active = np.maximum(sums @ self.weights["in"] + self.weights["in_bias"], 0)
        active *= self._kept(active.shape, HIDDEN_DROPPED)
        proba = softmax(active @ self.weights["out"] + self.weights["out_bias"], axis=1)
        slope = (proba - targets) * (importance / len(targets))[:, None]
        inner = (slope @ self.weights["out"].T) * (active > 0) / np.float32(1 - HIDDEN_DROPPED)
        outer = (inner @ self.weights["in"].T).reshape(touched.zones.shape[0], -1)
        slopes = {"out": active.T @ slope, "out_bias": slope.sum(0), "in": sums.T @ inner, "in_bias": inner.sum(0)}
        rate = cosine_rate(step, steps, 1.0, WARM_UP)
        self.adam.step(self.weights, slopes, RATE * rate)
        self._change_table(touched.columns, touched.zones.T @ outer, np.float32(TABLE_RATE * rate))

    def _touched(self, zones: sparse.csr_matrix) -> _Touched:
        """Without a share of the entries and of the leads, so that no text is known by a single word."""
        sizes = np.diff(zones.indptr)
        rows = np.repeat(np.arange(len(sizes)), sizes)
        without_lead = (self.random.random(len(sizes) // 2) < LEADS_DROPPED) & (sizes[::2] > 0)
        kept = self._kept(rows.shape, ENTRIES_DROPPED)
        kept[(rows % 2 == 1) & without_lead[rows // 2]] = 0
        here = kept > 0
        columns, places = self._compact(zones.indices[here])
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows[here], minlength=len(sizes)))])
        values = zones.data[here] * kept[here]
        return _Touched(sparse.csr_matrix((values, places, starts), (len(sizes), len(columns))), columns)

    def _compact(self, used: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """The columns in use, ascending, and where each of `used` stands among them: `np.unique` without sorting."""
        self.place[used] = 1
        columns = np.flatnonzero(self.place)
        self.place[columns] = np.arange(len(columns))
        places = self.place[used]
        self.place[columns] = 0
        return columns, places

    def _change_table(self, columns: NDArray[np.intp], slopes: NDArray[np.float32], rate: np.float32) -> None:
        self.squares[columns] += np.mean(slopes * slopes, axis=1)
        self.table[columns] -= (rate / (np.sqrt(self.squares[columns]) + np.float32(LEAST)))[:, None] * slopes

    def _kept(self, shape: tuple[int, ...], dropped: float) -> NDArray[np.float32]:
        """Dropout mask: zero or the inverse of the share that is kept."""
        kept = self.random.random(shape, dtype=np.float32) >= dropped
        return kept.astype(np.float32) / np.float32(1 - dropped)
