"""Workers that would live on and do nothing: each leaves with exit code 1 and says why; healthy ones stay."""

import asyncio
import subprocess
import sys
import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from odd_models import STICKS, save_odd_models

from models.page import Page
from streams import kafka_admin, kafka_topics
from streams.kafka_topics import PAGES_TOPIC
from tests.integration.pipeline import PARTITIONS, SLUGS, _none_of, eventually, seconds_to_stop

pytestmark = pytest.mark.kafka

LIMIT_SECONDS = 5
"""The least that the watchdog can be set to."""


@pytest.fixture
def odd(pipeline, tmp_path):
    """The pipeline with models that obey their pages, and an impatient watchdog."""
    models = save_odd_models(tmp_path / "models")
    pipeline.environ |= models | {
        "NEWSIEVE_WATCHDOG_SECONDS": str(LIMIT_SECONDS),
        "NEWSIEVE_SESSION_TIMEOUT_SECONDS": "6",
        "NEWSIEVE_REBALANCE_SECONDS": "6",
    }
    return pipeline


def pages(*texts: str) -> list[Page]:
    return [Page(f"p{n}", f"https://example.org/{n}", text) for n, text in enumerate(texts)]


def left(worker, pipeline, within: float) -> str:
    """What the worker said when it left by itself, with exit code 1 and in one line."""
    assert worker.wait(timeout=within) == 1, pipeline.log("worker")[-2000:]
    (line,) = [line for line in pipeline.log("worker").splitlines() if "leaving:" in line]
    return line


def test_a_model_that_never_ends(odd):
    """A thread stuck in the model, the event loop alive."""
    odd.feed(pages("# One", STICKS))
    with odd.worker() as worker:
        line = left(worker, odd, 120)
    assert "pages.raw[" in line
    assert "tagging for" in line


def test_a_worker_with_a_batch_that_never_ends_is_gone_in_time_when_it_is_told_to(odd):
    """It says that it leaves a batch behind; the next worker takes care that it does not cost its life."""
    odd.environ["NEWSIEVE_WATCHDOG_SECONDS"] = "60"
    odd.feed(pages(STICKS))
    with odd.worker() as worker:
        odd.wait_for_log("worker", "taking pages.raw")
        time.sleep(3)  # it has the page in hand
        assert seconds_to_stop(worker) <= 3.3
    assert odd.log("worker").count("the batch in hand does not end in time") == 1
    assert odd.outcomes() == []
    odd.environ["NEWSIEVE_WATCHDOG_SECONDS"] = str(LIMIT_SECONDS)
    with odd.worker() as worker:
        (outcome,) = odd.wait_for_outcomes(1)
        assert (outcome["outcome"], outcome["error"]) == ("dead", "bug")
        assert worker.poll() is None


def test_pages_raw_made_anew(odd):
    """`pages.raw` deleted and made again under a worker: it tags what comes, or leaves and the next one does."""
    odd.feed(pages(*["# A"] * 40))
    with odd.worker() as worker:
        odd.wait_for_outcomes(40)
        time.sleep(2)  # all is committed
        asyncio.run(make_anew(odd))
        odd.feed(pages("# B"))
        wait_for(lambda: worker.poll() is not None or len(odd.outcomes()) == 41)
    if worker.returncode == 1:
        with odd.worker():
            wait_for(lambda: len(odd.outcomes()) == 41)
    assert len(odd.outcomes()) == 41


def wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.3)


async def make_anew(pipeline) -> None:
    [pages_topic] = [t for t in kafka_topics.kafka_topics(SLUGS, PARTITIONS) if t.name == PAGES_TOPIC]
    async with kafka_admin.admin_of(pipeline.settings) as admin:
        await admin.delete_topics([PAGES_TOPIC])
        await eventually(lambda: _none_of(admin, {PAGES_TOPIC}))
        await kafka_admin.create(admin, [pages_topic], replication=1)


