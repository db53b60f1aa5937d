"""A small convolutional network over the lines of pages, in numpy: scores of every label for every line.

Each line's features and word vectors become a hidden vector; residual convolutions of growing dilation (Yu & Koltun
2016) let it see its neighbours, a mean over the page lets it see the whole. Weights are a plain dict of arrays, so that
an artifact holds nothing else. All pages of a batch lie in one array, `GAP` empty rows apart, so that a convolution is
three matrix products and never reaches into the next page.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
Weights = dict[str, Floats]

DILATIONS = (1, 2, 4, 8, 1)  # reaches 16 lines either way, and once more looks at the nearest
GAP = max(DILATIONS)
POOL_AFTER = 2  # convolutions before the page's mean is taken


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the lines of a batch lie among its rows."""

    rows: int
    row_of_line: NDArray[np.int64]
    page_of_line: NDArray[np.int64]
    real: Floats
    """(rows, 1) one for the row of a line, zero in the gaps."""
    gaps: NDArray[np.int64]
    """Rows that hold no line."""
    sizes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Inputs:
    """One batch: standardised features and known words of every line."""

    layout: Layout
    dense: Floats
    """(lines, features), without the gaps."""
    words: csr_matrix
    """(rows, 3 · vocabulary): mean of all words, first word, last word."""


def layout_of(sizes: NDArray[np.int64]) -> Layout:
    """Rows for pages of `sizes` lines, a gap before, between and after them."""
    begin = GAP + np.cumsum(sizes + GAP) - (sizes + GAP)
    page = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(page)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = int((sizes + GAP).sum()) + GAP
    row_of_line = begin[page] + within
    real = np.zeros((rows, 1), dtype=np.float32)
    real[row_of_line] = 1
    return Layout(rows, row_of_line, page, real, np.flatnonzero(real == 0), sizes)


def new_weights(features: int, vocabulary: int, vector: int, hidden: int, labels: int, seed: int) -> Weights:
    """Weights before training (He et al. 2015); word vectors start near zero."""
    random = np.random.default_rng(seed)

    def drawn(*shape: int) -> Floats:
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        return random.normal(0, scale, shape).astype(np.float32)

    weights = {
        "vectors": random.normal(0, 0.05, (3 * vocabulary, vector)).astype(np.float32),
        "in": drawn(features + vector, hidden),
        "in_bias": np.zeros(hidden, dtype=np.float32),
        "pool": drawn(hidden, hidden) * np.float32(0.5),
        "out": drawn(hidden, labels) * np.float32(0.5),
        "out_bias": np.zeros(labels, dtype=np.float32),
    }
    for index in range(len(DILATIONS)):
        weights[f"conv{index}"] = drawn(3, hidden, hidden) * np.float32(0.5)
        weights[f"conv{index}_bias"] = np.zeros(hidden, dtype=np.float32)
    return weights


def forward(weights: Weights, inputs: Inputs) -> Floats:
    """(lines, labels) scores, one row per line in order."""
    layout = inputs.layout
    hidden = hidden_layer(weights, inputs)
    for index, dilation in enumerate(DILATIONS):
        if index == POOL_AFTER:
            hidden += pooled(weights, layout, hidden)[0]
        hidden += convolved(weights, index, dilation, hidden)
        hidden[layout.gaps] = 0
    scores: Floats = hidden.take(layout.row_of_line, axis=0) @ weights["out"]
    scores += weights["out_bias"]
    return scores


def hidden_layer(weights: Weights, inputs: Inputs) -> Floats:
    """(rows, hidden) first hidden vectors: features and word vectors through one layer; gaps stay zero."""
    features, rows = inputs.dense.shape[1], inputs.layout.row_of_line
    active: Floats = inputs.dense @ weights["in"][:features]
    active += (inputs.words @ weights["vectors"]).take(rows, axis=0) @ weights["in"][features:]
    active += weights["in_bias"]
    hidden = np.zeros((inputs.layout.rows, active.shape[1]), dtype=active.dtype)
    hidden[rows] = np.maximum(active, 0, out=active)
    return hidden


def joined_inputs(weights: Weights, inputs: Inputs) -> Floats:
    """(rows, features + vector) features beside the sum of the word vectors; gaps are zero."""
    joined = np.zeros((inputs.layout.rows, len(weights["in"])), dtype=inputs.dense.dtype)
    features = inputs.dense.shape[1]
    joined[inputs.layout.row_of_line, :features] = inputs.dense
    joined[:, features:] = inputs.words @ weights["vectors"]
    return joined


def convolved(weights: Weights, index: int, dilation: int, hidden: Floats) -> Floats:
    """(rows, hidden) activations of one convolution over the rows `dilation` before, at and after each."""
    before, at, after = weights[f"conv{index}"]
    total: Floats = hidden @ at
    total += weights[f"conv{index}_bias"]
    total[dilation:] += hidden[:-dilation] @ before
    total[:-dilation] += hidden[dilation:] @ after
    np.maximum(total, 0, out=total)
    return total


def pooled(weights: Weights, layout: Layout, hidden: Floats) -> tuple[Floats, Floats]:
    """(rows, hidden) what every line is told about its page, and the (pages, hidden) means it comes from."""
    means = page_means(layout, hidden)
    told = np.zeros_like(hidden)
    told[layout.row_of_line] = np.maximum(means @ weights["pool"], 0)[layout.page_of_line]
    return told, means


def page_means(layout: Layout, hidden: Floats) -> Floats:
    """(pages, hidden) mean over the lines of each page; zero for a page without lines."""
    share = (1 / np.maximum(layout.sizes, 1)).astype(np.float32)[layout.page_of_line]
    pick = csr_matrix(
        (share, (layout.page_of_line, layout.row_of_line)), shape=(len(layout.sizes), layout.rows), dtype=np.float32
    )
    means: Floats = pick @ hidden
    return means
