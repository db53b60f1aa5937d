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
        dense = np.zeros((layout.rows, len(self.mean)), dtype=np.float32)
        dense[layout.row_of_line] = np.clip((features_of(batch) - self.mean) / self.scale, -CLIP, CLIP)
        return Inputs(layout, dense, self._words(batch, layout))

    def _words(self, batch: Batch, layout: Layout) -> csr_matrix:
        known = self.index[batch.words].astype(np.int64)
        count = np.bincount(batch.word_line, minlength=batch.lines)
        ends = np.cumsum(count)
        some = np.flatnonzero(count)
        first, last = (ends - count)[some], ends[some] - 1
        weight = (1 / np.sqrt(np.maximum(count, 1))).astype(np.float32)[batch.word_line]
        line = np.concatenate([batch.word_line, some, some])
        column = np.concatenate([known, known[first] + self.size, known[last] + 2 * self.size])
        value = np.concatenate([weight, np.ones(2 * len(some), dtype=np.float32)])
        shape = (layout.rows, 3 * self.size)
        return csr_matrix((value, (layout.row_of_line[line], column)), shape=shape, dtype=np.float32)


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
