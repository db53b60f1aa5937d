"""Where a subscription is in the partitions that Kafka gives it: what it reads again, what it took, what it commits."""

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from streams.sieve import Subscription

FETCH_SECONDS = 0.5
"""Longest wait for records before a subscription looks around: commits, and sees that it is to stop."""

READ_AGAIN_RECORDS = 40_000
"""How many records, over all partitions, are read again to remember them: two to four seconds. A worker that is killed
under load repeats some 3,000 pages, of a dozen parts each."""

READ_AGAIN_AT_LEAST = 200
"""How many of each partition at least."""

COMMIT_SECONDS = 5.0
"""How long a commit may take: of a Kafka topic that was deleted, aiokafka would try it for ever."""

BEGAN = re.compile(r"newsieve: began at (\d{1,19}), at (\d{1,19}) ms")
"""In the metadata of a group's offsets: before that offset, and that time, nothing was shown."""

Offsets = Mapping[TopicPartition, int]
Marks = Mapping[TopicPartition, OffsetAndMetadata | None]
"""What a group committed in each partition; None where that is nothing yet."""


class Place(ConsumerRebalanceListener):
    """Where a subscription is in the partitions that are its own."""

    def __init__(self, consumer: AIOKafkaConsumer, subscription: Subscription) -> None:
        self._consumer = consumer
        self._group = subscription.group
        self._from_beginning = subscription.from_beginning
        self._passed: dict[TopicPartition, int] = {}
        self._taken: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._began: dict[TopicPartition, int] = {}
        self._starts: dict[TopicPartition, int] = {}
        self._since_ms = time.time_ns() // 1_000_000
        self.shares = 0
        """How often partitions were taken away or given; what was fetched before says nothing any more."""

        self.is_shared = subscription.group is None
        """Whether they are: not until Kafka has done so, nor while it does so anew."""

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Commit what was taken, so that whoever gets the partitions goes on behind it."""
        self.shares += 1
        self.is_shared = False
        await self.commit()
        self._taken.clear()  # where it is later, when another has gone on, only Kafka knows

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Go back a stretch where the group has been; what was fetched until then is not used."""
        while True:
            try:
                begins = await self._consumer.beginning_offsets(assigned)
                ends = await self._consumer.end_offsets(assigned)
                marks = await self._marks(assigned)
                return self._go_back(marks, begins, ends, await self._origins(marks, begins, ends))
            except IllegalStateError:
                return  # they were taken away meanwhile, and are shared out again
            except KafkaError:
                await asyncio.sleep(FETCH_SECONDS)

    async def _origins(self, marks: Marks, begins: Offsets, ends: Offsets) -> Offsets:
        """Where to begin in partitions in which the group has no place.

        Where it has been in the Kafka topic before, the partition is new, or the topic was deleted and made anew: then
        with the first record since the group began.
        """
        if self._from_beginning:
            return begins
        given = [beginning(mark.metadata)[1] for mark in marks.values() if mark]
        self._since_ms = min([self._since_ms, *filter(None, given)])
        known = {tp.topic for tp, mark in marks.items() if mark} | {tp.topic for tp in self._began}
        lacking = {tp: self._since_ms for tp, mark in marks.items() if not mark and tp.topic in known}
        found = await self._consumer.offsets_for_times(lacking) if lacking else {}
        return {**ends, **{tp: first.offset for tp, first in found.items() if first}}

    def _go_back(self, marks: Marks, begins: Offsets, ends: Offsets, origins: Offsets) -> None:
        """Find where to begin, and begin in all partitions at once."""
        stretch = max(READ_AGAIN_AT_LEAST, READ_AGAIN_RECORDS // max(1, len(marks)))
        for partition, mark in marks.items():
            first = begins[partition]
            if mark and mark.offset <= ends[partition]:
                place, began = mark.offset, beginning(mark.metadata)[0]
            else:  # a place behind the end is of a Kafka topic that was deleted and made anew
                place = began = first if mark else origins[partition]
            self._passed[partition] = self._taken[partition] = place  # a new group must not forget where it began
            self._began[partition] = began
            self._committed.pop(partition, None)
            self._starts[partition] = max(first, began, place - stretch)
        self.shares += 1
        self.is_shared = True
        self.begin()

    def begin(self) -> None:
        """Read each partition from where we began when it was given to us."""
        for partition in self._consumer.assignment() & self._starts.keys():
            self._consumer.seek(partition, self._starts[partition])

    async def _marks(self, partitions: Sequence[TopicPartition]) -> Marks:
        """What the group committed."""
        found = await self._consumer._coordinator.fetch_committed_offsets(list(partitions))
        marks = {partition: found.get(partition) for partition in partitions}
        return {partition: mark if mark and mark.offset >= 0 else None for partition, mark in marks.items()}

    def is_passed(self, partition: TopicPartition, offset: int) -> bool:
        """Whether the group had read this before: it is read again only to be remembered."""
        return offset < self._passed.get(partition, 0)

    def take(self, partition: TopicPartition, offset: int) -> None:
        """Note that this record was dealt with; what is read again takes the group nowhere, least of all back."""
        if not self.is_passed(partition, offset):
            self._taken[partition] = offset + 1

    async def is_reading_again(self) -> bool:
        """Whether there is still something to remember of what was read before."""
        shares = self.shares
        for partition, place in list(self._passed.items()):
            if partition not in self._consumer.assignment() or await self._consumer.position(partition) >= place:
                if self.shares != shares:
                    return True  # all of this is of before Kafka shared the partitions out anew
                del self._passed[partition]
        return bool(self._passed)

    async def commit(self) -> None:
        """Commit what was taken of the partitions that are still ours; another member goes on with the others.

        What fails is committed the next time, or comes again if the partitions were lost meanwhile.
        """
        ours = self._consumer.assignment() if self._group else ()  # none before the first share
        due = {p: end for p, end in self._taken.items() if p in ours and end != self._committed.get(p)}
        marks = {p: OffsetAndMetadata(end, word(self._began[p], self._since_ms)) for p, end in due.items()}
        if marks:
            with contextlib.suppress(CommitFailedError, IllegalStateError, TimeoutError):
                async with asyncio.timeout(COMMIT_SECONDS):
                    await self._consumer.commit(marks)
                self._committed |= due


def beginning(metadata: str) -> tuple[int, int]:
    """The offset at which a group began in a partition, and when, in ms since 1970; 0 where its offset does not say so.

    >>> beginning(word(70, 1767607200000)), beginning("of somebody else's")
    ((70, 1767607200000), (0, 0))
    """
    found = BEGAN.fullmatch(metadata)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def word(offset: int, since_ms: int) -> str:
    """What stands beside a group's offset of where and when it began."""
    return f"newsieve: began at {offset}, at {since_ms} ms"
