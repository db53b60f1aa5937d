"""An async iterator of parts for one subscription: filtered, each part once, each teaser's item once per window."""

import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from models.page import Kind
from streams import lenient
from streams.kafka_topics import PARTS_PREFIX, parts_topic
from streams.settings import MAX_RECORD_BYTES, Settings

MOST_REMEMBERED = 500_000
"""Ids a subscription remembers at most, some 80 MB: at 20 parts a page it is a day of a page every four seconds."""

FETCH_SECONDS = 0.5
"""Longest wait for records before a subscription looks around: commits, and sees that it is to stop."""

Fields = dict[str, Any]

_TEXT_FIELDS = ("id", "item_id", "page_id", "url", "kind", "headline", "text", "language", "topic")


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a subscriber wants; `slugs` are news topics or `unclear`."""

    slugs: tuple[str, ...]
    kind: Kind | None = None
    min_confidence: float = 0.0
    from_beginning: bool = False
    group: str | None = None
    every_sighting: bool = False


class Seen:
    """Which ids were seen within a window of `seconds`; forgets the oldest beyond `most`.

    >>> seen = Seen(seconds=10, most=2, clock=iter([0, 1, 2, 3, 20]).__next__)
    >>> seen.add("a"), seen.add("a"), seen.add("b"), seen.add("c"), seen.add("c")
    (True, False, True, True, True)
    """

    def __init__(self, seconds: float, most: int = MOST_REMEMBERED, clock: Callable[[], float] = time.monotonic):
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._first_seen: OrderedDict[str, float] = OrderedDict()

    def add(self, name: str) -> bool:
        """Whether `name` is new; it is remembered from its first sighting on."""
        now = self._clock()
        while self._first_seen and now - next(iter(self._first_seen.values())) > self._seconds:
            self._first_seen.popitem(last=False)
        if name in self._first_seen:
            return False
        self._first_seen[name] = now
        if len(self._first_seen) > self._most:
            self._first_seen.popitem(last=False)
        return True


@dataclass(frozen=True, slots=True)
class Filter:
    """Lets through what a subscription wants, once."""

    subscription: Subscription
    seen: Seen

    def wants(self, kafka_topic: str, fields: Fields) -> bool:
        """Whether a part that arrived on this Kafka topic is to be shown now."""
        wanted = self.subscription
        if wanted.kind and fields["kind"] != wanted.kind:
            return False
        if confidence_in(fields, kafka_topic.removeprefix(PARTS_PREFIX)) < wanted.min_confidence:
            return False
        return self.seen.add("part " + fields["id"]) and (
            wanted.every_sighting or self.seen.add("item " + fields["item_id"])
        )


def confidence_in(fields: Fields, slug: str) -> float:
    """How certain the part is to be about `slug`; of `unclear`, how certain its best topic was."""
    confidences = {guess["topic"]: guess["confidence"] for guess in fields["topics"]}
    return float(confidences[slug] if slug in confidences else fields["confidence"])


def read_part(value: bytes | None) -> Fields | None:
    """The part in a record, or None when it holds none: anyone may write to a topic."""
    try:
        fields = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    return fields if _is_part(fields) else None


def _is_part(fields: Any) -> bool:
    """Whether everything that subscriptions, exports and terminals read of a part has its type."""
    return (
        isinstance(fields, dict)
        and all(isinstance(fields.get(name), str) for name in _TEXT_FIELDS)
        and _is_number(fields.get("confidence"))
        and isinstance(fields.get("lines"), dict)
        and all(map(_are_numbers, fields["lines"].values()))
        and isinstance(fields.get("topics"), list)
        and all(map(_is_guess, fields["topics"]))
    )


def _are_numbers(numbers: Any) -> bool:
    return isinstance(numbers, list) and all(isinstance(number, int) for number in numbers)


def _is_guess(guess: Any) -> bool:
    return isinstance(guess, dict) and isinstance(guess.get("topic"), str) and _is_number(guess.get("confidence"))


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int)


async def parts(
    settings: Settings, subscription: Subscription, enough: Callable[[], bool] = lambda: False
) -> AsyncGenerator[Fields]:
    """Yield parts as they come; ends when `enough()`, asked after each part and whenever nothing came, says so.

    With a group, offsets are committed once what they cover was taken: a restart goes on where it stopped.
    """
    wanted = Filter(subscription, Seen(settings.window_hours * 3600))
    consumer = make_consumer(settings, [parts_topic(slug) for slug in subscription.slugs], subscription)
    await consumer.start()
    taken: dict[TopicPartition, int] = {}
    try:
        async for partition, record in _records(consumer, enough):
            if partition is None:
                await _commit(consumer, subscription, taken)
                continue
            fields = read_part(record.value)
            if fields is not None and wanted.wants(record.topic, fields):
                yield fields
            taken[partition] = record.offset + 1
    finally:
        await _commit(consumer, subscription, taken)
        await consumer.stop()


async def _records(
    consumer: AIOKafkaConsumer, enough: Callable[[], bool]
) -> AsyncGenerator[tuple[TopicPartition | None, Any]]:
    """Records as they come, and (None, None) after each fetch."""
    while True:
        batches = await consumer.getmany(timeout_ms=int(FETCH_SECONDS * 1000), max_records=500)
        for partition, records in batches.items():
            for record in records:
                yield partition, record
                if enough():
                    return
        if not batches and enough():
            return
        yield None, None


async def _commit(consumer: AIOKafkaConsumer, subscription: Subscription, taken: dict[TopicPartition, int]) -> None:
    """Commit what was taken of the partitions that are still ours; another member goes on with the others."""
    ours = consumer.assignment()
    ends = {partition: end for partition, end in taken.items() if partition in ours}
    if subscription.group and ends:
        with contextlib.suppress(CommitFailedError, IllegalStateError):  # lost meanwhile: they come again
            await consumer.commit(ends)
    taken.clear()


def make_consumer(settings: Settings, kafka_topics: Sequence[str], subscription: Subscription) -> AIOKafkaConsumer:
    """A consumer that reads only what was committed; to be started by the caller."""
    lenient.install()
    return AIOKafkaConsumer(
        *kafka_topics,
        bootstrap_servers=settings.broker,
        group_id=subscription.group,
        auto_offset_reset="earliest" if subscription.from_beginning else "latest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
    )
