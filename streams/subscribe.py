"""An async iterator of parts for one subscription: filtered, each part once, each teaser's item once per window.

Repeats are dropped by a memory of what was shown. A member of a group fills it, whenever partitions are given to it, by
reading a stretch again that the group had passed: what was shown before a restart, or by the partition's last reader,
is not shown again, although a worker that died may have put it on the topic twice. Where the group began is kept with
its offsets, for nothing before that was shown. What was shown in the last half second before a kill -9 may come again:
nobody else knows that it was shown.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    UnknownTopicOrPartitionError,
)

from models.errors import BrokerError
from streams import lenient
from streams.kafka_topics import parts_topic
from streams.security import client_options
from streams.settings import MAX_RECORD_BYTES, Settings
from streams.sieve import Fields, Filter, Seen, Subscription, read_part

__all__ = ["Fields", "Subscription", "make_consumer", "parts", "read_part"]

FETCH_SECONDS = 0.5
"""Longest wait for records before a subscription looks around: commits, and sees that it is to stop."""

SETTLE_SECONDS = 10.0
"""How long brokers may take to tell each other of new topics."""

STOP_SECONDS = 2.0
"""How long leaving may take; without us, Kafka takes us for gone a little later."""

READ_AGAIN_RECORDS = 40_000
"""How many records, over all partitions, are read again to remember them: two to four seconds. A worker that is killed
under load repeats some 3,000 pages, of a dozen parts each."""

READ_AGAIN_AT_LEAST = 200
"""How many of each partition at least."""

BEGAN = "newsieve: began at "
"""In the metadata of a group's offsets, with the offset before which nothing was shown."""

Offsets = Mapping[TopicPartition, int]
Marks = Mapping[TopicPartition, OffsetAndMetadata | None]
"""What a group committed in each partition; None where that is nothing yet."""


async def parts(
    settings: Settings, subscription: Subscription, enough: Callable[[], bool] = lambda: False
) -> AsyncGenerator[Fields]:
    """Yield parts as they come; ends when `enough()`, asked after each part and whenever nothing came, says so.

    With a group, offsets are committed once what they cover was taken: a restart goes on where it stopped. Raises
    `BrokerError` when Kafka does not let it in.
    """
    wanted = Filter(subscription, Seen(settings.window_hours * 3600))
    consumer, place = await _started(settings, subscription)
    try:
        async for partition, record in records_of(consumer, place, enough):
            fields = read_part(record.value)
            wants = fields is not None and wanted.wants(record.topic, fields)
            if wants and fields is not None and not place.is_passed(partition, record.offset):
                yield fields
            place.take(partition, record.offset)
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_leave(consumer, place), STOP_SECONDS)


