"""What Faust would lose on a real Kafka: a page at the head of its partition, and a record above the client's limit."""

import asyncio
import time

import orjson
import pytest

from models.page import Page
from streams import kafka_admin
from streams.kafka_topics import PAGES_TOPIC
from tests.faults.models import STICK, save_models
from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.kafka

CLIENT_LIMIT_BYTES = 1_000_000
"""`max_request_size` of Faust's producer, unless it is told another."""


@pytest.fixture
def quick(pipeline: Pipeline, tmp_path) -> Pipeline:
    """The pipeline with models that are quick, stick once where they are asked to, and take one page at a time."""
    pipeline.environ |= {
        "NEWSIEVE_MODELS": str(save_models(tmp_path / "models")),
        "NEWSIEVE_SESSION_TIMEOUT_SECONDS": "6",
        "NEWSIEVE_REBALANCE_SECONDS": "12",
        "NEWSIEVE_BATCH_PAGES": "1",
        STICK: str(tmp_path / "stick"),
    }
    pipeline.patience_seconds = 120
    return pipeline


def pages(first: int, count: int) -> list[Page]:
    return [Page(f"p{n}", f"https://example.org/{n}", f"# Page {n}\nThe match.") for n in range(first, first + count)]


def send(pipeline: Pipeline, *found: Page) -> None:
    """Put the pages on one partition."""
    values = [orjson.dumps({"id": page.id, "url": page.url, "text": page.text}) for page in found]
    pipeline.send([(page.url.encode(), value, ()) for page, value in zip(found, values, strict=True)])


def committed(pipeline: Pipeline) -> int:
    """Where the group is on that partition."""

    async def ask() -> int:
        async with kafka_admin.admin_of(pipeline.settings) as admin:
            found = await admin.list_consumer_group_offsets(pipeline.environ["NEWSIEVE_GROUP"])
        return max(0, *(told.offset for tp, told in found.items() if tp == (PAGES_TOPIC, 0)), 0)

    return asyncio.run(ask())


@pytest.mark.parametrize("before", [0, 5])
def test_a_slow_page_at_the_head_is_not_committed_over(quick: Pipeline, tmp_path, before: int):
    """Its worker killed, others tag it and all behind it: in a new group, and in one that had come as far as there."""
    if before:
        with quick.worker():
            send(quick, *pages(0, before))
            quick.wait_for_outcomes(before)
        assert committed(quick) == before
    stick = tmp_path / "stick"
    stick.touch()
    send(quick, *pages(before, 20))
    with quick.worker() as worker:
        deadline = time.monotonic() + quick.patience_seconds
        while stick.exists():  # until the head is in hand
            assert time.monotonic() < deadline, quick.log("worker")
            time.sleep(0.1)
        time.sleep(3)  # a commit would come each second; there is none, however long this takes
        assert committed(quick) == before
        assert len(quick.outcomes()) == before
        worker.kill()
    with quick.worker():
        outcomes = quick.wait_for_outcomes(before + 20)
    assert {(told["page_id"], told["outcome"]) for told in outcomes} == {
        (page.id, "tagged") for page in pages(0, before + 20)
    }


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_pages_above_the_clients_own_limit_come_out(quick: Pipeline, delivery: str):
    """A page of 1.2 MB is tagged, with all of its text in one part; one of 8 MB is dead, with all of its bytes."""
    quick.environ |= {"NEWSIEVE_DELIVERY": delivery}
    large, larger = (Page(f"{size} bytes", "https://example.org/l", "# T\n" + "word " * (size // 5))
                     for size in (1_200_000, 8_000_000))  # fmt: skip
    with quick.worker() as worker:
        send(quick, large, larger, *pages(0, 1))
        outcomes = [told["outcome"] for told in quick.wait_for_outcomes(3)]
        assert worker.poll() is None
    assert sorted(outcomes) == ["dead", "tagged", "tagged"]
    [part] = [part for record in quick.part_records() if (part := orjson.loads(record.value or b""))["page_id"] != "p0"]
    assert len(part["text"]) > CLIENT_LIMIT_BYTES
    assert [len(letter.value or b"") > 8_000_000 for letter in quick.dead()] == [True]
