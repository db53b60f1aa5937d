"""Pages in, parts out, on a real Kafka, with `newsieve` commands as a user runs them."""

import asyncio
import gzip
import json
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from models import store
from models.page import lines_of
from streams import kafka_admin, kafka_topics
from tests.integration.pipeline import (
    SLUGS,
    _none_of,
    eventually,
    json_lines,
    newsieve,
    sample_pages,
    stop,
    tagged,
    timeless,
)

pytestmark = pytest.mark.kafka


def test_a_subscriber_gets_what_the_models_say(pipeline, valid_part):
    """Fed, tagged by a worker and subscribed to, the parts are those that the tagger gives without Kafka, each once."""
    pages = sample_pages()
    with pipeline.worker():
        pipeline.feed(pages)
        outcomes = pipeline.wait_for_outcomes(len(pages))
        shown = pipeline.subscribe("--every-sighting")
    expected = tagged(pages)
    assert {part["id"]: timeless(valid_part(part)) for part in shown} == expected
    assert len(shown) == len(expected)
    assert {o["page_id"]: o["parts"] for o in outcomes} == {
        page.id: sum(part["page_id"] == page.id for part in expected.values()) for page in pages
    }
    assert {o["outcome"] for o in outcomes} == {"tagged"}


def test_a_topic_brings_its_parts_alone(pipeline):
    """A subscriber to some topics gets the parts on these, filtered by kind, and an item that recurs once."""
    pages = sample_pages(copies=2)
    with pipeline.worker():
        pipeline.feed(pages)
        pipeline.wait_for_outcomes(len(pages))
    shown = pipeline.subscribe("technology", "sport", "--kind", "teaser")
    assert shown
    assert all({"technology", "sport"} & {guess["topic"] for guess in part["topics"]} for part in shown)
    assert {part["kind"] for part in shown} == {"teaser"}
    assert max(Counter(part["item_id"] for part in shown).values()) == 1
    assert len(pipeline.subscribe("technology", "sport", "--kind", "teaser", "--every-sighting")) > len(shown)


def test_a_group_goes_on_where_it_stopped(pipeline):
    """A subscriber with a group that comes back gets what came meanwhile, and nothing again."""
    pages = sample_pages()
    with pipeline.worker():
        pipeline.feed(pages[:5])
        pipeline.wait_for_outcomes(5)
        first = pipeline.subscribe("--group", "readers")
        pipeline.feed(pages[5:])
        pipeline.wait_for_outcomes(len(pages))
        second = pipeline.subscribe("--group", "readers")
    assert {part["page_id"] for part in first} == {page.id for page in pages[:5]}
    assert {part["page_id"] for part in second} == {page.id for page in pages[5:]}


def test_a_group_that_stops_early_misses_and_repeats_nothing(pipeline):
    """With a limit, each run of a group shows the next parts, none twice and none left out."""
    pages = sample_pages()[:2]
    with pipeline.worker():
        pipeline.feed(pages)
        pipeline.wait_for_outcomes(len(pages))
    shown = [part["id"] for _ in range(2) for part in pipeline.subscribe("--group", "few", "--limit", "3")]
    shown += [part["id"] for part in pipeline.subscribe("--group", "few")]
    assert len(shown) == len(set(shown))
    assert set(shown) == tagged(pages).keys()


def test_killed_and_joined_under_load(pipeline):
    """With one of two workers killed and another joining under load, each page has its outcome, no part shows twice."""
    pages = sample_pages(copies=40)
    pipeline.feed(pages)
    with pipeline.worker() as first, pipeline.worker():
        pipeline.wait_for_log("worker", " tagged")
        first.send_signal(signal.SIGKILL)
        with pipeline.worker():
            outcomes = pipeline.wait_for_outcomes(len(pages))
    assert {outcome["page_id"] for outcome in outcomes} == {page.id for page in pages}
    assert {outcome["outcome"] for outcome in outcomes} == {"tagged"}
    shown = Counter(part["id"] for part in pipeline.subscribe("--every-sighting"))
    assert shown.keys() == tagged(pages).keys()
    assert max(shown.values()) == 1


