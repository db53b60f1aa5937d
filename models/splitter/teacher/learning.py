"""How the teacher's networks learn: from pages labelled by hand and, of the others, those it was sure of before."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from models.descent import cosine_rate
from models.splitter import chain
from models.splitter.augment import augmented
from models.splitter.lessons import targets_of
from models.splitter.teacher.fused import Floats, marginals
from models.splitter.teacher.minilm import MiniLM
from models.splitter.teacher.network import Network
from models.splitter.teacher.recipe import Judge, Known, Teach
from models.splitter.teacher.recurrence import Inputs
from models.splitter.teacher.sheets import Sheet
from models.splitter.teacher.words import Words

Example = tuple[list[str], list[str], Sheet, bool]
"""Lines and labels of a variant of a page, the page, and whether its siblings are hidden."""

LAYERS = 3  # of MiniLM: the middle ones tell kinds of text apart, the last ones what it is about
EPOCHS = 8
PAGES_AT_ONCE, RATE, DECAY, BETAS, SLOPE_LIMIT = 8, 1.2e-3, 0.05, (0.9, 0.98), 1.0
GUESSED_PAGES = 600  # an epoch, beside the 1,359 pages labelled by hand
LINES_AT_MOST = 400  # of a training page
ALONE = 0.5  # share of training pages whose siblings are hidden, so that a publisher's only page is learned too


def networks_on(sheets: Sequence[Sheet], progress: Callable[[str], None], epochs: int = EPOCHS) -> Teach:
    """A function that trains networks, which judge `sheets`; the same seed gives the same network."""
    inputs, words = Inputs(sheets), Words(MiniLM(LAYERS).read)
    with one_thread():
        words.remember((line for sheet in sheets for line in sheet.lines), progress)

    def teach(known: Sequence[Known], guessed: Sequence[Known], seed: int) -> Judge:
        with one_thread():
            network = taught(known, guessed, inputs, words, seed, epochs, progress)
        return lambda sheet: judged(network, sheet, inputs, words)

    return teach


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps torch on one thread: the products are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def taught(
    known: Sequence[Known],
    guessed: Sequence[Known],
    inputs: Inputs,
    words: Words,
    seed: int,
    epochs: int,
    progress: Callable[[str], None],
) -> Network:
    """A network that has learned from all pages `known` and, each epoch, some of those `guessed` before."""
    torch.manual_seed(seed)
    random, network = np.random.default_rng(seed), Network(inputs.size)
    adam = torch.optim.AdamW(network.parameters(), betas=BETAS, weight_decay=DECAY)
    starts = range(0, len(known) + min(len(guessed), GUESSED_PAGES), PAGES_AT_ONCE)
    for epoch in range(epochs):
        losses = []
        for place, batch in enumerate(_batches(known, guessed, random)):
            rate = cosine_rate(epoch * len(starts) + place, epochs * len(starts), RATE)
            adam.param_groups[0]["lr"] = rate
            losses.append(_step(network, adam, batch, inputs, words))
        progress(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.4f}")
    network.eval()
    return network


def _batches(known: Sequence[Known], guessed: Sequence[Known], random: np.random.Generator) -> Iterator[list[Example]]:
    """An epoch's pages, varied anew, in random order, `PAGES_AT_ONCE` at a time."""
    pool = [*known, *(guessed[i] for i in random.permutation(len(guessed))[:GUESSED_PAGES])]
    varied = augmented([(sheet.lines, labels) for sheet, labels in pool], random)
    order = random.permutation(len(pool))
    for start in range(0, len(order), PAGES_AT_ONCE):
        chosen = order[start : start + PAGES_AT_ONCE]
        yield [(*_cut(*varied[i]), pool[i][0], bool(random.random() < ALONE)) for i in chosen]


def _cut(lines: list[str], labels: list[str]) -> tuple[list[str], list[str]]:
    """The first lines of a long page, not ending within an item that waits for its title."""
    end = min(len(lines), LINES_AT_MOST)
    while labels[end - 1].startswith("next-"):
        end -= 1
    return lines[:end], labels[:end]


def _step(network: Network, adam: torch.optim.AdamW, pages: Sequence[Example], inputs: Inputs, words: Words) -> float:
    features = np.concatenate([inputs.of(lines, sheet, alone) for lines, _, sheet, alone in pages])
    sizes = [len(lines) for lines, _, _, _ in pages]
    scores = _scores(network, [line for lines, _, _, _ in pages for line in lines], features, sizes, words)
    gold = targets_of([label for _, labels, _, _ in pages for label in labels])
    found = chain.likelihood(
        scores.detach().numpy(), network.transitions.detach().numpy(), gold, np.array(sizes, dtype=np.int64)
    )
    adam.zero_grad()
    network.transitions.grad = torch.from_numpy(found.transitions)
    scores.backward(torch.from_numpy(found.scores))
    nn.utils.clip_grad_norm_(network.parameters(), SLOPE_LIMIT)
    adam.step()
    return found.loss


def _scores(network: Network, lines: list[str], features: Floats, sizes: list[int], words: Words) -> torch.Tensor:
    vectors, counts = words.of(lines)
    scores: torch.Tensor = network(
        torch.from_numpy(vectors), torch.from_numpy(counts), torch.from_numpy(features), sizes
    )
    return scores


def judged(network: Network, sheet: Sheet, inputs: Inputs, words: Words) -> Floats:
    """(lines, labels) probabilities of one page."""
    size = len(sheet.lines)
    with torch.no_grad(), one_thread():
        scores = _scores(network, sheet.lines, inputs.of(sheet.lines, sheet), [size], words)
    return marginals(scores.numpy(), network.transitions.detach().numpy(), np.array([size], dtype=np.int64))
