"""Items in lists of what came while the last one was dealt with: nothing waits for what is still to come."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from streams.batching import as_they_come


def test_an_item_does_not_wait_for_the_next() -> None:
    """As on a pipe on which a page comes now and then."""
    more = threading.Event()

    def slowly() -> Iterator[int]:
        yield 1
        assert more.wait(30)
        yield from (2, 3)

    async def taken() -> list[list[int]]:
        found = []
        async for batch in as_they_come(slowly(), lambda item: 1, most=10):
            found.append(batch)
            more.set()
        return found

    first, *rest = asyncio.run(taken())
    assert first == [1]
    assert [item for batch in rest for item in batch] == [2, 3]


@pytest.mark.parametrize(("most", "most_bytes"), [(3, 1000), (1000, 3)])
def test_no_more_is_read_ahead_than_is_allowed_and_all_comes_in_order(most: int, most_bytes: int) -> None:
    read: list[int] = []
    taken: list[list[int]] = []
    ahead: list[int] = []

    def counted() -> Iterator[int]:
        for number in range(50):
            read.append(number)
            yield number

    async def take() -> None:
        async for batch in as_they_come(counted(), lambda item: 1, most, most_bytes):
            taken.append(batch)
            await asyncio.sleep(0.002)
            ahead.append(len(read) - sum(map(len, taken)))

    asyncio.run(take())
    assert [item for batch in taken for item in batch] == list(range(50))
    assert max(map(len, taken)) == 3
    assert max(ahead) <= 4, "a list of three, and the one that has no room"


def test_an_item_that_is_larger_than_allowed_comes_alone() -> None:
    async def taken() -> list[list[int]]:
        return [batch async for batch in as_they_come([9, 9], lambda item: item, most=5, most_bytes=4)]

    assert asyncio.run(taken()) == [[9], [9]]


def test_what_reading_raises_comes_after_what_was_read() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    found: list[int] = []

    async def take() -> None:
        async for batch in as_they_come(broken(), lambda item: 1, most=5):
            found.extend(batch)

    with pytest.raises(OSError, match="the disk is gone"):
        asyncio.run(take())
    assert found == [1]


def test_nothing_is_read_any_more_once_nobody_takes_it() -> None:
    ended = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.set()

    async def take_one() -> None:
        coming = as_they_come(endless(), lambda item: 1, most=5)
        await anext(coming)
        await coming.aclose()

    asyncio.run(take_one())
    assert ended.wait(30)
