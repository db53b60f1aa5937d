"""What words mean, as vectors learned elsewhere.

n-grams know only words of the training texts; vectors of a language model put a word that training never saw beside
those it did see. The vectors come from `models.topics.teacher`; training starts from them, and an artifact has no need
of them any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.topics.tokens import Hashes, word_and_piece_grams

Floats = NDArray[np.floating[Any]]

SIF = 1e-3  # smooth inverse frequency: a word's weight is SIF / (SIF + its share of all words), Arora et al. 2017
LEVELS = 24  # either side of zero: noise of a twentieth of the spread, and the table compresses to five bits a number


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
