"""A Kafka with transactions: producers are shut out by later ones of their id, and what is open shows nowhere.

`fails(step, name)` gives the error with which a step ends (`start`, `begin`, `offsets`, `commit`, `abort`, or `late`:
a commit that is done although its answer is lost), or None. Records over `limits` of their Kafka topic are refused, and
with them all that shares a batch with them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, MessageSizeTooLargeError, OutOfOrderSequenceNumber, ProducerFenced

from streams.records import Record
from streams.settings import Settings

Mark = tuple[int, str]


@dataclass
class FakeLedger:
    """The broker: what is committed, and who may write."""

    fails: Callable[[str, str], Exception | None] = lambda step, name: None
    limits: dict[str, int] = field(default_factory=dict)
    delivered: list[Record] = field(default_factory=list)
    offsets: dict[TopicPartition, Mark] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    commits: int = 0
    open: int = 0

    def producer(self, settings: Settings, name: str, batch_bytes: int) -> "FakeTransactional":
        return FakeTransactional(self, name, batch_bytes)

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.offsets[partition][0] if partition in self.offsets else None

    def on(self, kafka_topic: str) -> list[Record]:
        return [record for record in self.delivered if record.topic == kafka_topic]


@dataclass
class FakeTransactional:
    """The part of aiokafka's transactional producer that a partition's writer uses, with aiokafka's own checks."""

    ledger: FakeLedger
    name: str
    batch_bytes: int
    epoch: int = -1
    pending: list[Record] | None = None
    marks: dict[TopicPartition, Mark] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    async def start(self) -> None:
        self.ledger.open += 1
        await self._step("start")
        self.epoch = self.ledger.epochs[self.name] = self.ledger.epochs.get(self.name, -1) + 1

    async def stop(self) -> None:
        self.ledger.open -= 1
        await asyncio.sleep(0)

    async def begin_transaction(self) -> None:
        assert self.pending is None, "Invalid state transition"
        await self._step("begin")
        self.pending, self.marks = [], {}

    async def send(
        self, topic: str, value: bytes | None = None, key: bytes | None = None, headers: Any = None
    ) -> "asyncio.Future[object]":
        assert not (value is None and key is None), "Need at least one: key or value"
        if self.pending is None:
            raise IllegalOperation("Can't send messages while not in transaction")
        record = Record(topic, key, value, tuple(headers or ()))
        self.pending.append(record)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.01, self._answer, record, future)
        return future

    def _answer(self, record: Record, future: "asyncio.Future[object]") -> None:
        """Kafka refuses batches as a whole, and whatever follows a refused one on its partition."""
        mates = [record] if self.batch_bytes == 1 else [r for r in self.pending or [] if r.topic == record.topic]
        limit = self.ledger.limits.get(record.topic, 2**40)
        if error := self.ledger.fails("record", self.name):
            if self.pending is not None:
                self.pending.remove(record)
            future.set_exception(error)
        elif record.topic in self.broken:
            future.set_exception(OutOfOrderSequenceNumber())
        elif any(len(mate.value or b"") > limit for mate in mates):
            self.broken |= {record.topic} if self.batch_bytes == 1 else set()
            future.set_exception(MessageSizeTooLargeError())
        else:
            future.set_result(None)

    async def send_offsets_to_transaction(self, offsets: dict[TopicPartition, Mark], group: str) -> None:
        await self._step("offsets")
        self.marks |= offsets

    async def commit_transaction(self) -> None:
        pending = self._ending()
        await self._step("commit")
        self.ledger.delivered += pending
        self.ledger.offsets |= self.marks
        self.ledger.commits += 1
        if error := self.ledger.fails("late", self.name):
            raise error

    async def abort_transaction(self) -> None:
        self._ending()
        await self._step("abort")

    def _ending(self) -> list[Record]:
        assert self.pending is not None, "Invalid state transition"
        pending, self.pending = self.pending, None
        return pending

    async def _step(self, step: str) -> None:
        await asyncio.sleep(0.01)
        self.ledger.steps.append(step)
        if self.epoch >= 0 and self.epoch != self.ledger.epochs[self.name]:
            raise ProducerFenced
        if error := self.ledger.fails(step, self.name):
            raise error
