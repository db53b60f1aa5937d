"""Subscribers that restart, share a group or are not read: nobody is shown a part twice, and none hangs."""

import asyncio
import contextlib
import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from fake_models import mark_tagger

from models.page import Page
from streams.records import part_fields
from tests.integration.pipeline import newsieve, seconds_to_stop, stop

pytestmark = pytest.mark.kafka


def parts(count: int, start: int = 0) -> list[dict]:
    """Parts about sport that are about science as well, one a page."""
    pages = [Page(f"p{n}", f"https://example.org/{n}", f"# Match {n}") for n in range(start, start + count)]
    return [part_fields(part, "2026-01-05T10:00:00Z") for found in mark_tagger().tag(pages) for part in found]


def publish(pipeline, records: Sequence[dict], topics: Sequence[str] = ("sport", "science")) -> None:
    """Put the parts on their topics, as a worker does."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, linger_ms=5)
        await producer.start()
        for fields in records:
            for topic in topics:
                await producer.send(f"parts.{topic}", orjson.dumps(fields), key=fields["page_id"].encode())
        await producer.stop()

    asyncio.run(send())


def ids(shown: Sequence[dict]) -> list[str]:
    return [part["id"] for part in shown]


def test_a_group_remembers_what_it_showed_before_its_restart(pipeline):
    """What a worker put on the topic a second time, while the subscriber was away, is not shown a second time."""
    found = parts(300)
    publish(pipeline, found)
    group = ("sport", "science", "--group", "readers", "--every-sighting")
    assert sorted(ids(pipeline.subscribe(*group))) == sorted(ids(found))
    publish(pipeline, [*found[100:], *parts(20, start=1000)])
    assert sorted(ids(pipeline.subscribe(*group))) == sorted(ids(parts(20, start=1000)))


def test_a_new_group_that_was_shown_nothing_yet_does_not_forget_its_place(pipeline):
    """Started at the end of the topic and stopped before anything came, a group goes on from there."""
    publish(pipeline, parts(5))
    pipeline.run("subscribe", "sport", "--group", "late", "--idle-seconds", "2")
    publish(pipeline, parts(3, start=50))
    shown = pipeline.run("subscribe", "sport", "--group", "late", "--idle-seconds", "3").stdout
    assert sorted(json.loads(line)["id"] for line in shown.splitlines()) == sorted(ids(parts(3, start=50)))


def test_members_that_come_and_go_show_each_part_once(pipeline):
    """Two members of a group, each with copies of the same parts, one of them stopped and another joining meanwhile."""
    command = newsieve("subscribe", "sport", "science", "--from-beginning", "--group", "shared", "--every-sighting")
    outputs = [pipeline.folder / f"member-{n}.jsonl" for n in range(3)]
    published = parts(400)
    publish(pipeline, published)
    with contextlib.ExitStack() as members:

        def join(n: int) -> subprocess.Popen[bytes]:
            with outputs[n].open("wb") as output:
                process = subprocess.Popen(command, env=pipeline._environ(), stdout=output)
            members.callback(stop, process)
            return process

        first = join(0)
        join(1)
        wait_until(lambda: len(shown_in(outputs)) >= 400)
        for start in range(1000, 4000, 500):
            publish(pipeline, parts(100, start))
            published += parts(100, start)
            if start == 2000:
                assert stop(first) == 0
                join(2)
            time.sleep(1)
        wait_until(lambda: len(shown_in(outputs)) >= len(published))
        time.sleep(2)
    shown = Counter(shown_in(outputs))
    assert shown.keys() == set(ids(published))
    assert max(shown.values()) == 1


def wait_until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def shown_in(outputs) -> list[str]:
    return [json.loads(line)["id"] for path in outputs for line in lines(path)]


def lines(path) -> list[bytes]:
    return [line for line in (path.read_bytes() if path.exists() else b"").split(b"\n")[:-1] if line]


def test_nothing_is_missed_of_a_kafka_topic_that_is_deleted_and_made_anew(pipeline):
    """A group at whose place there is nothing any more begins with what is there, and is shown nothing else."""
    publish(pipeline, parts(50), ["sport"])
    with (pipeline.folder / "shown.jsonl").open("wb") as output:
        command = newsieve("subscribe", "sport", "--group", "late", "--every-sighting")
        reader = subprocess.Popen(command, env=pipeline._environ(), stdout=output)
    try:
        shown = [pipeline.folder / "shown.jsonl"]
        while not shown_in(shown):
            publish(pipeline, parts(1, start=100), ["sport"])
            time.sleep(0.3)
        pipeline.renew_topics()
        publish(pipeline, parts(40, start=200), ["sport"])
        wait_until(lambda: len(set(shown_in(shown))) >= 41)
    finally:
        assert stop(reader) == 0
    assert Counter(shown_in(shown)) == dict.fromkeys(ids(parts(1, start=100) + parts(40, start=200)), 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_although_nobody_reads_its_pipe(pipeline, number):
    """With its pipe full, a subscriber ends within 3 s of a signal, with exit code 0, and goes on there later."""
    publish(pipeline, parts(2000))
    command = newsieve("subscribe", "sport", "--from-beginning", "--group", "blocked")
    process = subprocess.Popen(
        command, env=pipeline._environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    first = process.stdout.readline()
    time.sleep(3)  # the pipe is full
    assert seconds_to_stop(process, number) < 3
    rest, said = process.communicate()
    assert said == b""
    whole = [json.loads(line)["id"] for line in (first + rest).split(b"\n")[:-1]]
    later = ids(pipeline.subscribe("sport", "--group", "blocked", "--every-sighting"))
    assert set(whole) | set(later) == set(ids(parts(2000)))
    assert not set(whole) & set(later)
