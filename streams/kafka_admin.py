"""Making the Kafka topics on a broker, and waiting for them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError, TopicAlreadyExistsError, for_code

from models.errors import BrokerError
from streams.kafka_topics import KafkaTopic
from streams.reach import connecting, hindrance, no_connection
from streams.security import client_options
from streams.settings import Settings

WAIT_SECONDS = 1.0
"""How often a waiting worker looks whether Kafka and its topics are there."""


@contextlib.asynccontextmanager
async def admin_of(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client; raises `BrokerError`, which says what to check, when Kafka cannot be reached."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        async with connecting(settings):
            await admin.start()
        yield admin
    except (KafkaConnectionError, NodeNotReadyError) as error:
        raise await no_connection(settings, error) from error
    finally:
        await admin.close()


async def create(admin: AIOKafkaAdminClient, wanted: Sequence[KafkaTopic], replication: int) -> list[str]:
    """Make the Kafka topics that are missing and return their names; raises `BrokerError` when the broker refuses."""
    present = set(await admin.list_topics())
    missing = [topic for topic in wanted if topic.name not in present]
    safe = {"min.insync.replicas": str(min(2, replication))}
    new = [NewTopic(t.name, t.partitions, replication, topic_configs=safe | t.configs) for t in missing]
    if not new:
        return []
    try:
        answer = await admin.create_topics(new)
    except KafkaError as error:
        raise BrokerError(f"cannot create Kafka topics: {error}") from error
    for name, code, *message in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise BrokerError(f"cannot create Kafka topic {name}: {(message or [None])[0] or for_code(code).__name__}")
    return [topic.name for topic in missing]


async def wait_for_topics(settings: Settings, names: Iterable[str], say: Callable[[str], None]) -> None:
    """Return once Kafka answers and has all these topics; `say` is told, once each time it changes, what is missing."""
    said = ""
    while message := await _lacking(settings, set(names)):
        if message != said:
            say(message)
            said = message
        await asyncio.sleep(WAIT_SECONDS)


async def _lacking(settings: Settings, names: set[str]) -> str:
    if trouble := await hindrance(settings):  # sooner than clients, which wait long for an answer
        return f"waiting: {trouble}"
    try:
        async with admin_of(settings) as admin:
            missing = sorted(names - set(await admin.list_topics()))
    except BrokerError as error:
        return f"waiting: {error}"
    if not missing:
        return ""
    shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    return f"waiting for Kafka topics {shown}; make them with `newsieve topics create`"
