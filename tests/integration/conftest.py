"""One real Kafka for the whole run; fresh names per test keep tests apart on it."""

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.broker import BrokerError, LocalBroker, jars_folder, missing_jars
from tests.integration.pipeline import Pipeline


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """A ready Kafka on a free port. It ends with the test run, even when the run is killed."""
    local = LocalBroker(tmp_path_factory.mktemp("broker"), port=0)
    start_or_skip(local)
    yield local
    local.stop()


def start_or_skip(local: LocalBroker) -> None:
    """Start `local`, tied to this run. Without the jars and without a network that is a skip, but a failure in CI."""
    offline_is_fine = bool(missing_jars(jars_folder(os.environ))) and not os.environ.get("CI")
    try:
        local.start(tied=True)
    except BrokerError as error:
        if offline_is_fine and missing_jars(jars_folder(os.environ)):
            pytest.skip(f"no Kafka: {error}")
        raise


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Names that no other test has: `unique("pages")` is the same all through one test."""
    suffix = uuid.uuid4().hex[:8]
    return lambda name: f"{name}.{suffix}"


CreateTopics = Callable[..., list[str]]


@pytest.fixture
def create_topics(broker: LocalBroker) -> CreateTopics:
    """Make Kafka topics on the run's broker: `create_topics("a", "b", partitions=4, configs={…})` returns the names."""

    def create(*names: str, partitions: int = 1, configs: Mapping[str, str] | None = None) -> list[str]:
        asyncio.run(_create(broker.bootstrap, names, partitions, dict(configs or {})))
        return list(names)

    return create


async def _create(bootstrap: str, names: tuple[str, ...], partitions: int, configs: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs) for name in names])
        failed = [error for error in answer.topic_errors if error[1]]
        assert not failed, f"not created: {failed}"
    finally:
        await admin.close()


@pytest.fixture
def broker_folder(tmp_path: Path) -> Path:
    """A folder for a broker of the test's own."""
    return tmp_path / "broker"


@pytest.fixture
def pipeline(broker: LocalBroker, tmp_path: Path, unique: Callable[[str], str]) -> Pipeline:
    """Kafka topics of newsieve's own, made anew on the run's broker, and the commands that use them."""
    fresh = Pipeline(broker.bootstrap, tmp_path, {"NEWSIEVE_GROUP": unique("workers")})
    fresh.renew_topics()
    return fresh
