"""Cutting a stream into batches, bounded in number and in bytes, so that memory and requests stay bounded."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from typing import Generic, TypeVar

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


async def as_they_come(
    items: Iterable[T], size: Callable[[T], int], most: int, most_bytes: int = BATCH_BYTES
) -> AsyncGenerator[list[T]]:
    """Yield the items in order, in lists of what came while the last one was dealt with; none waits for the next item.

    They are read in a thread, up to `most` items and `most_bytes` ahead. What reading raises comes after what was read.
    """
    ahead = _Ahead(items, size, most, most_bytes)
    threading.Thread(target=ahead.read, name="reads ahead", daemon=True).start()
    try:
        while batch := await ahead.take():
            yield batch
    finally:
        ahead.close()


class _Ahead(Generic[T]):
    """What a thread has read and nobody has taken yet."""

    def __init__(self, items: Iterable[T], size: Callable[[T], int], most: int, most_bytes: int) -> None:
        self._items, self._size, self._most, self._most_bytes = items, size, most, most_bytes
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._room = threading.Condition()
        self._batch: list[T] = []
        self._bytes = 0
        self._error: Exception | None = None
        self._is_read = self._is_closed = False

    def read(self) -> None:
        """Read all items, in a thread of its own; waits while too much is read already."""
        try:
            for item in self._items:
                if not self._put(item, self._size(item)):
                    return
        except Exception as error:  # noqa: BLE001 -- it is for whoever takes the items
            self._error = error
        self._is_read = True
        self._tell()

    def _put(self, item: T, size: int) -> bool:
        """Add an item once there is room for it; returns False when nobody wants it any more."""
        with self._room:
            self._room.wait_for(lambda: self._is_closed or self._has_room(size))
            if self._is_closed:
                return False
            self._batch.append(item)
            self._bytes += size
        self._tell()
        return True

    def _has_room(self, size: int) -> bool:
        return not self._batch or (len(self._batch) < self._most and self._bytes + size <= self._most_bytes)

    def _tell(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and whoever took the items
            self._loop.call_soon_threadsafe(self._news.set)

    async def take(self) -> list[T]:
        """What was read, as soon as there is anything; empty at the end. Raises what reading raised, at the end."""
        while True:
            await self._news.wait()
            self._news.clear()
            is_read = self._is_read
            with self._room:
                batch, self._batch, self._bytes = self._batch, [], 0
                self._room.notify()
            if is_read:
                self._news.set()  # nobody else will
            if batch:
                return batch
            if is_read and self._error:
                raise self._error
            if is_read:
                return []

    def close(self) -> None:
        """Have the thread end, if it is not waiting for an item."""
        with self._room:
            self._is_closed = True
            self._room.notify()