async def _started(settings: Settings, subscription: Subscription) -> tuple[AIOKafkaConsumer, "Place"]:
    """A consumer that Kafka has let in, and where it is.

    Tries again for `SETTLE_SECONDS` where topics are unknown: a broker that was just told of them may not be the next
    one that is asked.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + SETTLE_SECONDS
    while True:
        consumer = make_consumer(settings, (), subscription)
        place = Place(consumer, subscription)
        consumer.subscribe([parts_topic(slug) for slug in subscription.slugs], listener=place)
        try:
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(consumer.stop)
                await consumer.start()
                stack.pop_all()
                return consumer, place
        except UnknownTopicOrPartitionError as error:
            if clock() > deadline:
                raise BrokerError(f"{settings.broker} has no topics of parts; see `newsieve topics create`") from error
            await asyncio.sleep(FETCH_SECONDS)
        except KafkaConnectionError as error:
            raise BrokerError(f"no Kafka at {settings.broker}; is it running? (`newsieve broker start`)") from error
        except KafkaError as error:
            raise BrokerError(f"Kafka at {settings.broker} does not let this subscriber in: {error}") from error


async def _leave(consumer: AIOKafkaConsumer, place: "Place") -> None:
    await place.commit()
    await consumer.stop()


class Place(ConsumerRebalanceListener):
    """Where a subscription is in the partitions that are its own."""

    def __init__(self, consumer: AIOKafkaConsumer, subscription: Subscription) -> None:
        self._consumer = consumer
        self._group = subscription.group
        self._from_beginning = subscription.from_beginning
        self._passed: dict[TopicPartition, int] = {}
        self._taken: dict[TopicPartition, int] = {}
        self._began: dict[TopicPartition, int] = {}
        self.shares = 0
        """How often partitions were taken away or given; what was fetched before says nothing any more."""

        self.is_shared = subscription.group is None
        """Whether they are: not until Kafka has done so, nor while it does so anew."""

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Commit what was taken, so that whoever gets the partitions goes on behind it."""
        self.shares += 1
        self.is_shared = False
        await self.commit()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Go back a stretch where the group has been; what was fetched until then is not used."""
        while True:
            try:
                begins = await self._consumer.beginning_offsets(assigned)
                ends = await self._consumer.end_offsets(assigned)
                return self._go_back(await self._marks(assigned), begins, ends)
            except IllegalStateError:
                return  # they were taken away meanwhile, and are shared out again
            except KafkaError:
                await asyncio.sleep(FETCH_SECONDS)

    def _go_back(self, marks: Marks, begins: Offsets, ends: Offsets) -> None:
        """Begin to read in all partitions at once: what is fetched between two of these steps would be lost."""
        stretch = max(READ_AGAIN_AT_LEAST, READ_AGAIN_RECORDS // max(1, len(marks)))
        for partition, mark in marks.items():
            first, end = begins[partition], ends[partition]
            if mark and mark.offset <= end:
                place, began = mark.offset, beginning(mark.metadata)
            else:  # the group is new, or the Kafka topic was made anew, and nothing of it was shown
                place = began = first if mark or self._from_beginning else end
            self._passed[partition] = self._taken[partition] = place  # a new group must not forget where it began
            self._began[partition] = began
            self._consumer.seek(partition, max(first, began, place - stretch))
        self.shares += 1
        self.is_shared = True

    async def _marks(self, partitions: Sequence[TopicPartition]) -> Marks:
        """What the group committed."""
        found = await self._consumer._coordinator.fetch_committed_offsets(list(partitions))
        marks = {partition: found.get(partition) for partition in partitions}
        return {partition: mark if mark and mark.offset >= 0 else None for partition, mark in marks.items()}

    def is_passed(self, partition: TopicPartition, offset: int) -> bool:
        """Whether the group had read this before: it is read again only to be remembered."""
        return offset < self._passed.get(partition, 0)

    def take(self, partition: TopicPartition, offset: int) -> None:
        """Note that this record was dealt with."""
        self._taken[partition] = max(offset + 1, self._taken.get(partition, 0))

    async def is_reading_again(self) -> bool:
        """Whether there is still something to remember of what was read before."""
        for partition, place in list(self._passed.items()):
            if partition not in self._consumer.assignment() or await self._consumer.position(partition) >= place:
                del self._passed[partition]
        return bool(self._passed)

    async def commit(self) -> None:
        """Commit what was taken of the partitions that are still ours; another member goes on with the others."""
        ours = self._consumer.assignment()  # none before the first share
        ends = {
            partition: OffsetAndMetadata(end, f"{BEGAN}{self._began.get(partition, 0)}")
            for partition, end in self._taken.items()
            if partition in ours
        }
        self._taken.clear()
        if self._group and ends:
            with contextlib.suppress(CommitFailedError, IllegalStateError):  # lost meanwhile: they come again
                await self._consumer.commit(ends)


def beginning(metadata: str) -> int:
    """Where a group began in a partition; 0 where its offset does not say so.

    >>> beginning(BEGAN + "70"), beginning("of somebody else's")
    (70, 0)
    """
    number = metadata.removeprefix(BEGAN)
    return int(number) if metadata.startswith(BEGAN) and number.isdecimal() else 0


async def records_of(
    consumer: AIOKafkaConsumer, place: Place, enough: Callable[[], bool]
) -> AsyncGenerator[tuple[TopicPartition, Any]]:
    """Records as they come; what was dealt with is committed after each fetch."""
    while True:
        shares = place.shares
        batches = await consumer.getmany(timeout_ms=int(FETCH_SECONDS * 1000), max_records=500)
        for partition, record in ((tp, record) for tp, records in batches.items() for record in records):
            if place.shares != shares or not place.is_shared:
                break  # Kafka shares the partitions out anew: this is read again, by us or by others
            yield partition, record
            if not place.is_passed(partition, record.offset) and enough():
                return
        if place.is_shared and not batches and not await place.is_reading_again() and enough():
            return
        await place.commit()


def make_consumer(settings: Settings, kafka_topics: Sequence[str], subscription: Subscription) -> AIOKafkaConsumer:
    """A consumer that reads only what was committed; to be started by the caller."""
    lenient.install()
    return AIOKafkaConsumer(
        *kafka_topics,
        **client_options(settings),
        group_id=subscription.group,
        auto_offset_reset="earliest" if subscription.from_beginning else "latest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
    )
