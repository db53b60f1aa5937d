"""NEWSIEVE_DELIVERY=exactly-once on a real Kafka: whatever happens to workers, each page and part is there once.

What is read is read committed; repeats on the topics count, not those that subscribers are shown.
"""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams import kafka_admin
from streams.kafka_topics import DEAD_TOPIC, PAGES_TOPIC
from streams.outcomes import results_of
from tests.fake_models import mark_tagger
from tests.faults.models import save_models
from tests.faults.pages import json_page
from tests.integration.pipeline import PATIENCE_SECONDS, Pipeline, eventually, seconds_to_stop, stop
from tests.integration.stopping import POINTS

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

SESSION_SECONDS = 6
TEXT = (
    "# Cup final {n}\n" + "The match was long, and the rain fell on both sides.\n" * 20 + "* Moon lander {n}\n~ It did."
)


@pytest.fixture
def once(pipeline: Pipeline, tmp_path: Path) -> Pipeline:
    """A pipeline whose workers deliver exactly once, in small transactions and with models that are quick."""
    pipeline.environ |= {
        "NEWSIEVE_DELIVERY": "exactly-once",
        "NEWSIEVE_BATCH_PAGES": "8",
        "NEWSIEVE_MODELS": str(save_models(tmp_path / "models")),
        "NEWSIEVE_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
        "NEWSIEVE_REBALANCE_SECONDS": "12",
    }
    pipeline.patience_seconds = 200  # each death costs a session, a start, and often a sandbox
    return pipeline


def feed(pipeline: Pipeline, count: int, first: int = 0) -> None:
    """Put pages on pages.raw, over all of its partitions."""
    asyncio.run(_feed(pipeline, range(first, first + count)))


async def _feed(pipeline: Pipeline, numbers: range) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, linger_ms=20)
    await producer.start()
    for n in numbers:
        page = json_page(f"https://once.example/{n}", TEXT.format(n=n))
        await producer.send(PAGES_TOPIC, page.value, key=page.key)
    await producer.stop()


def assert_once(pipeline: Pipeline, count: int) -> None:
    """Each of `count` pages has its outcome once, and each of its parts is once on each of its topics."""
    pages = pipeline.records(PAGES_TOPIC)
    outcomes = Counter(outcome["source"] for outcome in pipeline.outcomes())
    assert (len(pages), len(outcomes), max(outcomes.values())) == (count, count, 1)
    wanted = Counter(_part(record) for r in results_of(pages, mark_tagger(), 2**20) for record in r.records(""))
    found = Counter(_part(record) for record in pipeline.part_records())
    assert found - wanted == Counter(), "repeated"
    assert wanted - found == Counter(), "lost"


def _part(record) -> tuple[str, str]:
    return record.topic, json.loads(record.value)["id"]


def batches(pipeline: Pipeline) -> int:
    return pipeline.log("worker").count(" tagged")


def wait_for_batches(pipeline: Pipeline, count: int) -> None:
    """Return once the workers delivered so many batches more."""
    wanted, deadline = batches(pipeline) + count, time.monotonic() + pipeline.patience_seconds
    while batches(pipeline) < wanted:
        assert time.monotonic() < deadline, pipeline.log("worker")[-2000:]
        time.sleep(0.02)


def test_killed_under_load(once):
    """Workers that are killed one after the other under load leave nothing lost and nothing twice."""
    feed(once, 2500)
    for _ in range(4):
        with once.worker() as worker:
            wait_for_batches(once, 7)
            worker.kill()
    with once.worker(), once.worker():
        once.wait_for_outcomes(2500)
    assert_once(once, 2500)


@contextlib.contextmanager
def sleeper(pipeline: Pipeline, point: str) -> Iterator[tuple[subprocess.Popen, Path]]:
    """A worker that stops itself at the point once the file is there."""
    flag = pipeline.folder / "stop"
    command = [sys.executable, "-m", "tests.integration.stopping", point, str(flag), "worker"]
    with (pipeline.folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=pipeline._environ(), stdout=log, stderr=log)
    try:
        yield process, flag
    finally:
        process.send_signal(signal.SIGCONT)
        stop(process)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_slept_through_its_session_delivers_nothing_of_what_it_had(once, point):
    """A zombie, wherever in a transaction it fell asleep, is shut out by whoever took its partitions over."""
    feed(once, 1500)
    with sleeper(once, point) as (zombie, flag):
        if point != "open":
            wait_for_batches(once, 3)
        flag.touch()
        wait_until(lambda: not flag.exists())
        with once.worker():
            once.wait_for_outcomes(1500)  # whose work begins once the session is over
            zombie.send_signal(signal.SIGCONT)
            feed(once, 300, first=1500)
            once.wait_for_outcomes(1800)
            wait_until(lambda: zombie.poll() is not None or once.log("worker").count("taking") > 1)
            feed(once, 200, first=1800)
            once.wait_for_outcomes(2000)
    assert_once(once, 2000)


