"""The pipeline as a user has it: `newsieve` commands as processes, on the run's Kafka."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from models import store
from models.page import Page
from models.tagger import load_tagger
from scripts.samples import read_samples
from streams import kafka_admin, kafka_topics
from streams.backlog import backlog, raw_record
from streams.fair_clock import FairClock, waited_seconds
from streams.kafka_topics import DEAD_TOPIC, DONE_TOPIC, PAGES_TOPIC, UNCLEAR, parts_topic
from streams.records import Headers, RawRecord, part_fields
from streams.settings import MAX_RECORD_BYTES, Settings

T = TypeVar("T")
SLUGS = [str(slug) for slug in store.read_card("topics")["topics"]]
PARTITIONS = 4
PATIENCE_SECONDS = 60


@dataclass
class Pipeline:
    """Fresh Kafka topics on a running Kafka, and commands that talk to it."""

    bootstrap: str
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    patience_seconds: float = PATIENCE_SECONDS

    @property
    def settings(self) -> Settings:
        return Settings(broker=self.bootstrap)

    def renew_topics(self) -> None:
        """Delete what other tests left, and make the Kafka topics anew."""
        asyncio.run(self._renew_topics())

    async def _renew_topics(self) -> None:
        wanted = kafka_topics.kafka_topics(SLUGS, PARTITIONS)
        async with kafka_admin.admin_of(self.settings) as admin:
            present = set(await admin.list_topics()) & {topic.name for topic in wanted}
            if present:
                await admin.delete_topics(list(present))
            await eventually(lambda: _none_of(admin, present))
            await kafka_admin.create(admin, wanted, replication=1)

    def run(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> subprocess.CompletedProcess[bytes]:
        """Run `newsieve …` to its end."""
        done = subprocess.run(
            newsieve(*arguments), input=stdin, env=self._environ(), capture_output=True, timeout=PATIENCE_SECONDS * 2
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `newsieve …` with its output going to a log in the test's folder."""
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(newsieve(*arguments), env=self._environ(), stdout=log, stderr=log)

    def log(self, verb: str) -> str:
        path = self.folder / f"{verb}.log"
        return path.read_text("utf8", "replace") if path.exists() else ""

    @contextlib.contextmanager
    def worker(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker process that is stopped by SIGTERM at the end, if it still runs."""
        process = self.start("worker", *options)
        try:
            yield process
        finally:
            stop(process)

    def feed(self, pages: Iterable[Page]) -> None:
        """Feed pages as JSON lines on standard input."""
        self.run("feed", "-", stdin=json_lines(pages))

    def send(self, records: Sequence[tuple[bytes | None, bytes | None, Headers]], **options: Any) -> None:
        """Put (key, value, headers) on pages.raw as any Kafka client could, in order on one partition."""
        asyncio.run(self._send(records, {"max_request_size": MAX_RECORD_BYTES} | options))

    async def _send(
        self, records: Sequence[tuple[bytes | None, bytes | None, Headers]], options: dict[str, Any]
    ) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, **options)
        await producer.start()
        for key, value, headers in records:
            await producer.send_and_wait(PAGES_TOPIC, value, key=key, headers=list(headers), partition=0)
        await producer.stop()

    def subscribe(self, *options: str) -> list[dict[str, Any]]:
        """What `newsieve subscribe` prints of all that is there."""
        shown = self.run("subscribe", "--from-beginning", "--idle-seconds", "8", *options).stdout
        return [json.loads(line) for line in shown.splitlines()]

    def records(self, *names: str) -> list[RawRecord]:
        """All records that Kafka topics hold."""
        return asyncio.run(_collected(self.settings, names))

    def part_records(self) -> list[RawRecord]:
        """All records of parts, repeats included."""
        return self.records(*map(parts_topic, [*SLUGS, UNCLEAR]))

    def outcomes(self) -> list[dict[str, Any]]:
        return [json.loads(record.value or b"") for record in self.records(DONE_TOPIC)]

    def dead(self) -> list[RawRecord]:
        return self.records(DEAD_TOPIC)

    def wait_for_outcomes(self, count: int) -> list[dict[str, Any]]:
        """The outcomes, once `count` different pages have one."""
        deadline = time.monotonic() + self.patience_seconds
        while True:
            found = self.outcomes()
            if len({outcome["source"] for outcome in found}) >= count:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {count} outcomes: {self.log('worker')[-2000:]}"
            time.sleep(0.3)

    def wait_for_log(self, verb: str, words: str, times: int = 1) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.log(verb).count(words) < times:
            assert time.monotonic() < deadline, f"{verb} never said {words!r}: {self.log(verb)[-2000:]}"
            time.sleep(0.1)

    def _environ(self) -> dict[str, str]:
        return {**os.environ, "NEWSIEVE_BROKER": self.bootstrap, **self.environ}


def newsieve(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scripts", *arguments]


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
    """Stop a process as a supervisor would, and return its exit code."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def seconds_to_stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> float:
    """How long a process takes to end, with exit code 0, once it is told to, less what it waits for a core."""
    clock = FairClock(waits=lambda: waited_seconds(process.pid))
    with ThreadPoolExecutor(1) as executor:
        code = executor.submit(stop, process, number)
        while not code.done():
            clock()
            time.sleep(0.05)
    assert code.result() == 0
    return clock()


def sample_pages(copies: int = 1) -> list[Page]:
    """The project's sample pages; each copy has ids and urls of its own."""
    samples = [sample.page for sample in read_samples()]
    return [
        Page(
            f"{page.id}-{copy}" if copy else page.id,
            page.url + ("" if not copy else f"?{copy}"),
            page.text,
            page.fetched_at,
        )
        for copy in range(copies)
        for page in samples
    ]


def tagged(pages: Sequence[Page]) -> dict[str, dict[str, Any]]:
    """What the models make of the pages without Kafka: part id → record, but for the time of tagging."""
    found = load_tagger(store.SHIPPED).tag(pages)
    records = [part_fields(part, "") for parts in found for part in parts]
    return {record["id"]: timeless(record) for record in records}


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "tagged_at"}


def json_lines(pages: Iterable[Page]) -> bytes:
    rows = ({"id": p.id, "url": p.url, "text": p.text, "fetched_at": p.fetched_at} for p in pages)
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():  # noqa: ASYNC110 -- Kafka tells nobody
            await asyncio.sleep(0.1)


async def _none_of(admin: AIOKafkaAdminClient, names: set[str]) -> bool:
    return not names & set(await admin.list_topics())


async def _collected(settings: Settings, names: Sequence[str]) -> list[RawRecord]:
    return [raw_record(record) async for record in backlog(settings, *names)]
