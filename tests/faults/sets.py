"""Which models tagged which page, worked out from the parts that are there. Pure.

Each edition of the models gives a page a set of parts of its own, with other versions and on other topics, under the
same ids. A page is there when one of its sets is there, whole; half of one and half of another is nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from streams.outcomes import Result

Key = tuple[str, str, str]
"""A Kafka topic, the id of a part on it, and the models that tagged the part."""

Fields = Mapping[str, Any]
PartSet = dict[Key, dict[str, Any]]


def key_of(topic: str, part: Fields) -> Key:
    """What tells a part on a Kafka topic from all others, and from itself as other models tag it.

    >>> key_of("parts.sport", {"id": "a", "models": {"topics": "2", "splitter": "1"}})
    ('parts.sport', 'a', '{"splitter":"1","topics":"2"}')
    """
    return topic, part["id"], orjson.dumps(part.get("models"), option=orjson.OPT_SORT_KEYS).decode()


def set_of(result: Result) -> PartSet:
    """The parts of a result; none unless it is tagged."""
    if result.outcome != "tagged":
        return {}
    found = [(record.topic, orjson.loads(record.value or b"{}")) for record in result.records("")]
    return {key_of(topic, part): timeless(part) for topic, part in found}


def timeless(part: Fields) -> dict[str, Any]:
    """A part without the time it was tagged at."""
    return {name: value for name, value in part.items() if name != "tagged_at"}


def share_out(
    sightings: Counter[Key], sources: Iterable[str], sets: Mapping[str, Sequence[PartSet]]
) -> tuple[dict[str, int], Counter[Key]]:
    """Which of its sets is there for each source, and what is left over; each record serves one source alone.

    Sources without a whole set are missing in the first.

    >>> a, b, other = ("parts.a", "1", "x"), ("parts.b", "1", "x"), ("parts.b", "1", "y")
    >>> sets = {"first": [{a: {}, b: {}}, {other: {}}], "again": [{a: {}, b: {}}, {other: {}}]}
    >>> share_out(Counter([a, other, other, b, a]), sets, sets)
    ({'first': 0, 'again': 1}, Counter({('parts.a', '1', 'x'): 1, ('parts.b', '1', 'y'): 1}))
    """
    left, taken = Counter(sightings), {}
    for source in sources:
        for edition, wanted in enumerate(sets[source]):
            if wanted and all(left[key] > 0 for key in wanted):
                taken[source] = edition
                left.subtract(wanted.keys())
                break
    return taken, +left
