"""Gradients of the network, in numpy: the forward pass with dropout, and the way back through its layers.

Each `_through_…` takes the gradient `flow` of what comes out of a layer, writes those of its weights into `found`, and
returns what it adds to that of what goes in; before the first layer nothing is learned.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator

from models.splitter import network
from models.splitter.network import DILATIONS, POOL_AFTER, Floats, Inputs, Weights


@dataclass
class Trace:
    """What the forward pass leaves for the backward pass; a row for each line, and for each gap between pages."""

    joined: Floats
    """(rows, features + vector) inputs of the first layer, after dropout."""
    hidden: list[Floats] = field(default_factory=list)
    """(rows, hidden) what the first layer makes, what goes into each convolution, and what comes out of the last."""
    active: list[Floats] = field(default_factory=list)
    """(rows, hidden) what each convolution adds."""
    means: Floats | None = None
    """(pages, hidden) of the lines of each page."""
    mask_in: Floats | None = None
    masks: list[Floats] = field(default_factory=list)
    """Dropout of the first layer's inputs, and of what each convolution adds."""


def traced(weights: Weights, inputs: Inputs, dropout: float, random: Generator) -> tuple[Floats, Trace]:
    """Scores as `network.forward` makes them, with dropout, and the trace that `gradients` needs."""
    real = inputs.layout.real
    trace = Trace(network.joined_inputs(weights, inputs))
    trace.mask_in = _kept(trace.joined.shape, dropout / 2, random)
    trace.joined *= trace.mask_in
    hidden = np.maximum(trace.joined @ weights["in"] + weights["in_bias"], 0) * real
    trace.hidden.append(hidden)
    for index, dilation in enumerate(DILATIONS):
        if index == POOL_AFTER:
            told, trace.means = network.pooled(weights, inputs.layout, hidden)
            hidden = hidden + told
        mask = _kept(hidden.shape, dropout, random) * real
        active = network.convolved(weights, index, dilation, hidden) * mask
        trace.masks.append(mask)
        trace.active.append(active)
        trace.hidden.append(hidden)
        hidden = hidden + active
    trace.hidden.append(hidden)
    return hidden[inputs.layout.row_of_line] @ weights["out"] + weights["out_bias"], trace


def without_words(inputs: Inputs, share: float, random: Generator) -> Inputs:
    """Inputs with a share of the words left out, so that no line is known by a single word; the others weigh more."""
    words = inputs.words.copy()
    words.data = words.data * _kept(words.data.shape, share, random)
    return replace(inputs, words=words)


def gradients(weights: Weights, inputs: Inputs, trace: Trace, slope: Floats) -> Weights:
    """Gradient of every weight, given the gradient `slope` of the scores."""
    found: Weights = {}
    layout, last = inputs.layout, trace.hidden[-1]
    found["out"] = last[layout.row_of_line].T @ slope
    found["out_bias"] = slope.sum(axis=0)
    flow = np.zeros_like(last)
    flow[layout.row_of_line] = slope @ weights["out"].T
    for index in range(len(DILATIONS) - 1, -1, -1):
        flow = flow + _through_convolution(weights, trace, index, flow, found)
        if index == POOL_AFTER:
            flow = flow + _through_pool(weights, inputs, trace, flow, found)
    _through_first_layer(weights, inputs, trace, flow, found)
    return found


def _kept(shape: tuple[int, ...], dropout: float, random: Generator) -> Floats:
    """Dropout mask: zero or the inverse of the share that is kept."""
    kept: Floats = np.where(
        random.random(shape, dtype=np.float32) >= dropout, np.float32(1 / (1 - dropout)), np.float32(0)
    )
    return kept


def _through_convolution(weights: Weights, trace: Trace, index: int, flow: Floats, found: Weights) -> Floats:
    kernel, dilation = weights[f"conv{index}"], DILATIONS[index]
    hidden = trace.hidden[index + 1]
    inner = flow * trace.masks[index] * (trace.active[index] > 0)
    found[f"conv{index}_bias"] = inner.sum(axis=0)
    found[f"conv{index}"] = np.stack(
        [hidden[:-dilation].T @ inner[dilation:], hidden.T @ inner, hidden[dilation:].T @ inner[:-dilation]]
    )
    back: Floats = inner @ kernel[1].T
    back[:-dilation] += inner[dilation:] @ kernel[0].T
    back[dilation:] += inner[:-dilation] @ kernel[2].T
    return back


def _through_pool(weights: Weights, inputs: Inputs, trace: Trace, flow: Floats, found: Weights) -> Floats:
    layout, means = inputs.layout, trace.means
    assert means is not None
    per_page = np.zeros_like(means)
    np.add.at(per_page, layout.page_of_line, flow[layout.row_of_line])
    inner = per_page * (means @ weights["pool"] > 0)
    found["pool"] = means.T @ inner
    back = np.zeros_like(flow)
    share = (1 / np.maximum(layout.sizes, 1)).astype(np.float32)[:, None]
    back[layout.row_of_line] = ((inner @ weights["pool"].T) * share)[layout.page_of_line]
    return back


def _through_first_layer(weights: Weights, inputs: Inputs, trace: Trace, flow: Floats, found: Weights) -> None:
    inner = flow * (trace.hidden[0] > 0)
    found["in"] = trace.joined.T @ inner
    found["in_bias"] = inner.sum(axis=0)
    assert trace.mask_in is not None
    outer = (inner @ weights["in"].T) * trace.mask_in
    found["vectors"] = inputs.words.T @ outer[:, inputs.dense.shape[1] :]
