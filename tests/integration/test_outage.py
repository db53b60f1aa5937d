"""Kafka that is not there yet, goes away, or never comes back."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from odd_models import save_odd_models

from streams.broker import LocalBroker
from tests.integration.pipeline import Pipeline, sample_pages

pytestmark = pytest.mark.kafka


@pytest.fixture
def own_broker(broker_folder, broker) -> Iterator[LocalBroker]:
    """A broker of the test's own, not started: it needs the jars that the run's broker has."""
    local = LocalBroker(broker_folder, port=0)
    yield local
    local.stop()


@pytest.fixture
def own_pipeline(own_broker, tmp_path) -> Pipeline:
    """Kafka topics on the test's own broker, which listens on the same port when it is started again."""
    own_broker.start(tied=True)
    own_broker.port = int(own_broker.bootstrap.split(":")[1])
    fresh = Pipeline(own_broker.bootstrap, tmp_path, {"NEWSIEVE_GIVE_UP_SECONDS": "5"})
    fresh.renew_topics()
    return fresh


def test_feed_waits_for_a_late_kafka(own_pipeline, own_broker):
    """`feed` that starts before Kafka says so, waits, and delivers once it is up."""
    own_broker.stop()
    pages = sample_pages()[:3]
    (own_pipeline.folder / "pages.jsonl").write_bytes(b"".join(_line(page) for page in pages))
    feeding = own_pipeline.start("feed", str(own_pipeline.folder / "pages.jsonl"))
    own_pipeline.wait_for_log("feed", "no Kafka at")
    own_broker.start(tied=True)
    assert feeding.wait(timeout=60) == 0
    assert {json.loads(r.value)["id"] for r in own_pipeline.records("pages.raw")} == {page.id for page in pages}


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_an_outage_loses_nothing(own_pipeline, own_broker, delivery):
    """Pages that a worker has in hand when Kafka goes away and comes back are all tagged, and exactly once if asked."""
    pages = sample_pages(copies=40)
    own_pipeline.environ["NEWSIEVE_DELIVERY"] = delivery
    own_pipeline.environ["NEWSIEVE_GIVE_UP_SECONDS"] = "60"
    own_pipeline.feed(pages)
    with own_pipeline.worker() as worker:
        own_pipeline.wait_for_log("worker", " tagged")
        own_broker.stop()
        time.sleep(4)
        own_broker.start(tied=True)
        outcomes = own_pipeline.wait_for_outcomes(len(pages))
        assert worker.poll() is None
    assert {outcome["page_id"] for outcome in outcomes} == {page.id for page in pages}
    assert delivery == "at-least-once" or len(outcomes) == len(pages)


def test_a_worker_that_cannot_deliver_leaves(own_pipeline, own_broker):
    """With a batch in hand and no Kafka for the time to give up, the worker leaves with exit code 1 and says why."""
    own_pipeline.feed(sample_pages(copies=40))
    with own_pipeline.worker() as worker:
        own_pipeline.wait_for_log("worker", " tagged")
        own_broker.stop()
        assert worker.wait(timeout=60) == 1
    assert "within 5 s" in own_pipeline.log("worker")


STARTS_LATE = """
import asyncio, sys
from streams import worker
from streams.metrics import Metrics
from streams.status import Status
from streams.settings import Settings
from models.tagger import load_tagger
from pathlib import Path
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
settings = Settings(broker=sys.argv[1], delivery=sys.argv[2])
worker.make_worker(settings, load_tagger(Path(sys.argv[3])), loop, Metrics({}), Status(None)).execute_from_commandline()
"""


def test_a_kafka_that_freezes_is_told_in_one_line(broker, tmp_path):
    """Every verb says that Kafka does not answer; a worker that had seen its topics leaves with one line and code 1."""
    environ = save_odd_models(tmp_path / "models")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        pipeline = Pipeline(address, tmp_path, environ)
        waiting = [pipeline.start(*verb) for verb in (("worker",), ("feed", "-"), ("subscribe", "sport"))]
        started = [start_late(pipeline, delivery) for delivery in ("at-least-once", "exactly-once")]
        dead = pipeline.run("dead", check=False)
        try:
            for verb in ("worker", "feed", "subscribe"):
                pipeline.wait_for_log(verb, f"waiting: Kafka at {address} accepts connections and does not answer")
            said = [process.communicate(timeout=60)[0] for process in started]
        finally:
            process: subprocess.Popen[Any]
            for process in (*waiting, *started):
                process.kill()
                process.wait()
    assert [process.returncode for process in started] == [1, 1]
    assert [lines.splitlines()[-1].count("leaving: BrokerError: Kafka at") for lines in said] == [1, 1]
    assert "Traceback" not in "".join(said)
    assert (dead.returncode, dead.stderr.decode().count("\n")) == (1, 1)


def start_late(pipeline: Pipeline, delivery: str) -> subprocess.Popen[str]:
    """A worker that has done with waiting."""
    command = [sys.executable, "-c", STARTS_LATE, pipeline.bootstrap, delivery, pipeline.environ["NEWSIEVE_MODELS"]]
    return subprocess.Popen(
        command, env=pipeline._environ(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def _line(page) -> bytes:
    return json.dumps({"id": page.id, "url": page.url, "text": page.text}).encode() + b"\n"
