"""From lines to the inputs of the network: features standardised, words looked up; both learned from training pages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.splitter.batch import HASH_BITS, Batch, read_batch
from models.splitter.features import features_of
from models.splitter.network import Inputs, Layout, layout_of

CLIP = 5.0  # standard deviations; an outlier beyond them says no more
UNKNOWN = 0
"""Vocabulary index of every word that was rare in training."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """What is learned about the inputs: mean and scale of each feature, and the vocabulary."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    index: NDArray[np.int16]
    """(2**HASH_BITS,) vocabulary index of each word hash; `UNKNOWN` for most."""
    size: int
    """Words of the vocabulary, the unknown one included."""

    def encode(self, pages: Sequence[Sequence[str]]) -> Inputs:
        """Inputs of the network for `pages`."""
        batch = read_batch(pages)
        layout = layout_of(np.array([len(page) for page in pages], dtype=np.int64))
        dense = features_of(batch)
        dense -= self.mean
        dense /= self.scale
        return Inputs(layout, np.clip(dense, -CLIP, CLIP, out=dense), self._words(batch, layout))

    def _words(self, batch: Batch, layout: Layout) -> csr_matrix:
        """(rows, 3 · size) the words of each line, weighted; after them its first word and its last."""
        some = np.flatnonzero(batch.word_count)
        count = batch.word_count[some]
        ends = np.cumsum(count + 2)
        place = np.arange(len(batch.words)) + 2 * np.repeat(np.arange(len(some)), count)
        known = self.index[batch.words].astype(np.int32)
        columns = np.empty(len(known) + 2 * len(some), dtype=np.int32)
        columns[place] = known
        columns[ends - 2] = columns[ends - 2 - count] + self.size
        columns[ends - 1] = columns[ends - 3] + 2 * self.size
        values = np.ones(len(columns), dtype=np.float32)
        values[place] = np.repeat(1 / np.sqrt(count), count)
        filled = np.zeros(layout.rows + 1, dtype=np.int32)
        filled[layout.row_of_line[some] + 1] = count + 2
        return csr_matrix((values, columns, np.cumsum(filled, dtype=np.int32)), shape=(layout.rows, 3 * self.size))


def learned_encoder(pages: Sequence[Sequence[str]], min_pages: int, max_words: int) -> Encoder:
    """Encoder for training `pages`: words on at least `min_pages` of them, at most the `max_words` most frequent."""
    batch = read_batch(pages)
    features = features_of(batch)
    scale = features.std(axis=0)
    index, size = _vocabulary(batch, min_pages, max_words)
    return Encoder(features.mean(axis=0), np.where(scale > 1e-6, scale, 1).astype(np.float32), index, size)


def _vocabulary(batch: Batch, min_pages: int, max_words: int) -> tuple[NDArray[np.int16], int]:
    on_page = np.unique(np.stack([batch.page[batch.word_line], batch.words], axis=1), axis=0)[:, 1]
    spread = np.bincount(on_page, minlength=1 << HASH_BITS)
    frequent = np.flatnonzero(spread >= min_pages)
    chosen = frequent[np.argsort(-spread[frequent], kind="stable")][:max_words]
    index = np.full(1 << HASH_BITS, UNKNOWN, dtype=np.int16)
    index[chosen] = np.arange(1, len(chosen) + 1)
    return index, len(chosen) + 1
