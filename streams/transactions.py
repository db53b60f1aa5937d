"""Exactly-once delivery: what became of a batch's pages, and the offsets behind them, in one transaction a partition.

Where `streams.delivery` delivers first and lets Faust commit later, so that a worker that dies in between leaves a
batch to be repeated, here both happen or neither does, for whoever reads what is committed. Each partition has a
producer of its own: with one a worker, a worker that lost a partition could take the group back in it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from faust.types import TP
from mode import Service

from models.errors import DeliveryError
from streams.custody import IN_HAND
from streams.delivery import STOP_SECONDS, too_large
from streams.kafka_topics import DEAD_TOPIC, DONE_TOPIC, PAGES_TOPIC
from streams.outcomes import Result, settled
from streams.partition_writer import PartitionWriter
from streams.reach import connecting
from streams.records import Record, emptied
from streams.security import client_options
from streams.settings import MAX_RECORD_BYTES, Settings

LEAST_TIMEOUT_SECONDS = 10.0
MOST_TIMEOUT_SECONDS = 900.0
"""Bounds of how long a transaction may be open until Kafka takes it back; the upper one is Kafka's own."""

Committed = Callable[[TopicPartition], Awaitable[int | None]]
"""Where the group is in a partition; None: nowhere yet."""


class Transactions(Service):
    """Delivers results in transactions; a service that starts before the worker's app and stops after it."""

    abstract = False

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], str],
        leave: Callable[[BaseException], None],
        make: Callable[[Settings, str, int], AIOKafkaProducer] | None = None,
        committed: Committed | None = None,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._now = now
        self._leave = leave
        self._make = make or make_transactional
        self._admin: AIOKafkaAdminClient | None = None
        self._committed = committed or self._ask
        self._writers: dict[TP, PartitionWriter] = {}

    async def on_start(self) -> None:
        """Connect to Kafka; raises `BrokerError` when it cannot be reached."""
        if self._committed != self._ask:
            return
        self._admin = AIOKafkaAdminClient(**client_options(self._settings))
        try:
            async with connecting(self._settings):
                await self._admin.start()
        except BaseException:  # when cancelled too: it may hold sockets
            await self._admin.close()
            raise

    async def on_stop(self) -> None:
        """Take back what is open, and leave."""
        await self.close()
        if self._admin:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(self._admin.close(), STOP_SECONDS)

    async def open(self, partitions: Iterable[TP]) -> None:
        """Have these partitions of `pages.raw`, and shut out whoever had them; leaves when that is impossible.

        To be done before anyone asks where the group is in them.
        """
        await self.close()
        self._writers = {tp: self._writer(TopicPartition(*tp)) for tp in partitions if tp.topic == PAGES_TOPIC}
        try:
            async with asyncio.timeout(self._settings.give_up_seconds):
                await asyncio.gather(*(writer.open() for writer in self._writers.values()))
        except (TimeoutError, DeliveryError) as error:
            seconds, trouble = self._settings.give_up_seconds, [w.trouble for w in self._writers.values() if w.trouble]
            why = f"no transactions within {seconds:g} s; {trouble[0] if trouble else error}"
            self._leave(DeliveryError(why))

    def _writer(self, partition: TopicPartition) -> PartitionWriter:
        group = self._settings.group
        name = f"{group}-{partition.topic}-{partition.partition}"
        return PartitionWriter(
            partition, group, partial(self._make, self._settings, name), partial(self._committed, partition)
        )

    async def close(self) -> None:
        """Have no partition any more: nothing is written for them from now on."""
        writers, self._writers = self._writers, {}
        await asyncio.gather(*(writer.close() for writer in writers.values()))

    async def write(self, words: Mapping[TP, tuple[int, str]]) -> None:
        """Commit offsets with a word to them, where no batch is in hand."""
        ours = [(self._writers[tp], word) for tp, word in words.items() if tp in self._writers]
        await asyncio.gather(*(_write_word(writer, *word) for writer, word in ours if writer.is_settled))

    async def deliver(self, results: Sequence[Result]) -> list[Result]:
        """Deliver what the results hold, their outcomes and the offsets behind them; return them as they came to be.

        When it returns, all of that is there; when it raises `DeliveryError`, each partition has all of its own or
        nothing. A page with a part that Kafka refuses for its size becomes a dead one.
        """
        try:
            async with asyncio.timeout(self._settings.give_up_seconds):
                return await self._deliver(results)
        except TimeoutError as error:
            raise DeliveryError(
                f"{len(results)} pages not delivered to {self._settings.broker} "
                f"within {self._settings.give_up_seconds:g} s"
            ) from error

    async def _deliver(self, results: Sequence[Result]) -> list[Result]:
        batch = self._by_writer(results)
        final, emptied_ones = list(results), set[int]()
        while refused := await self._write(batch, final, emptied_ones):
            for n, record in refused:
                final[n] = _without(final[n], record, n in emptied_ones)
                if final[n].outcome == "dead" and record.topic == DEAD_TOPIC:
                    emptied_ones.add(n)
            final = settled(final)
        await asyncio.gather(*(writer.commit() for writer in batch))
        return final

    def _by_writer(self, results: Sequence[Result]) -> dict[PartitionWriter, list[int]]:
        """Which of the results are whose."""
        found: dict[PartitionWriter, list[int]] = {}
        for n, result in enumerate(results):
            writer = self._writers.get(TP(result.raw.topic, result.raw.partition))
            if writer is None:
                raise DeliveryError(f"{result.raw.place} was given to another worker before its batch was done")
            found.setdefault(writer, []).append(n)
        return found

    async def _write(
        self, batch: Mapping[PartitionWriter, Sequence[int]], results: Sequence[Result], emptied_ones: set[int]
    ) -> list[tuple[int, Record]]:
        """Write the records of the results, each in its partition's transaction; those that are refused, and whose."""
        at = self._now()
        found = [_records_of(n, results[n], at, n in emptied_ones) for n in range(len(results))]
        owned = {writer: [pair for n in numbers for pair in found[n]] for writer, numbers in batch.items()}
        ends = {writer: max(results[n].raw.offset for n in numbers) + 1 for writer, numbers in batch.items()}
        refused = await asyncio.gather(
            *(writer.write([record for _, record in pairs], ends[writer], IN_HAND) for writer, pairs in owned.items())
        )
        return [pairs[index] for pairs, indexes in zip(owned.values(), refused, strict=True) for index in indexes]

    async def _ask(self, partition: TopicPartition) -> int | None:
        if self._admin is None:
            raise DeliveryError("there is no connection to Kafka")
        found = await self._admin.list_consumer_group_offsets(self._settings.group, partitions=[partition])
        if partition not in found:  # an answer that is an error; aiokafka does not say which
            raise KafkaError(f"no word on where {self._settings.group} is in {partition.topic}[{partition.partition}]")
        return found[partition].offset if found[partition].offset >= 0 else None


