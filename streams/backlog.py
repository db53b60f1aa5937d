"""Reading what a Kafka topic holds now, from its beginning to the end it had when asked."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from models.errors import BrokerError
from streams import lenient
from streams.reach import connecting, speaking
from streams.records import RawRecord
from streams.security import client_options
from streams.settings import MAX_RECORD_BYTES, Settings


async def backlog(settings: Settings, *kafka_topics: str) -> AsyncIterator[ConsumerRecord]:
    """Yield all records of the Kafka topics, partition by partition in parallel; raises `BrokerError`."""
    lenient.install()
    consumer = AIOKafkaConsumer(
        *kafka_topics,
        **client_options(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
    )
    try:
        async with connecting(settings):
            await consumer.start()
        async with speaking(settings):
            ends = await _ends(consumer, kafka_topics)
            async for record in _until(consumer, ends):
                yield record
    finally:
        await consumer.stop()


async def _ends(consumer: AIOKafkaConsumer, kafka_topics: tuple[str, ...]) -> dict[TopicPartition, int]:
    """End offset of each partition that holds anything."""
    present = await consumer.topics()
    missing = [name for name in kafka_topics if name not in present]
    if missing:
        raise BrokerError(f"no Kafka topic {', '.join(missing)}; make it with `newsieve topics create`")
    partitions = consumer.assignment()  # without a group: all partitions
    begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    return {partition: end for partition, end in ends.items() if end > begins[partition]}


async def _until(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> AsyncIterator[ConsumerRecord]:
    """Records before the ends; control records count in the positions, so these say when all was read."""
    left = dict(ends)
    while left:
        batches = await consumer.getmany(*left, timeout_ms=500)
        for partition, records in batches.items():
            for record in records:
                if record.offset < ends[partition]:
                    yield record
        for partition in list(left):
            if await consumer.position(partition) >= ends[partition]:
                del left[partition]


def raw_record(record: ConsumerRecord) -> RawRecord:
    """The record with nothing lost: repeated header keys and null values kept."""
    return RawRecord(record.topic, record.partition, record.offset, record.key, record.value, tuple(record.headers))