def test_workers_that_join_and_leave_repeat_nothing(pipeline):
    """Partitions that go from worker to worker under load are handed over between two batches."""
    pages = sample_pages(copies=60)
    pipeline.feed(pages)
    with pipeline.worker() as first:
        pipeline.wait_for_log("worker", " tagged")
        with pipeline.worker(), pipeline.worker():
            assert stop(first) == 0
            pipeline.wait_for_outcomes(len(pages) // 2)
        with pipeline.worker():
            pipeline.wait_for_outcomes(len(pages))
    assert max(Counter(outcome["source"] for outcome in pipeline.outcomes()).values()) == 1


def test_a_stopped_worker_repeats_nothing(pipeline):
    """A worker that gets SIGTERM under backlog ends with exit code 0; the next goes on without a repeat."""
    pages = sample_pages(copies=40)
    pipeline.feed(pages)
    with pipeline.worker() as first:
        pipeline.wait_for_log("worker", " tagged")
        assert stop(first) == 0
    assert "in time" not in pipeline.log("worker")
    done_by_first = len(pipeline.outcomes())
    assert done_by_first < len(pages), "the backlog was too short for this test"
    with pipeline.worker():
        pipeline.wait_for_outcomes(len(pages))
    assert max(Counter(outcome["source"] for outcome in pipeline.outcomes()).values()) == 1
    on_topics = Counter((record.topic, json.loads(record.value)["id"]) for record in pipeline.part_records())
    assert max(on_topics.values()) == 1


def test_a_page_on_a_live_pipe_does_not_wait_for_the_next(pipeline):
    """`feed -` delivers what it has read, however long the pipe then stays silent."""
    first, second = (json_lines([page]) for page in sample_pages()[:2])
    feeding = subprocess.Popen(newsieve("feed", "-"), env=pipeline._environ(), stdin=subprocess.PIPE, stderr=-1)
    feeding.stdin.write(first)
    feeding.stdin.flush()
    with pipeline.worker():
        pipeline.wait_for_outcomes(1)
        _, said = feeding.communicate(second, timeout=60)
        pipeline.wait_for_outcomes(2)
    assert (feeding.returncode, said) == (0, b"2 pages delivered to pages.raw\n")


def test_a_worker_waits_for_its_topics(broker, tmp_path, pipeline):
    """A worker without Kafka topics says which are missing and how to make them, and works once they are there."""

    async def delete() -> None:
        async with kafka_admin.admin_of(pipeline.settings) as admin:
            names = {topic.name for topic in kafka_topics.kafka_topics(SLUGS)}
            await admin.delete_topics(list(names))
            await eventually(lambda: _none_of(admin, names))

    asyncio.run(delete())
    with pipeline.worker() as worker:
        pipeline.wait_for_log("worker", "newsieve topics create")
        assert worker.poll() is None
        made = pipeline.run("topics", "create").stdout.decode().split()
        again = pipeline.run("topics", "create").stdout.decode().split()
        pipeline.feed(sample_pages()[:2])
        pipeline.wait_for_outcomes(2)
    assert {"pages.raw", "pages.done", "pages.dead", "labels", "parts.sport", "parts.unclear"} <= set(made)
    assert again == []


def test_corrections_come_back_as_a_corpus(pipeline, tmp_path):
    """Labels put on parts stand in the exported corpus, beside the unlabelled parts and the pages as cut, and train."""
    pages = sample_pages()[:4]
    with pipeline.worker():
        pipeline.feed(pages)
        pipeline.wait_for_outcomes(len(pages))
    ids = [part["id"] for part in pipeline.subscribe("--every-sighting")][:4]
    labels = dict(zip(ids, ["religion", "weather", "religion", "weather"], strict=True))
    pipeline.run("label", ids[0], "weather")
    pipeline.run("label", "-", stdin="".join(f"{part_id} {topic}\n" for part_id, topic in labels.items()).encode())
    pipeline.run("label", "0" * 32, "sport")
    corpus = tmp_path / "corpus"
    pipeline.run("export", "--to", str(corpus))
    assert {row["id"]: row["topics"] for row in rows(corpus / "topics/labelled.jsonl.gz")} == {
        part_id: [topic] for part_id, topic in labels.items()
    }
    assert {row["id"] for row in rows(corpus / "topics/unlabelled.jsonl.gz")} == tagged(pages).keys() - labels.keys()
    assert [row["part_id"] for row in rows(corpus / "topics/unmatched-labels.jsonl.gz")] == ["0" * 32]
    machine = {row["id"]: [line["text"] for line in row["lines"]] for row in rows(corpus / "pages/machine.jsonl.gz")}
    assert machine == {page.id: [line.text for line in lines_of(page.text)] for page in pages}
    pipeline.run("train", "topics", "--corpus", str(corpus), "--to", str(tmp_path / "models"))
    assert store.load("topics", tmp_path / "models")[1]["topics"] == SLUGS


def rows(path: Path) -> list[dict]:
    with gzip.open(path) as file:
        return [json.loads(line) for line in file]


def test_a_page_fed_again_is_repeated(pipeline):
    """Fed twice, pages come out once; each feeding has its outcome, and a worker that is told to publishes again."""
    pages = sample_pages()[:5]
    with pipeline.worker():
        pipeline.feed([*pages, *pages])
        first = pipeline.wait_for_outcomes(10)
        count = len(pipeline.part_records())
        pipeline.feed(pages)
        pipeline.wait_for_outcomes(15)
    assert Counter(outcome["outcome"] for outcome in first) == {"tagged": 5, "repeated": 5}
    assert len(pipeline.part_records()) == count
    pipeline.environ["NEWSIEVE_REPUBLISH"] = "always"
    with pipeline.worker():
        pipeline.feed([*pages, *pages])
        pipeline.wait_for_outcomes(25)
    assert len(pipeline.part_records()) == 3 * count
    assert len(pipeline.subscribe("--every-sighting")) == len(tagged(pages))