def make_transactional(settings: Settings, name: str, batch_bytes: int) -> AIOKafkaProducer:
    """A producer of this transactional id, which gathers a batch's records by itself; to be started by the caller."""
    timeout = min(max(settings.give_up_seconds, LEAST_TIMEOUT_SECONDS), MOST_TIMEOUT_SECONDS)
    return AIOKafkaProducer(
        **client_options(settings),
        transactional_id=name,
        transaction_timeout_ms=int(timeout * 1000),
        max_batch_size=batch_bytes,
        max_request_size=MAX_RECORD_BYTES,
    )


async def _write_word(writer: PartitionWriter, offset: int, word: str) -> None:
    """Commit a word; the offset is where the group is, of which nobody knows better than the writer."""
    await writer.write((), max(offset, writer.done or 0), word)
    await writer.commit()


def _records_of(number: int, result: Result, at: str, is_emptied: bool) -> list[tuple[int, Record]]:
    """What is to be written for a result, each record with the result's number: its outcome comes last."""
    owned = result.records(at)
    return [(number, record) for record in (*(map(emptied, owned) if is_emptied else owned), result.done(at))]


def _without(result: Result, record: Record, was_emptied: bool) -> Result:
    """What becomes of a result one of whose records Kafka refuses for its size."""
    if record.topic == DONE_TOPIC or was_emptied:
        raise DeliveryError(f"Kafka refuses a record for its size; raise max.message.bytes of {record.topic}")
    return too_large(result)
