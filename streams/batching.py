"""Cutting a stream into batches, bounded in number and in bytes, so that memory and requests stay bounded."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

BATCH_BYTES = 4 * 2**20
"""Most bytes of pages in hand at once: a thousand usual pages, or two of the largest."""


def batches(
    items: Iterable[T], size: Callable[[T], int], most: int | None = None, most_bytes: int = BATCH_BYTES
) -> Iterator[list[T]]:
    """Yield the items in order, in lists of at most `most` items and `most_bytes`; one that is larger comes alone.

    >>> list(batches(["aa", "b", "cccc", "d"], len, most_bytes=3)), list(batches("abc", len, most=2))
    ([['aa', 'b'], ['cccc'], ['d']], [['a', 'b'], ['c']])
    """
    batch: list[T] = []
    total = 0
    for item in items:
        if batch and (total + size(item) > most_bytes or len(batch) == most):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size(item)
    if batch:
        yield batch
