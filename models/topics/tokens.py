"""Hashes of every word, word pair and character n-gram of a whole batch of texts, computed in one pass with numpy.

The batch becomes one byte string. A running polynomial hash over it gives the hash of any stretch by one subtraction
and one product (Rabin and Karp's rolling hash), so that no Python loop ever sees a word.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

NEWLINE, APOSTROPHE, SPACE, LETTER_S = 10, 39, 32, 115
RADIX = np.uint64(0x9E3779B97F4A7C15)  # odd, hence invertible modulo 2**64: the golden ratio's bits
RADIX_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))
MIXER = np.uint64(0xFF51AFD7ED558CCD)  # the multiplier of MurmurHash3's 64-bit finaliser
PAIR_SALT = np.uint64(0xC2B2AE3D27D4EB4F)  # keeps "new york" apart from the words of its hash
PIECE_SALT = np.uint64(0x165667B19E3779F9)  # keeps the piece "house" of "houses" apart from the word "house"

PIECE_LENGTHS = (3, 4, 5)  # bytes, the space at a word's edge included


@dataclass(frozen=True, slots=True)
class Grams:
    """n-grams in text order: row `i` of `hashes` stands in segment `segments[i]`; `valid` says where there is one."""

    segments: NDArray[np.int32]
    hashes: Hashes
    valid: NDArray[np.bool_]


def folded(segments: Sequence[str]) -> bytes:
    r"""All segments as one lower-case byte string, a newline after each, accents and possessives dropped.

    A segment must not hold a newline of its own.

    >>> folded(["China’s Café—open", "Don't"])
    b'china   cafe   open\ndont\n'
    """
    joined = "\n".join(segments).lower().replace("’", "'")
    if not joined.isascii():
        joined = unicodedata.normalize("NFKD", joined)
    text = np.frombuffer(joined.encode("utf-8", "replace") + b"\n  ", np.uint8).copy()
    _blank_punctuation(text)
    _blank_possessives(text)
    dropped = (text == APOSTROPHE) | _combining_marks(text)
    return bytes(text[~dropped][:-2])


def _blank_punctuation(text: NDArray[np.uint8]) -> None:
    """Overwrite what is no letter beyond ASCII, by its first two bytes in UTF-8.

    U+0080 to U+00BF (C2 xx), U+2000 to U+2BFF (E2 80 to AF), variation selectors (EF B8) and emoji (F0 9F).
    """
    following = np.append(text[1:], np.uint8(0))
    text[_spread(text == 0xC2, 2)] = SPACE
    text[_spread(((text == 0xE2) & (following <= 0xAF)) | ((text == 0xEF) & (following == 0xB8)), 3)] = SPACE
    text[_spread((text == 0xF0) & (following == 0x9F), 4)] = SPACE


def _spread(starts: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    covered = starts.copy()
    for offset in range(1, width):
        covered[offset:] |= starts[:-offset]
    return covered


def _blank_possessives(text: NDArray[np.uint8]) -> None:
    where = np.flatnonzero(text[:-2] == APOSTROPHE)
    where = where[(text[where + 1] == LETTER_S) & ~_IS_WORD[text[where + 2]]]
    text[where] = text[where + 1] = SPACE


def _combining_marks(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Accents that decomposition has split off: U+0300 to U+036F, in UTF-8 CC xx and CD xx."""
    return _spread((text == 0xCC) | (text == 0xCD), 2)


def _word_bytes() -> NDArray[np.bool_]:
    table = np.zeros(256, bool)
    table[[*range(48, 58), *range(97, 123), *range(128, 256)]] = True
    return table


_IS_WORD = _word_bytes()


class RollingHash:
    """Hash of any stretch `[start, end)` of one byte string, equal for equal bytes wherever they stand."""

    def __init__(self, text: NDArray[np.uint8]) -> None:
        powers = np.full(len(text) + 1, RADIX)
        inverse = np.full(len(text) + 1, RADIX_INVERSE)
        powers[0] = inverse[0] = 1
        self.inverse = np.multiply.accumulate(inverse)
        terms = (text + np.uint64(1)) * np.multiply.accumulate(powers)[:-1]
        self.sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])

    def of(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Hashes:
        """Return the unmixed hashes of `text[starts[i]:ends[i]]`."""
        hashes: Hashes = (self.sums[ends] - self.sums[starts]) * self.inverse[starts]
        return hashes


def mixed(hashes: Hashes) -> Hashes:
    """Hashes whose high bits depend on every bit that went in."""
    hashes = (hashes ^ (hashes >> np.uint64(32))) * MIXER
    hashes ^= hashes >> np.uint64(29)
    return hashes * MIXER


def word_and_piece_grams(segments: Sequence[str]) -> tuple[Grams, Grams]:
    """Words with the pair that each begins (columns 0 and 1), and pieces of 3, 4 and 5 bytes (columns 0 to 2).

    A pair never crosses two segments, a piece never crosses two words. Segments without words give no rows.
    """
    text = np.frombuffer(b" " + folded(segments).replace(b"\n", b" \n ") + b"     ", np.uint8)
    is_word = _IS_WORD[text]
    rolling = RollingHash(np.where(is_word, text, np.uint8(SPACE)))
    segment_of = np.cumsum(text == NEWLINE, dtype=np.int32)
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    words = _words(rolling, edges[::2], edges[1::2], segment_of)
    return words, _pieces(rolling, is_word, segment_of)


def _words(
    rolling: RollingHash, starts: NDArray[np.int64], ends: NDArray[np.int64], segment_of: NDArray[np.int32]
) -> Grams:
    plain = rolling.of(starts, ends)
    segments = segment_of[starts]
    hashes = np.empty((len(starts), 2), np.uint64)
    valid = np.ones((len(starts), 2), bool)
    hashes[:, 0] = plain
    hashes[:-1, 1] = (plain[:-1] * RADIX) ^ plain[1:] ^ PAIR_SALT
    hashes[-1:, 1] = 0
    valid[:-1, 1] = segments[:-1] == segments[1:]
    valid[-1:, 1] = False
    return Grams(segments, mixed(hashes), valid)


def _pieces(rolling: RollingHash, is_word: NDArray[np.bool_], segment_of: NDArray[np.int32]) -> Grams:
    """Pieces start at a letter or at the space before a word; all but their first and last byte are letters."""
    starts = np.flatnonzero(is_word[1:-5])  # the byte before each letter
    run = np.ones(len(starts), bool)
    hashes = np.empty((len(starts), len(PIECE_LENGTHS)), np.uint64)
    valid = np.empty(hashes.shape, bool)
    for column, length in enumerate(PIECE_LENGTHS):
        run = run & is_word[starts + length - 2]
        hashes[:, column] = rolling.of(starts, starts + length)
        valid[:, column] = run
    return Grams(segment_of[starts + 1], mixed(hashes ^ PIECE_SALT), valid)
