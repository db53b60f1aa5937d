"""Cutting a stream into batches, bounded in number and in bytes, so that memory and requests stay bounded."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

BATCH_BYTES = 4 * 2**20
"""Most bytes of pages in hand at once: a thousand usual pages, or two of the largest."""

TOGETHER_SECONDS = 0.5
"""How long takes are put together at most; a page that came first waits as long, where a thousand others do too."""


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


async def together(
    takes: AsyncIterator[list[T]], most: int, is_behind: Callable[[], bool], seconds: float = TOGETHER_SECONDS
) -> AsyncGenerator[list[T]]:
    """Yield what is taken, several takes at once while there is a backlog.

    Ends a batch at `most` items, or one take beyond, and after so many `seconds`.
    """
    coming: asyncio.Future[list[T]] | None = None
    clock = asyncio.get_running_loop().time
    try:
        with contextlib.suppress(StopAsyncIteration):
            while True:
                batch = await (coming or anext(takes))
                coming, deadline = None, clock() + seconds
                while len(batch) < most and is_behind() and clock() < deadline:
                    coming = coming or asyncio.ensure_future(_next(takes))
                    await asyncio.wait({coming}, timeout=deadline - clock())
                    if not coming.done() or coming.exception():
                        break  # what comes of it is seen when its turn comes
                    batch, coming = [*batch, *coming.result()], None
                yield batch
    finally:
        if coming:
            coming.cancel()


async def _next(takes: AsyncIterator[list[T]]) -> list[T]:
    return await anext(takes)
