"""The splitter: an estimator from the lines of pages to one label per line, and from pages to their parts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache

import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import ThreadpoolController

from models import descent
from models.page import Page, Split, lines_of
from models.splitter import chain, learning, network
from models.splitter.assemble import assemble
from models.splitter.augment import augmented
from models.splitter.batch import HEAD_CHARACTERS, TAIL_CHARACTERS
from models.splitter.decoding import Codes, Floats, decoded, labels_by_page
from models.splitter.encoding import learned_encoder
from models.splitter.labels import LABELS
from models.splitter.lessons import targets_of
from models.splitter.network import Inputs, Weights

Lines = Sequence[str]
Labels = Sequence[str]

MAX_LINES = 4_000  # of a page; 20 times the longest page of gold train. Lines beyond are boilerplate
MAX_CHARACTERS = 1_500_000  # read at once: holds any one page, keeps the arrays under some 300 MB
AVERAGED_FROM = 0.5  # of the training; the weights of all later steps are averaged (Izmailov et al. 2018)
SLOPE_LIMIT = 1.0  # norm of the gradient of a mean over lines: bounds a step that an odd page would make too large


class Splitter(BaseEstimator):
    """Labels every line of a page, and cuts pages into story and teasers.

    A page is its lines, blank ones left out. Learned: `weights_` of the network, `transitions_` between labels, and
    `encoder_`, which holds the scale of the features and the known words.
    """

    def __init__(
        self,
        hidden: int = 64,
        vector: int = 12,
        epochs: int = 11,
        rate: float = 3e-3,
        decay: float = 0.1,
        dropout: float = 0.25,
        word_dropout: float = 0.4,
        batch_pages: int = 8,
        min_pages: int = 6,
        max_words: int = 8_000,
        augment: bool = True,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.vector = vector
        self.epochs = epochs
        self.rate = rate
        self.decay = decay
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.batch_pages = batch_pages
        self.min_pages = min_pages
        self.max_words = max_words
        self.augment = augment
        self.random_state = random_state

    def fit(
        self, pages: Sequence[Lines], labels: Sequence[Labels], progress: Callable[[str], None] = lambda _: None
    ) -> "Splitter":
        """Learn from `pages` with one label of `LABELS` per line; raises ValueError when they do not match.

        A label may be `Told` by a teacher: then its probabilities are learned.
        """
        _check(pages, labels)
        filled = [(list(page), list(said)) for page, said in zip(pages, labels, strict=True) if page]
        random = np.random.default_rng(self.random_state)
        self.encoder_ = learned_encoder([page for page, _ in filled], self.min_pages, self.max_words)
        self.weights_ = network.new_weights(
            len(self.encoder_.mean), self.encoder_.size, self.vector, self.hidden, len(LABELS), self.random_state
        )
        self.transitions_ = np.zeros((len(LABELS), len(LABELS)), dtype=np.float32)
        with one_thread():
            self._descend(filled, random, progress)
        return self

    def predict(self, pages: Sequence[Lines]) -> list[list[str]]:
        """Label of every line of every page; lines beyond `MAX_LINES` of a page are boilerplate."""
        found: list[list[str]] = []
        for sizes, scores in self.scores(pages):
            found += labels_by_page(decoded(scores, self.transitions_, sizes), sizes)
        return [labels + ["boilerplate"] * (len(page) - len(labels)) for page, labels in zip(pages, found, strict=True)]

    def scores(self, pages: Sequence[Lines]) -> Iterator[tuple[Codes, Floats]]:
        """Yields, for some pages at a time, the lines of each that are read and their (lines, labels) scores."""
        for chunk in _chunks(pages):
            sizes = np.array([len(page) for page in chunk], dtype=np.int64)
            inputs = self.encoder_.encode(chunk)
            with one_thread():
                scores = network.forward(self.weights_, inputs)
            yield sizes, scores

    def split(self, pages: Sequence[Page]) -> list[Split]:
        """Parts of every page, from its first `MAX_LINES` lines: they are labelled, then put together."""
        lines = [lines_of(page.text)[:MAX_LINES] for page in pages]
        labels = self.predict([[line.text for line in page] for page in lines])
        return [assemble(page, said) for page, said in zip(lines, labels, strict=True)]

    def _descend(
        self, filled: list[tuple[list[str], list[str]]], random: np.random.Generator, progress: Callable[[str], None]
    ) -> None:
        trained = self.weights_ | {"transitions": self.transitions_}
        adam = descent.Adam(trained, self.decay)
        mean = descent.Mean(trained)
        per_epoch = -(-len(filled) // self.batch_pages)
        steps = self.epochs * per_epoch
        for epoch in range(self.epochs):
            losses = []
            for step, batch in enumerate(self._batches(filled, random), epoch * per_epoch):
                rate = descent.cosine_rate(step, steps, self.rate)
                losses.append(self._step(adam, trained, *batch, random, rate))
                if step >= AVERAGED_FROM * steps:
                    mean.add(trained)
            progress(f"epoch {epoch + 1}/{self.epochs}: loss {np.mean(losses):.4f}")
        mean.copy_to(trained)

    def _batches(
        self, filled: list[tuple[list[str], list[str]]], random: np.random.Generator
    ) -> Iterator[tuple[Inputs, Floats, Codes]]:
        """Inputs, targets and sizes of all pages in random order, `batch_pages` at a time."""
        seen = augmented(filled, random) if self.augment else filled
        order = random.permutation(len(seen))
        for start in range(0, len(order), self.batch_pages):
            chosen = [seen[i] for i in order[start : start + self.batch_pages]]
            sizes = np.array([len(page) for page, _ in chosen], dtype=np.int64)
            targets = np.concatenate([targets_of(labels) for _, labels in chosen])
            yield self.encoder_.encode([page for page, _ in chosen]), targets, sizes

    def _step(
        self,
        adam: descent.Adam,
        trained: Weights,
        inputs: Inputs,
        targets: Floats,
        sizes: Codes,
        random: np.random.Generator,
        rate: float,
    ) -> float:
        inputs = learning.without_words(inputs, self.word_dropout, random)
        scores, trace = learning.traced(trained, inputs, self.dropout, random)
        likelihood = chain.likelihood(scores, trained["transitions"], targets, sizes)
        slopes = learning.gradients(trained, inputs, trace, likelihood.scores)
        slopes["transitions"] = likelihood.transitions
        adam.step(trained, descent.clipped(slopes, SLOPE_LIMIT), rate)
        return likelihood.loss


def one_thread() -> AbstractContextManager[object]:
    """Keeps matrix products on one thread: they are small, and workers share the machine's cores."""
    limit: AbstractContextManager[object] = _controller().limit(limits=1)
    return limit


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _check(pages: Sequence[Lines], labels: Sequence[Labels]) -> None:
    if len(pages) != len(labels):
        raise ValueError(f"{len(pages)} pages but labels of {len(labels)}")
    for number, (page, said) in enumerate(zip(pages, labels, strict=True)):
        unknown = set(said) - set(LABELS)
        if len(page) != len(said) or unknown:
            raise ValueError(f"page {number}: {len(page)} lines, {len(said)} labels, unknown labels {sorted(unknown)}")
    if not any(pages):
        raise ValueError("no page has a line")


def _chunks(pages: Sequence[Lines]) -> Iterator[list[Lines]]:
    """Consecutive pages, each cut to `MAX_LINES`, as many at a time as stay under `MAX_CHARACTERS`."""
    chunk: list[Lines] = []
    room = MAX_CHARACTERS
    for page in pages:
        kept = page[:MAX_LINES]
        need = min(sum(map(len, kept)), (HEAD_CHARACTERS + TAIL_CHARACTERS) * len(kept)) + len(kept)
        if chunk and need > room:
            yield chunk
            chunk, room = [], MAX_CHARACTERS
        chunk.append(kept)
        room -= need
    if chunk:
        yield chunk
