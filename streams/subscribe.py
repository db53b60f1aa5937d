"""An async iterator of parts for one subscription: filtered, each part once, each teaser's item once per window.

Repeats are dropped by a memory of what was shown. A member of a group fills it, whenever partitions are given to it, by
reading a stretch again that the group had passed: what was shown before a restart, or by the partition's last reader,
is not shown again, although a worker that died may have put it on the topic twice. Where the group began is kept with
its offsets, for nothing before that was shown. What was shown in the last half second before a kill -9 may come again:
nobody else knows that it was shown.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    UnknownTopicOrPartitionError,
)

from models.errors import BrokerError
from streams import lenient
from streams.kafka_topics import parts_topic
from streams.place import FETCH_SECONDS, Place
from streams.reach import no_connection, speaking
from streams.security import client_options
from streams.settings import MAX_RECORD_BYTES, Settings
from streams.sieve import Fields, Filter, Seen, Subscription, read_part

__all__ = ["Fields", "Subscription", "make_consumer", "parts", "read_part"]

SETTLE_SECONDS = 10.0
"""How long brokers may take to tell each other of new topics."""

STOP_SECONDS = 2.0
"""How long leaving may take; without us, Kafka takes us for gone a little later."""

METADATA_MS = 30_000
"""How soon new partitions are seen, and Kafka topics that were deleted and made anew."""

logger = logging.getLogger("newsieve.subscribe")


async def parts(
    settings: Settings, subscription: Subscription, enough: Callable[[], bool] = lambda: False
) -> AsyncGenerator[Fields]:
    """Yield parts as they come; ends when `enough()`, asked after each part and whenever nothing came, says so.

    With a group, offsets are committed once what they cover was taken: a restart goes on where it stopped. Raises
    `BrokerError` when Kafka does not let it in.
    """
    wanted = Filter(subscription, Seen(settings.window_hours * 3600))
    consumer, place = await _started(settings, subscription)
    try:
        async with speaking(settings):
            async for partition, record in records_of(consumer, place, enough):
                fields = read_part(record.value)
                wants = fields is not None and wanted.wants(record.topic, fields)
                if wants and fields is not None and not place.is_passed(partition, record.offset):
                    yield fields
                place.take(partition, record.offset)
    finally:
        try:
            await asyncio.wait_for(_leave(consumer, place), STOP_SECONDS)
        except TimeoutError:
            if subscription.group:
                logger.warning("Kafka does not answer: what group %s was shown last may come again", subscription.group)


async def _started(settings: Settings, subscription: Subscription) -> tuple[AIOKafkaConsumer, "Place"]:
    """A consumer that Kafka has let in, and where it is.

    Tries again for `SETTLE_SECONDS` where topics are unknown: a broker that was just told of them may not be the next
    one that is asked.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + SETTLE_SECONDS
    while True:
        consumer = make_consumer(settings, (), subscription)
        place = Place(consumer, subscription)
        consumer.subscribe([parts_topic(slug) for slug in subscription.slugs], listener=place)
        try:
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(consumer.stop)
                await consumer.start()
                stack.pop_all()
                return consumer, place
        except UnknownTopicOrPartitionError as error:
            if clock() > deadline:
                raise BrokerError(f"{settings.broker} has no topics of parts; see `newsieve topics create`") from error
            await asyncio.sleep(FETCH_SECONDS)
        except KafkaConnectionError as error:
            raise await no_connection(settings, error) from error
        except KafkaError as error:
            raise BrokerError(f"Kafka at {settings.broker} does not let this subscriber in: {error}") from error


async def _leave(consumer: AIOKafkaConsumer, place: "Place") -> None:
    await place.commit()
    await consumer.stop()


async def records_of(
    consumer: AIOKafkaConsumer, place: Place, enough: Callable[[], bool]
) -> AsyncGenerator[tuple[TopicPartition, Any]]:
    """Records as they come; what was dealt with is committed after each fetch."""
    while True:
        shares = place.shares
        batches = await consumer.getmany(timeout_ms=int(FETCH_SECONDS * 1000), max_records=500)
        if place.shares != shares or not place.is_shared:
            if place.is_shared:
                place.begin()  # nobody can tell what of this was fetched before Kafka shared the partitions out anew
            continue
        for partition, record in ((tp, record) for tp, records in batches.items() for record in records):
            yield partition, record
            if place.shares != shares:
                break  # what is left is read again, by us or by others
            if not place.is_passed(partition, record.offset) and enough():
                return
        if place.is_shared and not batches and not await place.is_reading_again() and enough():
            return
        await place.commit()


def make_consumer(settings: Settings, kafka_topics: Sequence[str], subscription: Subscription) -> AIOKafkaConsumer:
    """A consumer that reads only what was committed; to be started by the caller."""
    lenient.install()
    return AIOKafkaConsumer(
        *kafka_topics,
        **client_options(settings),
        group_id=subscription.group,
        # `Place` sets where a group is; when that is no longer there, nothing of what is may be left out.
        auto_offset_reset="earliest" if subscription.from_beginning or subscription.group else "latest",
        metadata_max_age_ms=METADATA_MS,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
    )
