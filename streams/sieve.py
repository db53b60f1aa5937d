"""What a subscription lets through: the parts that it asked for, each once, and each teaser's item once per window."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from models.page import Kind
from streams.kafka_topics import PARTS_PREFIX

MOST_REMEMBERED = 500_000
"""Ids a subscription remembers at most, some 80 MB: at 20 parts a page it is a day of a page every four seconds."""

Fields = dict[str, Any]

_OPTIONAL_FIELDS = ("age", "byline", "date", "dek", "fetched_at", "published_at", "section", "tagged_at")
_LIST_FIELDS = ("captions", "tags")
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
        wanted, slug = self.subscription, kafka_topic.removeprefix(PARTS_PREFIX)
        if slug != shown_on(fields, wanted.slugs) or (wanted.kind and fields["kind"] != wanted.kind):
            return False
        if confidence_in(fields, slug) < wanted.min_confidence:
            return False
        return self.seen.add("part " + fields["id"]) and (
            wanted.every_sighting or self.seen.add("item " + fields["item_id"])
        )


def shown_on(fields: Fields, slugs: Sequence[str]) -> str | None:
    """Which of the subscribed topics shows the part, of which there is a copy on each of its topics.

    It is the first of the part's own topics, which are best first. The record alone decides, so that two members of one
    group, of which each reads another copy, never show it both.

    >>> part = {"topic": "sport", "topics": [{"topic": "sport"}, {"topic": "science"}]}
    >>> shown_on(part, ["science", "sport"]), shown_on(part, ["science", "weather"]), shown_on(part, ["weather"])
    ('sport', 'science', None)
    """
    ranked = (fields["topic"], *(guess["topic"] for guess in fields["topics"]))
    return next((slug for slug in ranked if slug in slugs), None)


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
        and all(isinstance(fields.get(name, ""), str) for name in _OPTIONAL_FIELDS)
        and all(_are(str, fields.get(name, [])) for name in _LIST_FIELDS)
        and _is_share(fields.get("confidence"))
        and isinstance(fields.get("lines"), dict)
        and all(_are(int, numbers) for numbers in fields["lines"].values())
        and isinstance(fields.get("topics"), list)
        and all(map(_is_guess, fields["topics"]))
    )


def _are(kind: type, values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _is_guess(guess: Any) -> bool:
    return isinstance(guess, dict) and isinstance(guess.get("topic"), str) and _is_share(guess.get("confidence"))


def _is_share(value: Any) -> bool:
    return isinstance(value, float | int) and 0 <= value <= 1
