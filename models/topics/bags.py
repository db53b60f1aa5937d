"""Texts as bags: which words, word pairs and pieces of words stand in the headline, and which in the lead.

The columns are those of `models.topics.network.BagNetwork`'s table of vectors. Words start there with what a language
model says they mean, which puts a word that training hardly saw beside those it did see.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from models.topics.features import TokenisedTexts
from models.topics.tokens import Hashes
from models.topics.vectors import WordVectors

Floats = NDArray[np.floating[Any]]


class ZonedBags(TransformerMixin, BaseEstimator):
    """Tokenised texts → CSR matrix (texts, 2 * columns) of float32: the headline's entries, then the lead's.

    Column `c` of the headline is column `c + columns` of the lead. In each zone the entries of the words, of the pairs
    and of the pieces have a length of one each; of the words, rare ones weigh more. Repeats stay separate entries.

    Parameters: `words`, known before; `min_texts`, in how many a further word must occur; `pairs`, at most so many;
    pieces are hashed into `2**piece_bits` columns.

    Learned: `words_` and `pairs_` (hashes, ascending), `weights_` of the words.
    """

    def __init__(self, words: WordVectors, min_texts: int = 3, pairs: int = 32_000, piece_bits: int = 16) -> None:
        self.words = words
        self.min_texts = min_texts
        self.pairs = pairs
        self.piece_bits = piece_bits

    def fit(self, X: TokenisedTexts, y: object = None) -> Self:
        """Choose the further words and the pairs."""
        found, texts_with = _texts_with(X.words.hashes[:, 0], X.words.segments)
        further = np.setdiff1d(found[texts_with >= self.min_texts], self.words.hashes)
        hashes = np.concatenate([self.words.hashes, further])
        order = np.argsort(hashes, kind="stable")
        weights = np.concatenate([self.words.weights, np.ones(len(further), np.float32)])
        self.words_, self.weights_ = hashes[order], weights[order]
        pairs, texts_with = _texts_with(*_pairs(X))
        often = np.argsort(-texts_with, kind="stable")[: self.pairs]
        self.pairs_ = np.sort(pairs[often][texts_with[often] >= self.min_texts])
        return self

    def transform(self, X: TokenisedTexts) -> sparse.csr_matrix:
        """Return one row a text, in order."""
        zones = _beside([self._words(X), self._pairs(X), self._pieces(X)], self.columns)
        lead = np.repeat(np.arange(2 * X.count) % 2, np.diff(zones.indptr)).astype(np.int32)
        indices = zones.indices + np.int32(self.columns) * lead
        return sparse.csr_matrix((zones.data, indices, zones.indptr[::2]), (X.count, 2 * self.columns))

    @property
    def columns(self) -> int:
        """How many columns each zone has."""
        return len(self.words_) + len(self.pairs_) + (1 << self.piece_bits)

    def start(self) -> NDArray[np.float32]:
        """Vectors to start from, one a column: those of the known words, zeros for all others."""
        vectors = np.zeros((self.columns, self.words.levels.shape[1]), np.float32)
        vectors[np.searchsorted(self.words_, self.words.hashes)] = self.words.levels * np.float32(self.words.scale)
        return vectors

    def _words(self, X: TokenisedTexts) -> sparse.csr_matrix:
        places, known = _places(self.words_, X.words.hashes[:, 0])
        return self._block(places, self.weights_[places], X.words.segments[known], X.count)

    def _pairs(self, X: TokenisedTexts) -> sparse.csr_matrix:
        hashes, segments = _pairs(X)
        places, known = _places(self.pairs_, hashes)
        return self._block(places + len(self.words_), np.ones(len(places), np.float32), segments[known], X.count)

    def _pieces(self, X: TokenisedTexts) -> sparse.csr_matrix:
        valid = X.pieces.valid
        buckets = (X.pieces.hashes[valid] >> np.uint64(64 - self.piece_bits)).astype(np.int32)
        segments = np.broadcast_to(X.pieces.segments[:, None], valid.shape)[valid]
        before = len(self.words_) + len(self.pairs_)
        return self._block(buckets + before, np.ones(len(buckets), np.float32), segments, X.count)

    def _block(
        self, columns: NDArray[Any], weights: NDArray[np.float32], segments: NDArray[np.int32], texts: int
    ) -> sparse.csr_matrix:
        """Entries in order of segment → rows of length one, a segment each."""
        length = np.sqrt(np.bincount(segments, weights * weights, 2 * texts)).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(np.bincount(segments, minlength=2 * texts))])
        values = weights / length[segments]
        return sparse.csr_matrix((values, columns.astype(np.int32), starts), (2 * texts, self.columns))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "words"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({"words": None} | state)


def _beside(blocks: list[sparse.csr_matrix], columns: int) -> sparse.csr_matrix:
    """Rows of all blocks put one behind the other; every block spans all columns already."""
    total = sum((block.indptr for block in blocks), start=np.zeros_like(blocks[0].indptr))
    values = np.empty(total[-1], np.float32)
    indices = np.empty(total[-1], np.int32)
    offset = np.zeros(len(total) - 1, total.dtype)
    for block in blocks:
        counts = np.diff(block.indptr)
        where = np.arange(block.nnz) + np.repeat(total[:-1] + offset - block.indptr[:-1], counts)
        values[where], indices[where] = block.data, block.indices
        offset += counts
    return sparse.csr_matrix((values, indices, total), (len(total) - 1, columns))


def _places(table: Hashes, hashes: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Places in `table` of those hashes that it holds, and which these are."""
    if not len(table):
        return np.zeros(0, np.intp), np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(table, hashes), len(table) - 1)
    known = table[places] == hashes
    return places[known], known


def _pairs(X: TokenisedTexts) -> tuple[Hashes, NDArray[np.int32]]:
    """Hash and segment of each pair of words."""
    valid = X.words.valid[:, 1]
    return X.words.hashes[valid, 1], X.words.segments[valid]


def _texts_with(hashes: Hashes, segments: NDArray[np.int32]) -> tuple[Hashes, NDArray[np.intp]]:
    """Each hash, ascending, and in how many texts it stands."""
    order = np.lexsort((segments, hashes))
    ordered, texts = hashes[order], segments[order] // 2
    new = np.ones(len(order), bool)
    new[1:] = (ordered[1:] != ordered[:-1]) | (texts[1:] != texts[:-1])
    found, counts = np.unique(ordered[new], return_counts=True)
    return found, counts
