"""What a language model teaches the classifier: soft labels of unlabelled texts, and vectors of words.

The teacher averages a network on sentence embeddings with the linear student. It is needed only to make `Lessons`;
these are kept as an artifact (digests and quantised numbers, no text), so that training goes without it. The encoder
is handed in: any function from texts to unit vectors serves; the shipped lessons were made with all-MiniLM-L6-v2
(Apache-2.0), which is no dependency of newsieve.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.page import Text
from models.topics.features import HashedNgrams, tokenised, zones
from models.topics.students import SoftTargetNetwork, SoftTargetSoftmax
from models.topics.tokens import folded
from models.topics.vectors import WordVectors

Floats = NDArray[np.floating[Any]]
Encode = Callable[[Sequence[str]], Floats]

NETWORK_SHARE = 0.65  # of the teacher's labels, the rest is the linear student's: best of 1, .7 and .5 on dev
NETWORK_SEEDS = 2
STRETCH = 8.0  # unit vectors of 384 numbers are too small for the network's usual first steps
WORDS = 24_000  # so that lessons stay under 5 MB
FEWEST_TEXTS_WITH_A_WORD = 4
DIMENSIONS = 128
FREQUENT = 1e-4  # share of all words from which on a word weighs no more in choosing dimensions
SHARE_LEVELS = 255  # of an unsigned byte
WORD = re.compile(rb"[a-z0-9\x80-\xff]+")


@dataclass(frozen=True, eq=False)
class Lessons:
    """Word vectors, and for each unlabelled text's digest (ascending) its distribution over `classes` in 8 bits."""

    words: WordVectors
    classes: tuple[str, ...]
    digests: NDArray[np.uint64]
    levels: NDArray[np.uint8]

    def of(self, texts: Sequence[Text]) -> tuple[list[Text], Floats]:
        """Return those of `texts` that have a lesson, and their distributions over `classes`."""
        wanted = np.array([digest(text) for text in texts], np.uint64)
        places = np.minimum(np.searchsorted(self.digests, wanted), len(self.digests) - 1)
        known = np.flatnonzero(self.digests[places] == wanted).tolist()
        levels = self.levels[places[known]].astype(float)
        return [texts[number] for number in known], levels / levels.sum(axis=1, keepdims=True)


def digest(text: Text) -> int:
    """Hash of headline and blurb, by which a lesson finds its text again."""
    found = hashlib.blake2b(f"{text.headline}\n{text.text}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(found.digest(), "big")


def teach(
    labelled: Sequence[Text],
    targets: Floats,
    weights: Floats,
    classes: Sequence[str],
    unlabelled: Sequence[Text],
    encode: Encode,
) -> Lessons:
    """Learn from labelled texts and their soft targets (texts, classes), and return lessons about the unlabelled."""
    network, linear = (
        _network_labels(labelled, targets, weights, unlabelled, encode),
        _linear_labels(labelled, targets, weights, unlabelled),
    )
    proba = NETWORK_SHARE * network + (1 - NETWORK_SHARE) * linear
    digests, first = np.unique(np.array([digest(text) for text in unlabelled], np.uint64), return_index=True)
    levels = np.rint(proba[first] * SHARE_LEVELS).astype(np.uint8)
    words = _words([*labelled, *unlabelled], encode)
    return Lessons(words, tuple(classes), digests, levels)


def _network_labels(
    labelled: Sequence[Text], targets: Floats, weights: Floats, unlabelled: Sequence[Text], encode: Encode
) -> Floats:
    X, unseen = STRETCH * encode(sentences(labelled)), STRETCH * encode(sentences(unlabelled))
    networks = (SoftTargetNetwork(384, 7, 256, seed).fit(X, targets, weights) for seed in range(NETWORK_SEEDS))
    return np.asarray(sum(network.predict_proba(unseen) for network in networks) / NETWORK_SEEDS)


def _linear_labels(labelled: Sequence[Text], targets: Floats, weights: Floats, unlabelled: Sequence[Text]) -> Floats:
    tokens, features = tokenised(labelled), HashedNgrams()
    softmax = SoftTargetSoftmax().fit(features.fit_transform(tokens), targets, weights)
    return softmax.predict_proba(features.transform(tokenised(unlabelled)))


def sentences(texts: Sequence[Text]) -> list[str]:
    """What the encoder reads of each text: headline and lead, without what leaks."""
    segments = zones(texts)
    return [
        f"{headline}. {lead}" if lead else headline
        for headline, lead in zip(segments[::2], segments[1::2], strict=True)
    ]


def _words(texts: Sequence[Text], encode: Encode) -> WordVectors:
    counts = Counter(word for segment in _folded_segments(texts) for word in set(WORD.findall(segment)))
    often = [(w, n) for w, n in counts.most_common(WORDS) if n >= FEWEST_TEXTS_WITH_A_WORD and _decodes(w)]
    words, numbers = [word.decode() for word, _ in often], [number for _, number in often]
    return WordVectors.of(words, _projected(encode(words), numbers), numbers)


def _folded_segments(texts: Sequence[Text]) -> Iterable[bytes]:
    return folded(zones(texts)).split(b"\n")


def _decodes(word: bytes) -> bool:
    return word.decode("utf-8", "ignore").encode() == word


def _projected(vectors: Floats, counts: Sequence[int]) -> Floats:
    """The `DIMENSIONS` directions in which the words in use differ most, of unit variance over all."""
    shares = np.asarray(counts, float) / np.sum(counts)
    centred = vectors - shares @ vectors
    weighted = centred * np.sqrt(np.minimum(shares, FREQUENT))[:, None]
    _, _, directions = np.linalg.svd(weighted, full_matrices=False)
    found = centred @ directions[:DIMENSIONS].T
    return np.asarray(found / found.std())
