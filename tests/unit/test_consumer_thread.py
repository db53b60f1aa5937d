"""Where the consumer goes on after a rebalance: everywhere at the group's place, and with nothing from before it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from fakes import run

from streams.consumer_thread import ConsumerThread

P0, P1, P2 = (TopicPartition("pages.raw", n) for n in range(3))


class FakeConsumer:
    """The part of aiokafka's consumer that is used, with aiokafka's own gap: it seeks to no committed offset of 0."""

    _closed = False

    def __init__(self, committed: dict[TopicPartition, int | None], ends: dict[TopicPartition, int]) -> None:
        self.group = committed
        self.ends = ends
        self.positions = dict.fromkeys(committed, 77)  # what was fetched before a rebalance took them there

    async def seek_to_committed(self) -> dict[TopicPartition, int | None]:
        self.positions |= {tp: offset for tp, offset in self.group.items() if offset}
        return dict(self.group)

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        self.positions |= dict.fromkeys(partitions, 3)

    async def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 3)

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: self.ends[tp] for tp in partitions}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset


def thread_of(consumer: Any) -> ConsumerThread:
    """A thread that has this consumer, and is not started."""
    thread = ConsumerThread.__new__(ConsumerThread)
    thread._consumer = consumer
    thread._turn, thread._seeks = asyncio.Lock(), 0
    thread.consumer = SimpleNamespace(flow_active=True)
    return thread


@pytest.mark.parametrize("nothing", [None, 0])
def test_partitions_without_a_committed_offset_go_back_to_their_beginning(nothing: int | None) -> None:
    """Their first pages were fetched before the rebalance and left alone since: nobody else has them."""
    consumer = FakeConsumer({P0: nothing, P1: 40, P2: nothing}, dict.fromkeys((P0, P1, P2), 90))
    assert run(thread_of(consumer)._seek_to_what_is_left()) == {P0: nothing, P1: 40, P2: nothing}
    assert consumer.positions == {P0: 3, P1: 40, P2: 3}


def test_a_topic_made_anew_is_read_from_its_beginning() -> None:
    """A committed offset beyond the end is of an older topic of that name."""
    consumer = FakeConsumer({P0: 500, P1: 40}, {P0: 10, P1: 90})
    assert run(thread_of(consumer)._seek_to_what_is_left()) == {P0: 3, P1: 40}
    assert consumer.positions == {P0: 3, P1: 40}


class FakeFetcher:
    """Gives these batches, one a call; `before` is called before each."""

    _closed = False

    def __init__(self, found: Iterable[dict[TopicPartition, list[Any]]], before: Callable[[int], None]) -> None:
        self._found = deque(found)
        self._calls = 0
        self._before = before
        self._subscriptions = SimpleNamespace(fetch_context=contextlib.nullcontext)

    async def fetched_records(self, *_: Any, **__: Any) -> dict[TopicPartition, list[Any]]:
        self._before(self._calls)
        self._calls += 1
        await asyncio.sleep(0)
        return self._found.popleft() if self._found else {}


RECORDS = [SimpleNamespace(offset=n, value=b"x") for n in range(4)]


def test_records_are_taken_up_to_a_number_of_them() -> None:
    consumer = SimpleNamespace(
        _closed=False, _fetcher=FakeFetcher([{P0: [record]} for record in RECORDS], lambda _: None)
    )
    assert run(thread_of(consumer)._fetch_records(consumer, {P0}, 1.0, 3)) == {P0: RECORDS[:3]}


def test_a_fetch_from_before_the_consumer_went_back_takes_nothing_along_any_more() -> None:
    """Faust gives such a call up in a rebalance: a record that it took afterwards would be lost for good."""
    consumer: Any = FakeConsumer({P0: 40}, {P0: 90})

    async def rebalance() -> tuple[Any, Any]:
        thread = thread_of(consumer)
        going_back: list[asyncio.Future[Any]] = []

        def before(call: int) -> None:
            if call == 1:
                going_back.append(asyncio.ensure_future(thread._seek_to_what_is_left()))

        consumer._fetcher = FakeFetcher([{P0: [record]} for record in RECORDS], before)
        given_up = await thread._fetch_records(consumer, {P0}, 1.0, 4)
        await going_back[0]
        return given_up, await thread._fetch_records(consumer, {P0}, 1.0, 4)

    given_up, anew = run(rebalance())
    assert given_up == {}
    assert anew == {P0: RECORDS[2:]}


def test_nothing_is_taken_while_the_consumer_goes_back() -> None:
    """It would come from where the consumer was, and what lies before it would pass for read."""
    consumer: Any = FakeConsumer({P0: 40}, {P0: 90})

    async def meanwhile() -> tuple[int, Any]:
        thread, asked, answer = thread_of(consumer), asyncio.Event(), asyncio.Event()

        async def slowly() -> dict[TopicPartition, int]:
            asked.set()
            await answer.wait()
            return {P0: 40}

        consumer.seek_to_committed = slowly
        calls: list[int] = []
        consumer._fetcher = FakeFetcher([{P0: RECORDS}], calls.append)
        going_back = asyncio.ensure_future(thread._seek_to_what_is_left())
        await asked.wait()
        fetching = asyncio.ensure_future(thread._fetch_records(consumer, {P0}, 1.0, 1))
        for _ in range(10):
            await asyncio.sleep(0)
        early = len(calls)
        answer.set()
        await going_back
        return early, await fetching

    assert run(meanwhile())[0] == 0
