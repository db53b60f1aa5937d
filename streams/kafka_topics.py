"""The Kafka topics: their names and how each is kept. Pure: `newsieve tag` must not wait for a Kafka client."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.settings import MAX_RAW_RECORD_BYTES, MAX_RECORD_BYTES

PAGES_TOPIC = "pages.raw"
DONE_TOPIC = "pages.done"
DEAD_TOPIC = "pages.dead"
LABELS_TOPIC = "labels"
PARTS_PREFIX = "parts."
UNCLEAR = "unclear"

BATCH_OVERHEAD_BYTES = 64 * 2**10
"""Room for the header of a record batch and of its only record, beside the record's own bytes."""

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class KafkaTopic:
    """One Kafka topic as it should be."""

    name: str
    partitions: int
    configs: dict[str, str] = field(default_factory=dict)


def parts_topic(slug: str) -> str:
    """Kafka topic of the parts about a news topic, or of the unclear ones."""
    return PARTS_PREFIX + slug


def kafka_topics(slugs: Iterable[str], partitions: int = 8, retention_days: float = 7) -> list[KafkaTopic]:
    """All Kafka topics of a pipeline whose news topics are `slugs`.

    `pages.raw` has `partitions` partitions, which is the most workers that can share it; parts have half as many.
    """
    kept = {"retention.ms": str(int(retention_days * DAY_MS))}
    large = kept | {"max.message.bytes": str(MAX_RECORD_BYTES + BATCH_OVERHEAD_BYTES)}
    fewer = max(1, partitions // 2)
    raw = kept | {"max.message.bytes": str(MAX_RAW_RECORD_BYTES + BATCH_OVERHEAD_BYTES)}
    return [
        KafkaTopic(PAGES_TOPIC, partitions, raw),
        *(KafkaTopic(parts_topic(slug), fewer, large) for slug in [*slugs, UNCLEAR]),
        KafkaTopic(DONE_TOPIC, fewer, kept),
        KafkaTopic(DEAD_TOPIC, fewer, large),
        KafkaTopic(LABELS_TOPIC, 1, {"cleanup.policy": "compact"}),
    ]
