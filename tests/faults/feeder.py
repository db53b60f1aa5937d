"""Feeds the pages of a run over some seconds, and knows of each that Kafka acknowledged where it is."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from models.errors import BrokerError
from streams.delivery import make_producer
from streams.records import RawRecord, Record
from streams.settings import Settings

BURSTS = 24
"""In how many portions the pages come."""

SOME_SECONDS = 10.0
"""How long a try at a portion may take; the producer itself would wait for a broker that is away for 40 s."""

PORTION_SECONDS = 300.0
"""How long a portion may take with all its tries: a Kafka that takes nothing for so long is not a fault of ours."""


@dataclass
class Feeder:
    """Puts records on Kafka in order, and tries again until each is acknowledged."""

    settings: Settings
    fed: list[RawRecord] = field(default_factory=list)

    async def feed(self, records: Sequence[Record], over_seconds: float) -> None:
        """Deliver the records in bursts spread over a time."""
        size = max(1, -(-len(records) // BURSTS))
        for start in range(0, len(records), size):
            await self._delivered(records[start : start + size])
            await asyncio.sleep(over_seconds * size / max(1, len(records)))

    async def _delivered(self, records: Sequence[Record]) -> None:
        """All records are there once this returns; on `pages.raw` some may stand twice, as after any retry."""
        left = list(records)
        deadline = time.monotonic() + PORTION_SECONDS
        while left:
            done = await self._attempt(left)
            self.fed += done
            left = left[len(done) :]
            if time.monotonic() > deadline:
                raise BrokerError(f"Kafka does not take the pages of the harness for {PORTION_SECONDS:g} s")

    async def _attempt(self, records: Sequence[Record]) -> list[RawRecord]:
        """The records, from the first on, that a new producer delivered."""
        producer = make_producer(self.settings)
        done: list[RawRecord] = []
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(SOME_SECONDS):
                await producer.start()
                await self._send(producer, records, done)
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(producer.stop(), 1)
        return done

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Record], done: list[RawRecord]) -> None:
        sent = [
            await producer.send(record.topic, record.value, key=record.key, headers=list(record.headers))
            for record in records
        ]
        for record, future in zip(records, sent, strict=True):
            told = await future
            done.append(RawRecord(told.topic, told.partition, told.offset, record.key, record.value, record.headers))