def wait_until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_stopped_under_backlog(once):
    """SIGTERM under backlog ends a worker within 3 s and with exit code 0, and the next goes on behind it."""
    feed(once, 3000)
    took = []
    for _ in range(3):
        with once.worker() as worker:
            wait_for_batches(once, 5)
            took.append(seconds_to_stop(worker))
    with once.worker():
        once.wait_for_outcomes(3000)
    assert max(took) <= 3
    assert_once(once, 3000)


def test_workers_join_and_leave_under_load(once):
    """Partitions that go from worker to worker are opened by the one behind what the other committed."""
    feed(once, 6000)
    with once.worker() as first:
        wait_for_batches(once, 10)
        with once.worker() as second:
            wait_for_batches(once, 20)
            with once.worker():
                wait_for_batches(once, 20)
                assert stop(first) == 0
                wait_for_batches(once, 10)
                assert stop(second) == 0
                once.wait_for_outcomes(6000)
    assert_once(once, 6000)


def test_thirty_two_partitions(once):
    """One worker has 32 partitions, is killed under load, and another has them all; it stops within 3 s."""
    asyncio.run(_partition(once, 32))
    once.environ["NEWSIEVE_BATCH_PAGES"] = "32"
    feed(once, 4000)
    with once.worker() as first:
        wait_for_batches(once, 3)
        first.kill()
        with once.worker() as second:
            once.wait_for_outcomes(4000)
            assert seconds_to_stop(second) <= 3
    assert len({record.partition for record in once.records(PAGES_TOPIC)}) == 32
    assert_once(once, 4000)


async def _partition(pipeline: Pipeline, count: int) -> None:
    async with kafka_admin.admin_of(pipeline.settings) as admin:
        await admin.create_partitions({PAGES_TOPIC: NewPartitions(count)})

        async def are_there() -> bool:
            [topic] = await admin.describe_topics([PAGES_TOPIC])
            return len(topic["partitions"]) == count

        await eventually(are_there)


def test_a_part_that_a_topic_does_not_take_kills_its_page_alone(once):
    """A record that Kafka refuses for its size in the middle of a transaction makes its page dead, and no other."""
    asyncio.run(_limit(once, "parts.sport", 40_000))
    numbers = range(600)
    large = {137, 138, 400}
    asyncio.run(_feed_texts(once, {n: TEXT.format(n=n) + "\n" + "Rain. " * 10_000 * (n in large) for n in numbers}))
    with once.worker():
        outcomes = once.wait_for_outcomes(600)
    assert Counter(o["outcome"] for o in outcomes) == {"tagged": 597, "dead": 3}
    assert {o["url"] for o in outcomes if o["outcome"] == "dead"} == {f"https://once.example/{n}" for n in large}
    assert max(Counter(o["source"] for o in outcomes).values()) == 1
    assert len(once.records(DEAD_TOPIC)) == 3
    assert max(Counter(_part(record) for record in once.part_records()).values()) == 1


async def _limit(pipeline: Pipeline, name: str, most: int) -> None:
    async with kafka_admin.admin_of(pipeline.settings) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": str(most)})
        await admin.alter_configs([resource])


async def _feed_texts(pipeline: Pipeline, texts: dict[int, str]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, linger_ms=20)
    await producer.start()
    for n, text in texts.items():
        page = json_page(f"https://once.example/{n}", text)
        await producer.send(PAGES_TOPIC, page.value, key=page.key)
    await producer.stop()


def test_readers_see_what_was_committed_and_nothing_else(once):
    """Parts of a transaction that was taken back reach neither a subscriber nor an export, alone or with a group."""
    feed(once, 20)
    with once.worker():
        once.wait_for_outcomes(20)
    record = once.part_records()[0]
    ghost = json.loads(record.value) | {"id": "ghost", "item_id": "ghost"}
    asyncio.run(_take_back(once, record.topic, json.dumps(ghost).encode()))
    shown = once.subscribe("--every-sighting") + once.subscribe("--every-sighting", "--group", "readers")
    assert len({part["id"] for part in shown}) == len({_part(record)[1] for record in once.part_records()})
    assert "ghost" not in {part["id"] for part in shown} | {_part(record)[1] for record in once.part_records()}


async def _take_back(pipeline: Pipeline, kafka_topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, transactional_id="ghost")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(kafka_topic, value, key=b"ghost")
    await producer.abort_transaction()
    await producer.stop()
