"""A linear chain over the labels of a page (Lafferty et al. 2001): likelihood with gradients, and the best path.

Pages of a batch are walked together, line by line; a page that is shorter has dropped out by then, so pages are taken
longest first. Forbidden transitions have probability zero: no path ever takes them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.splitter.labels import may_end, may_follow, may_start

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

FORBIDDEN = -1e9  # far below any sum of scores along a page


@dataclass(frozen=True, slots=True)
class Walk:
    """The order in which lines are visited: step by step, at each step the pages that are long enough."""

    order: Codes
    """Pages, longest first."""
    steps: tuple[Codes, ...]
    """At each step the line of every page that still has one, in `order`."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Negative log-likelihood of the true labels, and its gradients."""

    loss: float
    scores: NDArray[np.float32]
    transitions: NDArray[np.float32]


def walk_of(sizes: Codes) -> Walk:
    """Walk over pages of `sizes` lines that lie one after the other."""
    order = np.argsort(-sizes, kind="stable")
    begin = (np.cumsum(sizes) - sizes)[order]
    longest = int(sizes.max(initial=0))
    alive = [int((sizes > step).sum()) for step in range(longest)]
    return Walk(order, tuple(begin[:count] + step for step, count in enumerate(alive)))


def constrained(transitions: NDArray[np.floating]) -> Floats:
    """Transition scores with the forbidden ones out of reach."""
    return np.where(may_follow(), transitions.astype(np.float64), FORBIDDEN)


def best_path(scores: NDArray[np.floating], transitions: NDArray[np.floating], sizes: Codes) -> Codes:
    """(lines,) most likely label codes under the hard structure (Viterbi 1967)."""
    walk, arcs = walk_of(sizes), np.ascontiguousarray(constrained(transitions).T)
    emitted = bounded(scores, sizes)
    came_from = np.zeros(emitted.shape, dtype=np.int8)
    for step, lines in enumerate(walk.steps):
        if step:
            reached = emitted[lines - 1][:, None, :] + arcs
            came_from[lines] = best = reached.argmax(axis=2)
            emitted[lines] += np.take_along_axis(reached, best[:, :, None], axis=2)[:, :, 0]
    return _read_back(walk, emitted, came_from)


def likelihood(
    scores: NDArray[np.floating], transitions: NDArray[np.floating], gold: Codes, sizes: Codes
) -> Likelihood:
    """Loss and gradients of the mean over all lines, by the forward-backward recursion in scaled probabilities."""
    walk, arcs = walk_of(sizes), np.exp(constrained(transitions))
    shifted = bounded(scores, sizes)
    peaks = shifted.max(axis=1, keepdims=True)
    emitted = np.exp(shifted - peaks)
    ahead, scale = _forward(walk, emitted, arcs)
    back = _backward(walk, emitted, arcs, scale)
    marginals, lines = ahead * back, len(gold)
    follows = _follows(sizes)
    expected = (ahead[follows - 1].T @ (emitted[follows] * back[follows] / scale[follows, None])) * arcs
    np.subtract.at(expected, (gold[follows - 1], gold[follows]), 1)
    reached = np.log(scale).sum() + peaks.sum()
    taken = shifted[np.arange(lines), gold].sum() + transitions[gold[follows - 1], gold[follows]].sum()
    marginals[np.arange(lines), gold] -= 1
    return Likelihood(
        float(reached - taken) / lines,
        (marginals / lines).astype(np.float32),
        (expected / lines).astype(np.float32),
    )


def bounded(scores: NDArray[np.floating], sizes: Codes) -> Floats:
    """Scores in which labels that cannot start or end a page are out of reach on its first or last line."""
    bound = scores.astype(np.float64)
    ends = np.cumsum(sizes)[sizes > 0] - 1
    starts = (np.cumsum(sizes) - sizes)[sizes > 0]
    bound[np.ix_(starts, ~may_start())] = FORBIDDEN
    bound[np.ix_(ends, ~may_end())] = FORBIDDEN
    return bound


def _read_back(walk: Walk, total: Floats, came_from: NDArray[np.int8]) -> Codes:
    path = np.zeros(len(total), dtype=np.int64)
    for step in range(len(walk.steps) - 1, -1, -1):
        lines = walk.steps[step]
        alive = len(walk.steps[step + 1]) if step + 1 < len(walk.steps) else 0
        following = lines[:alive] + 1
        path[lines[:alive]] = came_from[following, path[following]]
        path[lines[alive:]] = total[lines[alive:]].argmax(axis=1)
    return path


def _forward(walk: Walk, emitted: Floats, arcs: Floats) -> tuple[Floats, Floats]:
    ahead, scale = emitted.copy(), np.ones(len(emitted))
    for step, lines in enumerate(walk.steps):
        if step:
            ahead[lines] *= ahead[lines - 1] @ arcs
        scale[lines] = ahead[lines].sum(axis=1)
        ahead[lines] /= scale[lines, None]
    return ahead, scale


def _backward(walk: Walk, emitted: Floats, arcs: Floats, scale: Floats) -> Floats:
    back = np.ones_like(emitted)
    for step in range(len(walk.steps) - 1, 0, -1):
        lines = walk.steps[step]
        back[lines - 1] = (emitted[lines] * back[lines] / scale[lines, None]) @ arcs.T
    return back


def _follows(sizes: Codes) -> Codes:
    """Lines that are not the first of their page."""
    first = np.zeros(int(sizes.sum()), dtype=bool)
    first[(np.cumsum(sizes) - sizes)[sizes > 0]] = True
    return np.flatnonzero(~first)
