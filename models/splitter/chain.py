"""A linear chain over the labels of a page (Lafferty et al. 2001): likelihood with gradients, and the best path.

Pages of a batch are walked together, line by line; a page that is shorter has dropped out by then, so pages are taken
longest first. Forbidden transitions have probability zero: no path ever takes them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.splitter.labels import may_end, may_follow, may_start

Floats = NDArray[np.float64]
Narrow = NDArray[np.float32]
Codes = NDArray[np.int64]

FORBIDDEN = -1e9  # far below any sum of scores along a page
LEAST_ALLOWED = 1e-3  # probability that two lines judged apart keep the rules; below it they say nothing of pairs


@dataclass(frozen=True, slots=True)
class Walk:
    """The order in which lines are visited: step by step, at each step the pages that are long enough."""

    order: Codes
    """Pages, longest first."""
    steps: tuple[Codes, ...]
    """At each step the line of every page that still has one, in `order`."""
    mirror: Codes
    """(lines,) the line that is as far from the end of its page as each line is from the start."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Negative log-likelihood of the true labels, and its gradients."""

    loss: float
    scores: NDArray[np.float32]
    transitions: NDArray[np.float32]


def walk_of(sizes: Codes) -> Walk:
    """Walk over pages of `sizes` lines that lie one after the other."""
    order = np.argsort(-sizes, kind="stable")
    ends = np.cumsum(sizes)
    begin = (ends - sizes)[order]
    alive = len(sizes) - np.searchsorted(sizes[order[::-1]], np.arange(sizes.max(initial=0)), side="right")
    steps = tuple(begin[:count] + step for step, count in enumerate(alive.tolist()))
    mirror = np.repeat(2 * ends - sizes - 1, sizes) - np.arange(sizes.sum())
    return Walk(order, steps, mirror)


def constrained(transitions: NDArray[np.floating]) -> Floats:
    """Transition scores with the forbidden ones out of reach."""
    return np.where(may_follow(), transitions.astype(np.float64), FORBIDDEN)


def best_path(scores: NDArray[np.floating], transitions: NDArray[np.floating], sizes: Codes) -> Codes:
    """(lines,) most likely label codes under the hard structure (Viterbi 1967)."""
    walk, arcs = walk_of(sizes), constrained(transitions).astype(np.float32)
    return followed(outlook(bounded(scores, sizes), arcs, walk), arcs, walk)


def outlook(bound: NDArray[np.floating], arcs: Narrow, walk: Walk) -> Narrow:
    """(lines, labels) score of the best way from each label of each line to the end of its page, the line included.

    `bound` are scores from `bounded`, `arcs` transitions from `constrained`. The walk goes from the end of each page
    to its start: new scores of a page's first lines leave the outlook of the lines after them as it is.
    """
    visited = walk.mirror[np.concatenate(walk.steps)] if walk.steps else walk.mirror
    best = np.ascontiguousarray(bound[visited].T, dtype=np.float32)
    onward = np.ascontiguousarray(arcs.T)[:, :, None]
    start, after = 0, best[:, None, :0]
    for lines in walk.steps:
        count = len(lines)
        here = best[:, start : start + count]
        if start:
            here += np.maximum.reduce(after[:, :, :count] + onward, axis=0)
        start, after = start + count, here[:, None]
    worth = np.empty((len(visited), len(arcs)), dtype=np.float32)
    worth[visited] = best.T
    return worth


def followed(worth: Narrow, arcs: Narrow, walk: Walk) -> Codes:
    """(lines,) label codes of the best path through each page, from the `outlook` of its lines."""
    path = np.zeros(len(worth), dtype=np.int64)
    for step, lines in enumerate(walk.steps):
        ways = worth.take(lines, axis=0)
        if step:
            ways += arcs.take(path[lines - 1], axis=0)
        path[lines] = ways.argmax(axis=1)
    return path


def likelihood(
    scores: NDArray[np.floating], transitions: NDArray[np.floating], targets: NDArray[np.floating], sizes: Codes
) -> Likelihood:
    """Loss and gradients of the mean over all lines, by the forward-backward recursion in scaled probabilities.

    `targets` are (lines, labels) probabilities: one-hot where the labels are known, a teacher's where they are not.
    The loss is then the expected one under a teacher that judges each line apart.
    """
    walk, arcs = walk_of(sizes), np.exp(constrained(transitions))
    shifted = bounded(scores, sizes)
    peaks = shifted.max(axis=1, keepdims=True)
    emitted = np.exp(shifted - peaks)
    ahead, scale = _forward(walk, emitted, arcs)
    back = _backward(walk, emitted, arcs, scale)
    follows, lines = _follows(sizes), len(targets)
    expected = (ahead[follows - 1].T @ (emitted[follows] * back[follows] / scale[follows, None])) * arcs
    wanted = _wanted_pairs(targets, follows)
    reached = np.log(scale).sum() + peaks.sum()
    taken = (scores * targets).sum(dtype=np.float64) + (transitions * wanted).sum(dtype=np.float64)
    return Likelihood(
        float(reached - taken) / lines,
        ((ahead * back - targets) / lines).astype(np.float32),
        ((expected - wanted) / lines).astype(np.float32),
    )


def _wanted_pairs(targets: NDArray[np.floating], follows: Codes) -> Floats:
    """(labels, labels) how often one label should follow another, if lines are judged apart and the rules hold."""
    first, then, rules = targets[follows - 1].astype(np.float64), targets[follows], may_follow().astype(np.float64)
    allowed = ((first @ rules) * then).sum(axis=1, keepdims=True)
    wanted: Floats = ((first / np.maximum(allowed, LEAST_ALLOWED)).T @ then) * rules
    return wanted


def bounded(scores: NDArray[np.floating], sizes: Codes) -> Floats:
    """Scores in which labels that cannot start or end a page are out of reach on its first or last line."""
    bound = scores.astype(np.float64)
    ends = np.cumsum(sizes)[sizes > 0] - 1
    starts = (np.cumsum(sizes) - sizes)[sizes > 0]
    bound[np.ix_(starts, ~may_start())] = FORBIDDEN
    bound[np.ix_(ends, ~may_end())] = FORBIDDEN
    return bound


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
