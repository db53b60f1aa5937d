"""The thread in which aiokafka's consumer lives: what it fetches, where it goes on, how it commits."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, OffsetAndMetadata, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.custody import IN_HAND
from streams.transactions import Transactions

FETCH_MAX_BYTES = 8 * 2**20
"""What one fetch asks a broker for, of all partitions and as the records are stored; a larger batch comes alone."""

TAKEN_BYTES = 4 * 2**20
"""How much is taken out of what was fetched at once: a batch of pages."""

FETCH_SECONDS = 0.2
"""How long one look for records waits, and with it a consumer that has to go back; the next look follows at once."""

BOUNDS_SECONDS = 5.0
"""How long Kafka may take to say where partitions begin and end; what it cannot say now, the watchdog finds later."""

logger = logging.getLogger("newsieve.intake")


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """As Faust has it, but for what Faust has no setting for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn = asyncio.Lock()
        self._seeks = 0
        """How often it went back to what is committed."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        """A consumer that reads what was committed, and does not fetch more than memory takes."""
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # pages of aborted transactions are none
        consumer._fetch_max_bytes = FETCH_MAX_BYTES
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109 -- Faust's own signature
        max_records: int | None = None,
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Records that are there, up to a number of them and of bytes: compressed, a megabyte may hold gigabytes.

        None once the consumer has gone back: Faust may have given this call up, and what it took then would be lost.
        """
        found: dict[TopicPartition, list[ConsumerRecord]] = {}
        count = size = 0
        seeks, wait = self._seeks, min(timeout or 0, FETCH_SECONDS)
        while count < (max_records or 1) and size < TAKEN_BYTES:
            async with self._turn:
                if seeks != self._seeks:
                    return {}  # what was taken before comes again, and maybe to another worker
                try:
                    more = await super()._fetch_records(consumer, active_partitions, 0 if found else wait, 1)
                except (KafkaError, ConsumerStoppedError):
                    if not found:
                        raise
                    break  # what was taken is not lost; the error comes again
            if not more:
                break
            for partition, records in more.items():
                found.setdefault(partition, []).extend(records)
                count += len(records)
                size += sum(len(record.value or b"") for record in records)
        return found

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go on where the group stopped, or at the beginning where that place is no longer there."""
        found: Mapping[TP, int] = await self.call_thread(self._seek_to_what_is_left)
        return found

    async def _seek_to_what_is_left(self) -> dict[TopicPartition, int | None]:
        """Faust drops all that lies before the committed offset: for ever, when `pages.raw` was made anew."""
        async with self._turn:
            self._seeks += 1
            return await self._seek(self._ensure_consumer())

    async def _seek(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int | None]:
        committed: dict[TopicPartition, int | None] = await consumer.seek_to_committed()
        if fresh := [partition for partition, offset in committed.items() if not offset]:
            # aiokafka leaves these where they are: what was fetched before a rebalance would never come again.
            await consumer.seek_to_beginning(*fresh)
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(BOUNDS_SECONDS):
                begins, ends = await consumer.beginning_offsets(committed), await consumer.end_offsets(committed)
            for partition, offset in committed.items():
                if offset is not None and offset > ends[partition]:
                    logger.warning("%s[%d] was made anew: reading it from its beginning", *partition)
                    consumer.seek(partition, begins[partition])
                    committed[partition] = begins[partition]
        return committed

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; where transactions do, there is nothing left to do: a late commit would take the group back."""
        if transactions_of(self.app):
            return True
        return await self._commit_marked({tp: (offset, IN_HAND) for tp, offset in offsets.items()})

    async def _commit_marked(self, words: Mapping[TP, tuple[int, str]]) -> bool:
        """Commit; returns False when it failed, as when the partitions were shared out anew: then it is done again."""
        ours = {TopicPartition(*tp): OffsetAndMetadata(*word) for tp, word in words.items() if tp in self.assignment()}
        if not ours:
            return False
        try:
            await self._ensure_consumer().commit(ours)
        except KafkaError as error:
            logger.info("not committed: %r", error)
            return False
        return True

    async def read(self, partitions: Sequence[TP]) -> Mapping[TP, str]:
        """The metadata of the group's offsets."""
        named = [TopicPartition(*tp) for tp in partitions]
        coordinator = self._ensure_consumer()._coordinator
        found = await self.call_thread(coordinator.fetch_committed_offsets, named)
        return {TP(*named): mark.metadata for named, mark in found.items() if mark.offset >= 0}

    async def write(self, words: Mapping[TP, tuple[int, str]]) -> None:
        """Commit offsets with a word in their metadata."""
        if transactions := transactions_of(self.app):
            await transactions.write(words)
            return
        await self.call_thread(self._commit_marked, words)

    def end(self, partition: TP) -> int:
        """Where the partition ended when it was last read from."""
        return self._ensure_consumer().highwater(TopicPartition(*partition)) or 0


def transactions_of(app: Any) -> Transactions | None:
    """What commits in place of the consumer; None where it does so itself."""
    found: Transactions | None = app.transactions
    return found
