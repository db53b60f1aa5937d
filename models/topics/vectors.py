"""What words mean, as vectors learned elsewhere: a text's zones become the mean vectors of their words.

n-grams know only words of the training texts; vectors of a language model put a word that training never saw beside
those it did see. The vectors come from `models.topics.teacher`; at run time they are a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from models.topics.features import TokenisedTexts
from models.topics.tokens import Hashes, word_and_piece_grams

Floats = NDArray[np.floating[Any]]

SIF = 1e-3  # smooth inverse frequency: a word's weight is SIF / (SIF + its share of all words), Arora et al. 2017
LEVELS = 127  # of a signed byte


def word_hashes(words: Sequence[str]) -> Hashes:
    """Hash of each word as the tokeniser makes it; every word must be one run of letters and digits, in lower case."""
    grams, _ = word_and_piece_grams(words)
    return grams.hashes[:, 0]


@dataclass(frozen=True, eq=False)
class WordVectors:
    """A table of words: `hashes` ascending, `levels` their vectors in eight bits (of `scale`), `weights` their SIF."""

    hashes: Hashes
    levels: NDArray[np.int8]
    scale: float
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, words: Sequence[str], vectors: Floats, counts: Sequence[int]) -> Self:
        """Table of `words`, their vectors (words, dimensions) and how often each occurs."""
        hashes = word_hashes(words)
        order = np.argsort(hashes, kind="stable")
        shares = np.asarray(counts, float)[order] / np.sum(counts)
        scale = float(np.quantile(np.abs(vectors), 0.9995)) / LEVELS  # a few outliers are cut, the rest gains precision
        levels = np.clip(np.rint(vectors[order] / scale), -LEVELS, LEVELS).astype(np.int8)
        return cls(hashes[order], levels, scale, (SIF / (SIF + shares)).astype(np.float32))


class PooledWords(TransformerMixin, BaseEstimator):
    """Tokenised texts → (texts, 2 * dimensions): weighted sums of the headline's and the lead's word vectors.

    Each sum is divided by the length of its weights, so that ten agreeing words count for more than one, but not ten
    times as much. A zone without known words is all zeros. Nothing is learned.
    """

    def __init__(self, words: WordVectors) -> None:
        self.words = words

    def fit(self, X: TokenisedTexts, y: object = None) -> Self:
        """Return self."""
        return self

    def transform(self, X: TokenisedTexts) -> Floats:
        """Return one row a text, in order."""
        hashes, segments = X.words.hashes[:, 0], X.words.segments
        places = np.minimum(np.searchsorted(self.words.hashes, hashes), len(self.words.hashes) - 1)
        known = self.words.hashes[places] == hashes
        places, segments = places[known], segments[known]
        weights, zones = self.words.weights[places], 2 * X.count
        starts = np.concatenate([[0], np.cumsum(np.bincount(segments, minlength=zones))])
        bags = sparse.csr_matrix((weights, places, starts), (zones, len(self.words.hashes)))
        lengths = np.sqrt(np.bincount(segments, weights * weights, zones))
        sums = (bags @ self._table()) / np.maximum(lengths, 1e-6)[:, None]
        return np.asarray(sums.reshape(X.count, -1))

    def _table(self) -> Floats:
        if not hasattr(self, "_floats"):
            self._floats = self.words.levels * np.float32(self.words.scale)
        return self._floats

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_floats"}
