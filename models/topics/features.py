"""Sparse tf-idf features of news texts: words, word pairs and pieces of words, hashed into a bounded table.

A text is read in two zones, its headline and the lead of its body; both share one table and differ in weight.
Bylines, datelines and outlet names are gone before anything is hashed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from models.page import Text
from models.topics.leaks import stripped_bodies, stripped_headlines
from models.topics.tokens import Grams, word_and_piece_grams

LEAD_CHARACTERS = {"teaser": 600, "story": 1200}  # a blurb; about 200 words, which carry most of a story's topic
HEADLINE_CHARACTERS = 600  # to sort a long run of combining marks takes quadratic time
STRIPPED_CHARACTERS = 240  # room for byline and dateline, so that a lead is as long with them as without


def zones(texts: Sequence[Text]) -> list[str]:
    """Headline and lead of each text in turn, without byline, dateline and outlet: two strings a text.

    >>> zones([Text("teaser", "Sea level rises | Reuters", "OSLO (AP) - It rose.")])
    ['Sea level rises', 'It rose.']
    """
    headlines = stripped_headlines([text.headline[:HEADLINE_CHARACTERS] for text in texts])
    leads = [LEAD_CHARACTERS[text.kind] for text in texts]
    bodies = stripped_bodies([text.text[: lead + STRIPPED_CHARACTERS] for text, lead in zip(texts, leads, strict=True)])
    found = [""] * (2 * len(texts))
    found[::2] = headlines
    found[1::2] = [whole_words(body, lead) for body, lead in zip(bodies, leads, strict=True)]
    return found


def whole_words(text: str, characters: int) -> str:
    """At most `characters` of a text, cut between two words.

    >>> whole_words("calm sea tonight", 12)
    'calm sea'
    """
    return text if len(text) <= characters else text[: characters + 1].rpartition(" ")[0]


@dataclass(frozen=True, slots=True)
class TokenisedTexts:
    """A batch after its one hashing pass; segment `2 * i` is text i's headline, `2 * i + 1` the lead of its body."""

    count: int
    words: Grams
    pieces: Grams


def tokenised(texts: Sequence[Text]) -> TokenisedTexts:
    """Hash all texts of a batch at once."""
    return TokenisedTexts(len(texts), *word_and_piece_grams(zones(texts)))


@dataclass(frozen=True, slots=True)
class _Entries:
    """n-grams of a batch in text order: the zone each stands in (2 * text, + 1 in the body) and its bucket."""

    segments: NDArray[np.int32]
    buckets: NDArray[np.int32]


def _entries(grams: Grams, bits: int, table: int) -> _Entries:
    buckets = (grams.hashes[grams.valid] >> np.uint64(64 - bits)).astype(np.int32) + (table << bits)
    segments = np.broadcast_to(grams.segments[:, None], grams.valid.shape)[grams.valid]
    return _Entries(segments, buckets)


def _texts_with(entries: _Entries, buckets: int) -> NDArray[np.int64]:
    pairs = np.unique((entries.segments.astype(np.int64) // 2) * buckets + entries.buckets)
    return np.bincount(pairs % buckets, minlength=buckets)


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


class HashedNgrams(TransformerMixin, BaseEstimator):
    """Tokenised texts → CSR matrix (texts, columns) of float32: words and pairs, then pieces, each of unit length.

    Every n-gram is hashed into one of `2**bits` buckets; the buckets that at least `min_texts` training texts use,
    at most `max_columns` of them, become columns, the rest are ignored. Repeats of an n-gram in a text stay
    separate entries of its row (they add up in any product), which spares sorting.

    Learned: `buckets_` (bucket of each column, ascending; words come before pieces) and `idf_`.
    """

    def __init__(
        self, bits: int = 21, min_texts: int = 3, max_columns: int = 200_000, headline_weight: float = 1.5
    ) -> None:
        self.bits = bits
        self.min_texts = min_texts
        self.max_columns = max_columns
        self.headline_weight = headline_weight

    def fit(self, X: TokenisedTexts, y: object = None) -> Self:
        """Choose the columns and learn how rare each is."""
        texts_with = sum((_texts_with(block, 2 << self.bits) for block in self._blocks(X)), start=np.zeros(1, np.int64))
        often = np.flatnonzero(texts_with >= self.min_texts)
        if len(often) > self.max_columns:
            often = np.sort(often[np.argsort(-texts_with[often], kind="stable")[: self.max_columns]])
        self.buckets_ = often.astype(np.int32)
        self.idf_ = (np.log((1 + X.count) / (1 + texts_with[often])) + 1).astype(np.float32)
        self._index()
        return self

    def transform(self, X: TokenisedTexts) -> sparse.csr_matrix:
        """Return one row a text, in order; a text without known n-grams has an empty row."""
        return _beside([self._weighted(block, X.count) for block in self._blocks(X)], len(self.buckets_))

    def _blocks(self, X: TokenisedTexts) -> list[_Entries]:
        return [_entries(grams, self.bits, table) for table, grams in enumerate((X.words, X.pieces))]

    def _index(self) -> None:
        self._column_of = np.full(2 << self.bits, -1, np.int32)
        self._column_of[self.buckets_] = np.arange(len(self.buckets_), dtype=np.int32)

    def _weighted(self, entries: _Entries, texts: int) -> sparse.csr_matrix:
        columns = self._column_of[entries.buckets]
        known = columns >= 0
        columns, segments = columns[known], entries.segments[known]
        values = self.idf_[columns] * np.where(segments % 2 == 0, np.float32(self.headline_weight), np.float32(1))
        rows = segments // 2
        length = np.sqrt(np.bincount(rows, values * values, texts)).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=texts))])
        return sparse.csr_matrix((values / length[rows], columns, starts), (texts, len(self.buckets_)))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_column_of"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "buckets_" in state:
            self._index()
