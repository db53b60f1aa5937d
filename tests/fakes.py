"""Stand-ins that we own: a Kafka that misbehaves on demand, Faust's stream and events, a clock that jumps."""

import asyncio
import contextlib
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar

from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from fake_models import mark_tagger
from mode import Service

from models.page import Page, Part
from streams.records import RawRecord, Record
from streams.settings import Settings

T = TypeVar("T")
S = TypeVar("S", bound=Service)


@dataclass
class RecordingTagger:
    """Remembers the batches of page ids it was given, and does what `mark_tagger` does."""

    batches: list[list[str]] = field(default_factory=list)

    def tag(self, pages: Sequence[Page]) -> list[list[Part]]:
        self.batches.append([page.id for page in pages])
        return mark_tagger().tag(pages)


def raw(
    value: bytes | None, key: bytes | None = b"https://example.org/a", offset: int = 0, **headers: bytes
) -> RawRecord:
    """A record of `pages.raw`; header names are written with `_` for `-`."""
    named = tuple((name.replace("_", "-"), content) for name, content in headers.items())
    return RawRecord("pages.raw", 3, offset, key, value, named)


@dataclass
class FakeKafka:
    """What a broker does with records: `producer` stands for aiokafka's. Set the fields to make it misbehave.

    `fails(record, tries)` gives the error that this try at the record ends with, or None; a record that `ignores` names
    is never answered. Records over `limits` of their Kafka topic are refused. Before `back_at` no producer can start.
    """

    fails: Callable[[Record, int], Exception | None] = lambda record, tries: None
    ignores: Callable[[Record], bool] = lambda record: False
    limits: dict[str, int] = field(default_factory=dict)
    answer_seconds: float = 0.01
    back_at: float = 0.0
    delivered: list[Record] = field(default_factory=list)
    tried: list[Record] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    open: int = 0

    def producer(self, settings: Settings) -> "FakeProducer":
        return FakeProducer(self)

    def on(self, kafka_topic: str) -> list[Record]:
        return [record for record in self.delivered if record.topic == kafka_topic]


@dataclass
class FakeProducer:
    """The part of aiokafka's producer that a delivery uses, with aiokafka's own checks."""

    kafka: FakeKafka

    async def start(self) -> None:
        self.kafka.open += 1
        if asyncio.get_running_loop().time() < self.kafka.back_at:
            raise KafkaConnectionError("nobody there")

    async def stop(self) -> None:
        self.kafka.open -= 1

    async def send(
        self, topic: str, value: bytes | None = None, key: bytes | None = None, headers: Any = None
    ) -> "asyncio.Future[object]":
        assert not (value is None and key is None), "Need at least one: key or value"
        record = Record(topic, key, value, tuple(headers or ()))
        self.kafka.tried.append(record)
        if _bytes_of(record) > self.kafka.limits.get(topic, 2**40):
            raise MessageSizeTooLargeError(f"{topic} takes no record of {_bytes_of(record)} bytes")
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if not self.kafka.ignores(record):
            in_order = len(self.kafka.tried) * 1e-6  # timers of one moment go off in any order
            asyncio.get_running_loop().call_later(self.kafka.answer_seconds + in_order, self._answer, record, future)
        return future

    def _answer(self, record: Record, future: "asyncio.Future[object]") -> None:
        if future.done():
            return
        error = self.kafka.fails(record, self.kafka.tried.count(record))
        if error is not None:
            future.set_exception(error)
            return
        self.kafka.delivered.append(record)
        self.kafka.log.append(record.topic)
        future.set_result(None)


def _bytes_of(record: Record) -> int:
    return int(DefaultRecordBatchBuilder.estimate_size_in_bytes(record.key, record.value, list(record.headers)))


@dataclass
class FakeEvent:
    """A Faust event that writes its offset down when it is acknowledged."""

    message: Any
    acks: list[int]

    def ack(self) -> bool:
        self.acks.append(self.message.offset)
        return True


@dataclass
class FakeStream:
    """A Faust stream that has these batches to give; remembers how it was asked."""

    batches: Sequence[Sequence[FakeEvent]]
    asked: list[tuple[int, float]] = field(default_factory=list)

    async def noack_take(self, most: int, within: float) -> AsyncIterator[list[FakeEvent]]:
        self.asked.append((most, within))
        for batch in self.batches:
            yield list(batch)


def events(raws: Iterable[RawRecord], acks: list[int]) -> list[FakeEvent]:
    """Faust events of raw records; their headers are a list of pairs, as aiokafka gives them."""
    return [FakeEvent(message_of(record), acks) for record in raws]


def message_of(record: RawRecord) -> Any:
    """A Faust message with the content of a raw record."""
    names = ("topic", "partition", "offset", "key", "value")
    return SimpleNamespace(headers=list(record.headers), **{name: getattr(record, name) for name in names})


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits for a time to come; `skipped` is how much it would have waited."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        self.skipped += 0 if ready else timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop in which sleeping takes no time: its clock jumps to whatever is due next. Threads run inline."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.skipped

    def run_in_executor(self, executor: Any, function: Callable[..., Any], *arguments: Any) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 -- as an executor does
            future.set_exception(error)
        return future


@contextlib.asynccontextmanager
async def running(service: S) -> AsyncIterator[S]:
    """A service while it runs."""
    async with service:
        yield service


def loop_clock() -> float:
    """The time of the running loop; 0 where none runs yet."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine on a loop whose clock starts at 0 and jumps."""
    results: list[T] = []

    async def keep() -> None:  # a runner prints its task's result to itself, which may be megabytes
        results.append(await coroutine)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(keep())
    return results[0]
