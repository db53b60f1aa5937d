"""What Kafka says of the workers' group: who is in it, what one of them has, how far it came, what is left to read.

Asked over connections of its own, so that the answer does not depend on the consumer that is being judged.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError, for_code

from streams import lenient
from streams.kafka_topics import PAGES_TOPIC
from streams.security import client_options
from streams.settings import Settings

ANSWER_SECONDS = 10.0
"""How long Kafka may take to answer a look; after that it counts as away."""

PEEK_MS = 2_000
"""How long a record may take to arrive that is there: a fetch of one partition, on a connection that is open."""

REBALANCING = ("PreparingRebalance", "CompletingRebalance")


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at the group; all numbers are of `pages.raw`, by partition."""

    state: str
    protocol: str
    is_member: bool
    partitions: tuple[int, ...] = ()
    """What Kafka gave to this worker."""

    committed: Mapping[int, int] = field(default_factory=dict)
    """The next offset that the group will read; absent where nothing was committed yet."""

    begins: Mapping[int, int] = field(default_factory=dict)
    ends: Mapping[int, int] = field(default_factory=dict)
    """Up to where there is something to read; what is beyond is in an open transaction."""

    has_topic: bool = True
    """Whether there is a Kafka topic `pages.raw` at all."""

    @property
    def is_rebalancing(self) -> bool:
        """Whether the group is sharing out its partitions anew."""
        return self.state in REBALANCING

    def next_offset(self, partition: int) -> int:
        """Where the group goes on in a partition."""
        return max(self.committed.get(partition, 0), self.begins.get(partition, 0))

    def lag(self) -> dict[int, int]:
        """How many offsets are left in each of the worker's partitions; ends of transactions count among them."""
        return {p: max(0, self.ends.get(p, 0) - self.next_offset(p)) for p in self.partitions}

    def deleted(self) -> dict[int, int]:
        """How many offsets of each of the worker's partitions Kafka deleted before the group had read them."""
        gone = {p: self.begins.get(p, 0) - self.committed[p] for p in self.partitions if p in self.committed}
        return {p: count for p, count in gone.items() if count > 0}


class GroupView:
    """An asynchronous context in which Kafka can be asked; raises `KafkaError` and `TimeoutError` where it is away."""

    def __init__(self, settings: Settings) -> None:
        lenient.install()
        self._settings = settings
        self._admin = AIOKafkaAdminClient(**client_options(settings))
        self._reader = AIOKafkaConsumer(
            **client_options(settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=1,  # one batch comes all the same
        )

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._admin.start()
                await self._reader.start()
        except BaseException:  # when cancelled too: they may hold sockets
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._reader.stop()
        await self._admin.close()

    async def look(self, member_id: str) -> Sight:
        """Look at the group as the member of that id has it."""
        async with asyncio.timeout(ANSWER_SECONDS):
            (answer,) = await self._admin.describe_consumer_groups([self._settings.group])
            code, _, state, _, protocol, members = answer.groups[0][:6]
            if code:
                raise for_code(code)
            assigned = [_partitions(member[-1]) for member in members if member[0] == member_id]
            ours = sorted(assigned[0]) if assigned else []
            has_topic = PAGES_TOPIC in await self._reader.topics()
            offsets = await self._admin.list_consumer_group_offsets(self._settings.group, partitions=_named(ours))
            begins, ends = await self._bounds(ours if has_topic else [])
        committed = {tp.partition: mark.offset for tp, mark in offsets.items() if mark.offset >= 0}
        return Sight(state, protocol, bool(assigned), tuple(ours), committed, begins, ends, has_topic)

    async def _bounds(self, partitions: Iterable[int]) -> tuple[dict[int, int], dict[int, int]]:
        """First offsets, and those where reading ends: asked after the committed ones, which these pass."""
        named = _named(partitions)
        if not named:
            return {}, {}
        begins, ends = await self._reader.beginning_offsets(named), await self._reader.end_offsets(named)
        return {tp.partition: n for tp, n in begins.items()}, {tp.partition: n for tp, n in ends.items()}

    async def first_records(self, offsets: Mapping[int, int]) -> dict[int, int]:
        """Offset of the first record from the given ones on, by partition; absent where none follows.

        Ends of transactions, and all of one that was aborted, take offsets and are no records.
        """
        left = {TopicPartition(PAGES_TOPIC, partition): offset for partition, offset in offsets.items()}
        found: dict[int, int] = {}
        self._reader.assign(list(left))
        for named, offset in left.items():
            self._reader.seek(named, offset)
        try:
            while left and (batches := await self._reader.getmany(*left, timeout_ms=PEEK_MS)):
                found |= {named.partition: records[0].offset for named, records in batches.items() if records}
                left = {named: offset for named, offset in left.items() if named.partition not in found}
        finally:
            self._reader.unsubscribe()
        return found


def _named(partitions: Iterable[int]) -> list[TopicPartition]:
    return [TopicPartition(PAGES_TOPIC, partition) for partition in partitions]


def _partitions(assignment: bytes) -> set[int]:
    """Partitions of `pages.raw` in a member's assignment; none while it has no assignment yet."""
    if not assignment:
        return set()
    decoded: Any = ConsumerProtocolMemberAssignment.decode(assignment)
    return {tp.partition for tp in decoded.partitions() if tp.topic == PAGES_TOPIC}


AWAY = (KafkaError, TimeoutError, OSError)
"""What an unreachable Kafka raises."""
