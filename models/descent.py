"""Gradient descent on named weights, in numpy: Adam with decoupled weight decay (Loshchilov & Hutter 2019).

Shared by the networks of the splitter and of the topics.
"""

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]
"""Each array of a network, or its gradient, by name."""

BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8  # a short training: the second moment forgets in 100 steps, not 1,000


class Adam:
    """Adam with decoupled weight decay; state per weight."""

    def __init__(self, weights: Weights, decay: float) -> None:
        self.decay = decay
        self.moments = {name: (np.zeros_like(w), np.zeros_like(w)) for name, w in weights.items()}
        self.steps = 0

    def step(self, weights: Weights, slopes: Weights, rate: float) -> None:
        """Change `weights` in place by one step against `slopes`."""
        self.steps += 1
        size = rate * np.sqrt(1 - BETA_2**self.steps) / (1 - BETA_1**self.steps)
        for name, slope in slopes.items():
            first, second = self.moments[name]
            first += (1 - BETA_1) * (slope - first)
            second += (1 - BETA_2) * (slope * slope - second)
            weights[name] *= np.float32(1 - rate * self.decay)
            weights[name] -= (size * first / (np.sqrt(second) + EPSILON)).astype(np.float32)


class Mean:
    """Mean of weights over steps: it generalises better than the last ones, and differs less from seed to seed."""

    def __init__(self, like: Weights) -> None:
        self.steps = 0
        self.weights = {name: np.zeros_like(w) for name, w in like.items()}

    def add(self, weights: Weights) -> None:
        """Count the weights of one step in."""
        self.steps += 1
        for name, mean in self.weights.items():
            mean += (weights[name] - mean) / np.float32(self.steps)

    def copy_to(self, weights: Weights) -> None:
        """Make `weights` the mean, in place; they stay as they are when no step was counted in."""
        if self.steps:
            for name, mean in self.weights.items():
                weights[name][...] = mean


def cosine_rate(step: int, steps: int, peak: float, warm_up: float = 0.1) -> float:
    """Learning rate at `step`: a linear rise over the first share of the steps, then half a cosine down to zero."""
    done = step / max(steps, 1)
    if done < warm_up:
        return peak * (done + 1 / steps) / warm_up
    return float(peak * 0.5 * (1 + np.cos(np.pi * (done - warm_up) / (1 - warm_up))))


def clipped(slopes: Weights, limit: float) -> Weights:
    """Slopes scaled down together so that their norm is at most `limit`."""
    norm = float(np.sqrt(sum(float((slope.astype(np.float64) ** 2).sum()) for slope in slopes.values())))
    return slopes if norm <= limit else {name: slope * np.float32(limit / norm) for name, slope in slopes.items()}
