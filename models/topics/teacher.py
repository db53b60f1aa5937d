"""What a language model teaches the classifier: soft labels of unlabelled texts, and vectors of words.

It is needed only to make `Lessons`; these are kept as an artifact (digests and quantised numbers, no text), so that
training goes without it. The models are handed in; `finetuning` and `encoder` have those behind the shipped lessons.
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
from models.topics.features import zones
from models.topics.tokens import folded
from models.topics.vectors import WordVectors

Floats = NDArray[np.floating[Any]]
Encode = Callable[[Sequence[str]], Floats]
"""From texts to unit vectors."""
Judge = Callable[[Sequence[str]], Floats]
"""From sentences to (sentences, classes) probabilities."""
Tune = Callable[[Sequence[str], Floats, Floats, int], Judge]
"""From sentences, their soft targets (sentences, classes), their weights and a seed, to a judge that learned from them.
"""

WORDS = 40_000  # so that lessons stay under 5 MB
FEWEST_TEXTS_WITH_A_WORD = 3
DIMENSIONS = 128
PRECISION_DIGITS = 6  # more may come out otherwise where memory is laid out otherwise
FREQUENT = 1e-4  # share of all words from which on a word weighs no more in choosing dimensions
SHARE_LEVELS = 255  # of an unsigned byte
LEAST_SHARE = 0.02  # of a lesson: less is noise, and would double its size
WORD = re.compile(rb"[a-z0-9\x80-\xff]+")


@dataclass(frozen=True, eq=False)
class Lessons:
    """Word vectors, and for each text's digest (ascending) a distribution over `classes` in 8 bits."""

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


def lessons_about(texts: Sequence[Text], proba: Floats, classes: Sequence[str], words: WordVectors) -> Lessons:
    """Lessons that say `proba` (texts, classes) of `texts`, its smallest shares left out.

    Of texts alike the first counts.
    """
    kept = np.where(proba < LEAST_SHARE, 0, proba)
    kept /= kept.sum(axis=1, keepdims=True)
    digests, first = np.unique(np.array([digest(text) for text in texts], np.uint64), return_index=True)
    return Lessons(words, tuple(classes), digests, np.rint(kept[first] * SHARE_LEVELS).astype(np.uint8))


def mean_of(judges: Sequence[Judge]) -> Judge:
    """A judge that gives the mean of what some say."""
    return lambda sentences: np.asarray(np.mean([judge(sentences) for judge in judges], axis=0))


def sentences(texts: Sequence[Text]) -> list[str]:
    """What the teacher reads of each text: headline and lead, without what leaks."""
    segments = zones(texts)
    return [
        f"{headline}. {lead}" if lead else headline
        for headline, lead in zip(segments[::2], segments[1::2], strict=True)
    ]


def words_of(texts: Sequence[Text], encode: Encode) -> WordVectors:
    """Vectors of the words that occur most in `texts`, as `encode` sees each alone; of words as frequent, the first."""
    counts = Counter(word for segment in _folded_segments(texts) for word in sorted(set(WORD.findall(segment))))
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
    return np.asarray(np.round(found / found.std(), PRECISION_DIGITS))
