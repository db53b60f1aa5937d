"""What became of one partition of `pages.raw`, written in transactions that hold the partition's offset too.

The producer's transactional id is the partition's own, so that whoever opens a writer shuts out everyone who wrote for
the partition before, and ends what they left open. Only then does it learn where the group is. Whatever happens later,
a transaction is begun only where the group is known to be at the place to which the last one took it; so no offset is
passed twice, and none is passed without what became of its page.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaProducer, OffsetAndMetadata, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError, MessageSizeTooLargeError, ProducerFenced

from models.errors import DeliveryError
from streams.delivery import PRODUCER_BATCH_BYTES, RETRY_SECONDS, STOP_SECONDS, attempt
from streams.records import Record

ABORT_SECONDS = 0.5
"""How long a transaction may take to be taken back when a worker stops: readers wait for it, but not for ever."""

RECORDS_APART = 1
"""Bytes of a batch that takes no second record."""

TROUBLE = (KafkaError, IllegalOperation, AssertionError)
"""What aiokafka raises when Kafka does, and when its producer is in no state to go on."""

Connect = Callable[[int], AIOKafkaProducer]
"""A producer with this partition's transactional id and with batches of so many bytes; to be started by the caller."""

logger = logging.getLogger("newsieve.delivery")


class PartitionWriter:
    """Writes for `partition`; `committed` asks Kafka where `group` is in it."""

    def __init__(
        self, partition: TopicPartition, group: str, connect: Connect, committed: Callable[[], Awaitable[int | None]]
    ) -> None:
        self._partition = partition
        self._group = group
        self._connect = connect
        self._committed = committed
        self._producer: AIOKafkaProducer | None = None
        self._batch_bytes = self._connected_bytes = PRODUCER_BATCH_BYTES
        self._records: Sequence[Record] = ()
        self._mark = OffsetAndMetadata(0, "")
        self._place: int | None = None
        self._place_in_doubt: int | None = None
        self._is_closed = False
        self.is_settled = True
        """Whether no transaction is open, and it is known how the last one ended."""

        self.trouble = ""
        """What failed last, for a person."""

        self.done: int | None = None
        """The offset of the last transaction that was committed here."""

    async def open(self) -> None:
        """Shut out who wrote before, and learn where the group is; tries until it is cancelled."""
        while True:
            try:
                await self._start()
                self._place = self._place_in_doubt = await self._committed()
                return
            except TROUBLE as error:
                await self._after(error)

    async def write(self, records: Sequence[Record], offset: int, word: str) -> set[int]:
        """Write the records, and the offset with a word to it, in a transaction that is left open.

        Returns the indexes of records that Kafka refuses for their size: then another `write` is to come, in place of
        this one. Raises `DeliveryError` when the partition is another worker's; tries until it is cancelled.
        """
        self._records, self._mark = records, OffsetAndMetadata(offset, word)
        if self.done is not None and offset < self.done:
            raise DeliveryError(f"{self._name}: offset {offset} comes after {self.done} was committed")
        while True:
            try:
                return await self._write()
            except TROUBLE as error:
                await self._after(error)

    async def commit(self) -> None:
        """End the transaction that `write` left open; raises what `write` raises."""
        while not await self._is_committed():
            if await self.write(self._records, *self._mark):
                raise DeliveryError(f"{self._name}: Kafka refuses records for their size that it took a moment ago")
        self._place = self.done = self._mark.offset
        self._batch_bytes = PRODUCER_BATCH_BYTES
        self.is_settled = True

    async def close(self) -> None:
        """Write no more; what is open is taken back, so that readers need not wait for its time to run out."""
        self._is_closed = True
        producer = self._producer
        if producer is not None and not self.is_settled:
            with contextlib.suppress(TimeoutError, *TROUBLE):
                await asyncio.wait_for(producer.abort_transaction(), ABORT_SECONDS)
        await self._stop()

    async def _write(self) -> set[int]:
        if not self.is_settled or self._connected_bytes != self._batch_bytes:
            await self._open_again()
        self.is_settled = False
        producer = self._live
        await producer.begin_transaction()
        offsets = producer.send_offsets_to_transaction({self._partition: self._mark}, self._group)
        errors, _ = await asyncio.gather(attempt(producer, self._records), offsets)
        refused = {n for n, error in enumerate(errors) if isinstance(error, MessageSizeTooLargeError)}
        if refused and self._connected_bytes != RECORDS_APART:
            self._batch_bytes = RECORDS_APART  # Kafka refuses a batch as a whole
            return await self._write()
        for error in errors if not refused else ():
            if error:
                raise error
        return refused

    async def _is_committed(self) -> bool:
        """Commit; when that fails, find out whether it was done all the same."""
        self._place_in_doubt = self._mark.offset
        try:
            await self._live.commit_transaction()
        except TROUBLE as error:
            await self._after(error)
            await self._settle()
            return bool(self._place == self._mark.offset)
        return True

    async def _settle(self) -> None:
        while True:
            try:
                return await self._open_again()
            except TROUBLE as error:
                await self._after(error)

    async def _open_again(self) -> None:
        """Go on with a new producer, which ends what is open, if the group is still where we took it."""
        await self._stop()
        if self._is_closed:
            raise DeliveryError(f"{self._name} was given to another worker before its batch was done")
        await self._start()
        found = await self._committed()
        if found not in (self._place, self._place_in_doubt):
            raise DeliveryError(f"{self._name}: another worker went on to offset {found}")
        self._place, self._place_in_doubt = found, found
        self.is_settled = True

    async def _start(self) -> None:
        await self._stop()
        self._connected_bytes = self._batch_bytes
        producer = self._producer = self._connect(self._batch_bytes)
        await producer.start()

    async def _stop(self) -> None:
        """Stop the producer, which would wait for ever for a broker that is away."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError, *TROUBLE):
                await asyncio.wait_for(producer.stop(), STOP_SECONDS)

    async def _after(self, error: BaseException) -> None:
        """Pause before another try; raises `DeliveryError` where there must be none."""
        if isinstance(error, ProducerFenced):
            raise DeliveryError(f"{self._name}: another worker writes for it now") from error
        self.trouble = f"{self._name}: {error!r}"
        logger.warning("transaction failed, trying again: %s", self.trouble)
        await asyncio.sleep(RETRY_SECONDS)

    @property
    def _live(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise DeliveryError(f"{self._name}: the producer is not connected")
        return self._producer

    @property
    def _name(self) -> str:
        return f"{self._partition.topic}[{self._partition.partition}]"
