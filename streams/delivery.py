"""Delivery: every record awaited, in two rounds, before anything is acknowledged.

The guarantee: when `deliver` returns, the parts and dead letters of every page are on their Kafka topics, and after
them one outcome per page on `pages.done`. When it raises, some may be missing and nothing may be acknowledged.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, KafkaError, MessageSizeTooLargeError
from mode import Service

from models.errors import DeliveryError, PageError
from models.page import Page
from streams.batching import batches
from streams.outcomes import Result, settled
from streams.reach import connecting
from streams.records import Record, emptied
from streams.security import client_options
from streams.settings import MAX_RECORD_BYTES, Settings

LINGER_MS = 10
"""How long the producer waits to fill a batch: without it, sending is a quarter of the worker's time."""

PRODUCER_BATCH_BYTES = 2**20
IN_FLIGHT_BYTES = 32 * 2**20
"""Most bytes on their way at once: Kafka cuts off a client whose request is larger than 100 MiB."""

STOP_SECONDS = 1.0
"""How long a stopping producer may flush: all that must arrive was awaited before."""

RETRY_SECONDS = 0.5
"""Pause before a failed delivery is tried again."""


def make_producer(settings: Settings) -> AIOKafkaProducer:
    """A producer that keeps order and retries by itself without repeating; to be started by the caller."""
    return AIOKafkaProducer(
        **client_options(settings),
        acks="all",
        enable_idempotence=True,
        linger_ms=LINGER_MS,
        max_batch_size=PRODUCER_BATCH_BYTES,
        max_request_size=MAX_RECORD_BYTES,
    )


class Delivery(Service):
    """Delivers results to Kafka; a service that starts before the worker's app and stops after it."""

    abstract = False

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], str],
        make: Callable[[Settings], AIOKafkaProducer] = make_producer,
    ) -> None:
        super().__init__()
        self._make = make
        self._settings = settings
        self._now = now
        self._producer: AIOKafkaProducer | None = None

    async def on_start(self) -> None:
        """Connect to Kafka; raises `BrokerError`, which says what to check, when it cannot be reached."""
        async with connecting(self._settings):
            await self._connect()

    async def on_stop(self) -> None:
        """Leave; what is still on its way was never acknowledged."""
        await self._disconnect()

    async def deliver(self, results: Sequence[Result]) -> list[Result]:
        """Deliver what the results hold, then their outcomes; return them as they came to be.

        A page with a part that Kafka refuses for its size becomes a dead one; a letter then goes without its value.
        Raises `DeliveryError` when delivery stays impossible for `give_up_seconds`.
        """
        refused = await self._send_results(results)
        final = settled([too_large(result) if n in refused else result for n, result in enumerate(results)])
        await self._send_dead([new for n, new in enumerate(final) if n in refused or new is not results[n]])
        if await self.send([result.done(self._now()) for result in final]):
            raise DeliveryError("Kafka refuses an outcome for its size; raise max.message.bytes of pages.done")
        return final

    async def send(self, records: Sequence[Record]) -> set[int]:
        """Deliver the records and return the indexes of those refused for their size; raises `DeliveryError`."""
        try:
            async with asyncio.timeout(self._settings.give_up_seconds):
                return await self._send_until_done(records)
        except TimeoutError as error:
            raise DeliveryError(
                f"{len(records)} records not delivered to {self._settings.broker} "
                f"within {self._settings.give_up_seconds:g} s"
            ) from error

    async def _send_results(self, results: Sequence[Result]) -> set[int]:
        """Indexes of the results one of whose records was refused for its size."""
        at = self._now()
        refused: set[int] = set()
        owned = ((n, record) for n, result in enumerate(results) for record in result.records(at))
        for batch in batches(owned, lambda pair: _record_bytes(pair[1]), most_bytes=IN_FLIGHT_BYTES):
            refused |= {batch[index][0] for index in await self.send([record for _, record in batch])}
        return refused

    async def _send_dead(self, dead: Sequence[Result]) -> None:
        """Deliver dead letters; one that no topic takes goes without its value.

        Compressed, `pages.raw` takes records that are too large as they are.
        """
        left = [dead[n] for n in sorted(await self._send_results(dead))]
        if await self.send([emptied(record) for result in left for record in result.records(self._now())]):
            raise DeliveryError("Kafka refuses a dead letter for its size; raise max.message.bytes of pages.dead")

    async def _send_until_done(self, records: Sequence[Record]) -> set[int]:
        refused: set[int] = set()
        waiting = list(range(len(records)))
        while waiting:
            errors = await attempt(self._live, [records[index] for index in waiting])
            failed = {index: error for index, error in zip(waiting, errors, strict=True) if error}
            if failed:
                await self._reconnect(next(iter(failed.values())))
            large = [index for index, error in failed.items() if isinstance(error, MessageSizeTooLargeError)]
            waiting = [index for index in failed if index not in large]
            refused |= await self._refused(records, large)
        return refused

    async def _refused(self, records: Sequence[Record], large: Sequence[int]) -> set[int]:
        """Of the records in batches that Kafka refused as a whole, those that it refuses alone; the others it has."""
        if len(records) == 1:
            return set(large)
        return {index for index in large if await self._send_until_done([records[index]])}

    @property
    def _live(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise DeliveryError("the producer is not connected")
        return self._producer

    async def _connect(self) -> None:
        producer = self._make(self._settings)
        try:
            await producer.start()
        except BaseException:  # when cancelled too: it may hold sockets
            await producer.stop()
            raise
        self._producer = producer

    async def _disconnect(self) -> None:
        """Stop the producer, which would wait for ever for a broker that is away."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), STOP_SECONDS)

    async def _reconnect(self, reason: BaseException) -> None:
        """Go on with a new producer: after a failed batch the broker refuses the old one's next, out of sequence."""
        self.log.warning("delivery failed, trying again: %r", reason)
        await self._disconnect()
        while self._producer is None:
            await asyncio.sleep(RETRY_SECONDS)
            with contextlib.suppress(KafkaError):  # a broker that is away for a while
                await self._connect()


async def attempt(producer: AIOKafkaProducer, records: Sequence[Record]) -> list[BaseException | None]:
    """One try at each record: its error, or None once it is delivered."""
    answers: list[object] = []
    for batch in batches(records, _record_bytes, most_bytes=IN_FLIGHT_BYTES):
        futures = [await _enqueue(producer, record) for record in batch]
        answers += await asyncio.gather(*futures, return_exceptions=True)
    return [answer if isinstance(answer, BaseException) else None for answer in answers]


async def _enqueue(producer: AIOKafkaProducer, record: Record) -> asyncio.Future[object]:
    """A future of the record's delivery; an error at once is the same to the caller as one later."""
    key = b"" if record.key is None and record.value is None else record.key  # aiokafka refuses to send neither
    try:
        future: asyncio.Future[object] = await producer.send(
            record.topic, record.value, key=key, headers=list(record.headers)
        )
    except (KafkaError, IllegalOperation) as error:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(error)
    return future


def too_large(result: Result) -> Result:
    """The result as a dead one, because Kafka refuses one of its records; one that is dead stays so, and why."""
    if isinstance(result.page, PageError):
        return result
    page_id, url = (result.page.id, result.page.url) if isinstance(result.page, Page) else (None, None)
    return result.dead(PageError("too-large", "a part of it is larger than Kafka takes", page_id, url))


def _record_bytes(record: Record) -> int:
    headers = sum(len(key) + len(value or b"") for key, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers
