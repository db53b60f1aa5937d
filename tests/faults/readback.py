"""Everything that Kafka holds at the end of a run, read anew, and how far the group has come."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from models.errors import BrokerError
from streams.backlog import backlog, raw_record
from streams.kafka_topics import DEAD_TOPIC, DONE_TOPIC, PAGES_TOPIC, UNCLEAR, parts_topic
from streams.records import RawRecord
from streams.settings import Settings
from tests.faults.cluster import PARTITIONS, Cluster
from tests.faults.models import SLUGS

T = TypeVar("T")
TRIES = 20
TRY_SECONDS = 15.0
"""A try at a question to Kafka: a broker that has just come back may not know its partitions yet."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Committed and end offset of each partition of `pages.raw`, by number; nothing committed is 0."""

    committed: dict[int, int]
    ends: dict[int, int]

    @property
    def lag(self) -> int:
        """Records that are not committed yet."""
        return sum(self.ends.values()) - sum(self.committed.get(partition, 0) for partition in self.ends)


async def progress(cluster: Cluster, group: str) -> Progress:
    """How far the workers' group has come."""
    return await patiently(lambda: _progress(cluster, group))


async def _progress(cluster: Cluster, group: str) -> Progress:
    async with cluster.admin() as admin:
        committed = await admin.list_consumer_group_offsets(group)
    ends = await ends_of(cluster.settings, PAGES_TOPIC, PARTITIONS)
    return Progress({tp.partition: told.offset for tp, told in committed.items() if tp.topic == PAGES_TOPIC}, ends)


async def ends_of(settings: Settings, topic: str, partitions: int) -> dict[int, int]:
    """End offset of each partition of a Kafka topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker, enable_auto_commit=False)
    try:
        await consumer.start()
        found = await consumer.end_offsets([TopicPartition(topic, number) for number in range(partitions)])
        return {tp.partition: end for tp, end in found.items()}
    finally:
        await consumer.stop()


async def members(cluster: Cluster, group: str) -> int:
    """How many members with partitions a group has; 0 while it is rebalancing."""

    async def ask() -> int:
        async with cluster.admin() as admin:
            [answer] = await admin.describe_consumer_groups([group])
        [(_, _, state, _, _, found, *_)] = answer.groups
        return len(found) if state == "Stable" else 0

    return await patiently(ask)


@dataclass(frozen=True, slots=True)
class Records:
    """All records by what they are, as one who reads only what is committed sees them."""

    pages: list[RawRecord]
    outcomes: list[RawRecord]
    parts: list[RawRecord]
    letters: list[RawRecord]


async def all_records(settings: Settings) -> Records:
    """Read everything back."""
    parts = [parts_topic(slug) for slug in (*SLUGS, UNCLEAR)]
    pages, outcomes, letters = [await _records(settings, name) for name in (PAGES_TOPIC, DONE_TOPIC, DEAD_TOPIC)]
    return Records(pages, outcomes, await _records(settings, *parts), letters)


async def _records(settings: Settings, *names: str) -> list[RawRecord]:
    async def read() -> list[RawRecord]:
        return [raw_record(record) async for record in backlog(settings, *names)]

    return await patiently(read)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer to a question that Kafka may not be able to answer at once."""
    for _ in range(TRIES):
        try:
            return await asyncio.wait_for(ask(), TRY_SECONDS)
        except (KafkaError, BrokerError, TimeoutError) as error:
            last = error
            await asyncio.sleep(0.5)
    raise BrokerError(f"Kafka does not answer the harness: {last!r}")