def test_a_foreign_consumer_in_the_group(odd):
    """A consumer of another program holds the group with a protocol that workers do not speak."""

    async def hold_group() -> None:
        foreign = AIOKafkaConsumer(
            PAGES_TOPIC, bootstrap_servers=odd.bootstrap, group_id=odd.environ["NEWSIEVE_GROUP"],
            partition_assignment_strategy=[RangePartitionAssignor],
        )  # fmt: skip
        await foreign.start()
        try:
            await asyncio.to_thread(watch)
        finally:
            await foreign.stop()

    def watch() -> None:
        odd.feed(pages("# One"))
        with odd.worker() as worker:
            assert "'range'" in left(worker, odd, 120)

    asyncio.run(hold_group())


WRECK = """
import asyncio, sys
from streams import worker
from streams.metrics import Metrics
from streams.status import Status
from streams.settings import Settings
from models.tagger import load_tagger
from pathlib import Path
"""


def test_a_session_timeout_that_kafka_refuses(odd):
    """A worker whose session timeout is out of the broker's bounds never gets into the group."""
    run = (
        "worker.run(Settings(broker=sys.argv[1], group='refused', session_timeout_seconds=2, rebalance_seconds=2, "
        "watchdog_seconds=5), load_tagger(Path(sys.argv[2])), ['sport'])"
    )
    line = wreck(odd, run)
    assert "in its group" in line


def test_a_coordinator_that_ends(odd):
    """The task that keeps a worker in its group dies: it is out of the group for good, and says nothing."""
    odd.environ["NEWSIEVE_GROUP"] = "wrecked"
    run = """
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
made = worker.make_worker(Settings(broker=sys.argv[1], group='wrecked', session_timeout_seconds=6, rebalance_seconds=2,
    watchdog_seconds=5), load_tagger(Path(sys.argv[2])), loop, Metrics({}), Status(None))
async def wreck():
    await asyncio.sleep(8)
    thread = made.app._consumer._thread
    thread.thread_loop.call_soon_threadsafe(thread._consumer._coordinator._coordination_task.cancel)
    thread.thread_loop.call_soon_threadsafe(thread._consumer._coordinator._heartbeat_task.cancel)
loop.create_task(wreck())
made.execute_from_commandline()
"""
    odd.feed(pages("# One"))
    line = wreck(odd, run)
    assert "in its group" in line or "a page waits" in line


def wreck(pipeline, run: str) -> str:
    """What a worker that is wrecked by `run` says when it leaves."""
    with (pipeline.folder / "worker.log").open("ab") as log:
        arguments = [sys.executable, "-c", WRECK + run, pipeline.bootstrap, pipeline.environ["NEWSIEVE_MODELS"]]
        worker = subprocess.Popen(arguments, env=pipeline._environ(), stdout=log, stderr=log)
    try:
        return left(worker, pipeline, 120)
    finally:
        worker.kill()
        worker.wait()


def test_a_worker_without_work_stays(odd):
    """Nothing to do, more workers than partitions, or only ends of transactions to read: no reason to leave."""
    asyncio.run(send_in_transactions(odd))
    workers = [odd.start("worker") for _ in range(2)]
    try:
        odd.wait_for_outcomes(3)
        time.sleep(LIMIT_SECONDS * 4)
        assert [worker.poll() for worker in workers] == [None] * 2, odd.log("worker")[-2000:]
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait(timeout=15)


async def send_in_transactions(pipeline) -> None:
    """Three pages in committed transactions, and more in aborted ones: before, between and behind them."""
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, transactional_id="feeder")
    await producer.start()
    for number, kept in enumerate([True, False, False, True, True, False, False]):
        await producer.begin_transaction()
        for copy in range(1 if kept else 4):
            value = b'{"url": "u%d-%d", "text": "# T"}' % (number, copy)
            await producer.send_and_wait(PAGES_TOPIC, value, key=b"k", partition=1)
        await (producer.commit_transaction() if kept else producer.abort_transaction())
    await producer.stop()


def test_pages_of_aborted_transactions_are_none(odd):
    """Only what was committed is tagged, wherever aborted transactions lie, and a new worker repeats nothing."""
    asyncio.run(send_in_transactions(odd))
    for _ in range(2):
        with odd.worker():
            outcomes = odd.wait_for_outcomes(3)
            time.sleep(4)
        outcomes = odd.outcomes()
        assert sorted(outcome["url"] for outcome in outcomes) == ["u0-0", "u3-0", "u4-0"]
