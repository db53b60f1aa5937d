"""Unit vectors of words, from which the topics' student starts: the mean of what MiniLM says of their tokens."""

from collections.abc import Callable, Sequence

import numpy as np

from models.splitter.teacher.words import Read, Tokens
from models.topics.teacher import Encode, Floats

TOKENS_AT_MOST = 48  # of a text: a headline and the start of its lead
WIDTH = 384  # of MiniLM's vectors
LEAST_LENGTH = 1e-12  # of a vector that is made a unit
TEXTS_AT_ONCE = 10_000  # read between two words of progress


def encoder_of(read: Read, progress: Callable[[str], None] = lambda _: None) -> Encode:
    """A function from texts to (texts, `WIDTH`) unit vectors, behind that which gives vectors of tokens."""

    def encode(texts: Sequence[str]) -> Floats:
        found = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            progress(f"reading {len(texts)} texts or words: {start} done")
            for place, vectors in read(texts[start : start + TEXTS_AT_ONCE], opening):
                found[start + place] = vectors.mean(axis=0, dtype=np.float32)
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), LEAST_LENGTH)
        return found

    return encode


def opening(tokens: Tokens) -> Tokens:
    """The first tokens of a text, and the mark that ends it.

    >>> opening([101, *range(100), 102])[-2:], opening([101, 7, 102])
    ([45, 102], [101, 7, 102])
    """
    return tokens if len(tokens) <= TOKENS_AT_MOST else tokens[: TOKENS_AT_MOST - 1] + tokens[-1:]
