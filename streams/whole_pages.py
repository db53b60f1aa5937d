"""An async iterator of whole pages: all parts of a page at once, as soon as they are there."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaConsumer

from streams.kafka_topics import DONE_TOPIC, parts_topic
from streams.settings import Settings
from streams.subscribe import Fields, Subscription, make_consumer, read_part


@dataclass(slots=True)
class Gathering:
    """Parts of pages that are not whole yet.

    >>> gathering = Gathering()
    >>> gathering.expect("page", parts=1)
    >>> gathering.add({"id": "a", "page_id": "page", "kind": "story", "lines": {"headline": [9]}})[0]["id"]
    'a'
    """

    parts: dict[str, dict[str, Fields]] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)

    def add(self, fields: Fields) -> list[Fields] | None:
        """Take a part, which may come twice; returns its page's parts when it was the last."""
        self.parts.setdefault(fields["page_id"], {})[fields["id"]] = fields
        return self._whole(fields["page_id"])

    def expect(self, page_id: str, parts: int) -> list[Fields] | None:
        """Take how many parts a page has; returns them when they are there."""
        self.expected[page_id] = parts
        return self._whole(page_id)

    def _whole(self, page_id: str) -> list[Fields] | None:
        found = self.parts.get(page_id, {})
        if len(found) != self.expected.get(page_id):
            return None
        self.parts.pop(page_id, None)
        del self.expected[page_id]
        return sorted(found.values(), key=_page_order)


async def whole_pages(settings: Settings, slugs: Iterable[str]) -> AsyncGenerator[list[Fields]]:
    """Yield the parts of each page, the story first, then teasers in page order; a page without parts as an empty list.

    Reads from the beginning of what Kafka holds.
    """
    kafka_topics = [*map(parts_topic, slugs), DONE_TOPIC]
    consumer = make_consumer(settings, kafka_topics, Subscription((), from_beginning=True))
    await consumer.start()
    gathering = Gathering()
    try:
        async for topic, value in _records(consumer):
            whole = _outcome(gathering, value) if topic == DONE_TOPIC else _part(gathering, value)
            if whole is not None:
                yield whole
    finally:
        await consumer.stop()


async def _records(consumer: AIOKafkaConsumer) -> AsyncGenerator[tuple[str, bytes]]:
    async for record in consumer:
        if record.value is not None:
            yield record.topic, record.value


def _part(gathering: Gathering, value: bytes) -> list[Fields] | None:
    fields = read_part(value)
    return gathering.add(fields) if fields else None


def _outcome(gathering: Gathering, value: bytes) -> list[Fields] | None:
    try:
        done = orjson.loads(value)
        if done["outcome"] == "repeated":
            return None  # its parts came before
        return gathering.expect(done["page_id"], done["parts"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None  # anyone may write to a topic


def _page_order(fields: Fields) -> tuple[bool, int]:
    numbers = [number for numbers in fields["lines"].values() for number in numbers]
    return fields["kind"] != "story", min(numbers, default=0)
