"""Where a subscription is in the partitions that Kafka gives it: what it reads again, what it took, what it commits."""

import asyncio
import contextlib
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

BEGAN = "newsieve: began at "
"""In the metadata of a group's offsets, with the offset before which nothing was shown."""

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
        """Find where to begin, and begin in all partitions at once."""
        stretch = max(READ_AGAIN_AT_LEAST, READ_AGAIN_RECORDS // max(1, len(marks)))
        for partition, mark in marks.items():
            first, end = begins[partition], ends[partition]
            if mark and mark.offset <= end:
                place, began = mark.offset, beginning(mark.metadata)
            else:  # the group is new, or the Kafka topic was made anew, and nothing of it was shown
                place = began = first if mark or self._from_beginning else end
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
        for partition, place in list(self._passed.items()):
            if partition not in self._consumer.assignment() or await self._consumer.position(partition) >= place:
                del self._passed[partition]
        return bool(self._passed)

    async def commit(self) -> None:
        """Commit what was taken of the partitions that are still ours; another member goes on with the others.

        What fails is committed the next time, or comes again if the partitions were lost meanwhile.
        """
        ours = self._consumer.assignment() if self._group else ()  # none before the first share
        due = {p: end for p, end in self._taken.items() if p in ours and end != self._committed.get(p)}
        marks = {p: OffsetAndMetadata(end, f"{BEGAN}{self._began[p]}") for p, end in due.items()}
        if marks:
            with contextlib.suppress(CommitFailedError, IllegalStateError):
                await self._consumer.commit(marks)
                self._committed |= due


def beginning(metadata: str) -> int:
    """Where a group began in a partition; 0 where its offset does not say so.

    >>> beginning(BEGAN + "70"), beginning("of somebody else's")
    (70, 0)
    """
    number = metadata.removeprefix(BEGAN)
    return int(number) if metadata.startswith(BEGAN) and number.isdecimal() else 0
