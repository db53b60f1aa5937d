"""`newsieve demo`: Kafka, a worker and a subscriber in one go, on sample pages."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import orjson

from models.errors import BrokerError
from models.page import Page
from scripts import render
from scripts.options import Screen, models_option, replaced, say, settings_of, slugs_of, talk
from scripts.samples import read_samples
from streams import kafka_admin, kafka_topics
from streams.broker import LocalBroker, kafka_version
from streams.clock import now
from streams.delivery import Delivery
from streams.kafka_topics import PAGES_TOPIC, UNCLEAR
from streams.records import Record
from streams.settings import Settings
from streams.subscribe import Fields
from streams.whole_pages import whole_pages

DEMO_PAGES = 12
"""The first samples, each of another shape; more would scroll away."""

PATIENCE_SECONDS = 60
"""After which a demo without any part is a failed one."""


@click.command
@models_option
@click.option("--pages", type=click.IntRange(1), default=DEMO_PAGES, show_default=True, help="How many sample pages.")
@click.option("--follow", is_flag=True, help="Stay, for pages of your own, until Ctrl-C.")
def command(pages: int, follow: bool, **options: object) -> None:
    """Start Kafka, a worker and a subscriber, feed sample pages, and show their tagged parts as they arrive.

    All of it runs on this machine, in a temporary folder and on a free port, and is gone at the end.
    """
    settings = settings_of(**options)
    slugs = slugs_of(settings)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    samples = [sample.page for sample in read_samples()[:pages]]
    with tempfile.TemporaryDirectory(prefix="newsieve-demo-") as folder, contextlib.suppress(KeyboardInterrupt):
        broker = LocalBroker(Path(folder) / "broker", port=0)
        with _kafka(broker):
            ours = replaced(settings, broker=broker.bootstrap)
            with _worker(ours, Path(folder) / "worker.log") as worker:
                asyncio.run(show(ours, slugs, samples, worker, follow))


@contextlib.contextmanager
def _kafka(broker: LocalBroker) -> Iterator[None]:
    """A running Kafka that ends with us, even when we are killed."""
    with talk.status(f"starting Kafka {kafka_version()} …") as status:
        broker.start(
            lambda name, done, total: status.update(f"fetching Kafka: {done} of {total} jars ({name})"), tied=True
        )
    try:
        say(f"Kafka {kafka_version()} listens on {broker.bootstrap}")
        yield
    finally:
        broker.stop()


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process and what it logs."""

    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """The last line that it logged."""
        lines = self.log.read_text("utf8", "replace").strip().split("\n")
        return lines[-1] or "none"


@contextlib.contextmanager
def _worker(settings: Settings, log: Path) -> Iterator[Worker]:
    """A running worker; it waits by itself for the Kafka topics."""
    environ = os.environ | {"NEWSIEVE_BROKER": settings.broker}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "scripts", "worker"], env=environ, stdout=output, stderr=output
        )
        try:
            yield Worker(process, log)
        finally:
            process.terminate()
            process.wait()


async def show(settings: Settings, slugs: Sequence[str], samples: Sequence[Page], worker: Worker, follow: bool) -> None:
    """Feed the samples and print each page once all its parts are there, then what came out in all."""
    async with kafka_admin.admin_of(settings) as admin:
        made = await kafka_admin.create(admin, kafka_topics.kafka_topics(slugs), replication=1)
    say(f"{len(made)} Kafka topics made; {len(samples)} sample pages go to {PAGES_TOPIC}")
    await feed(settings, samples)
    pages = whole_pages(settings, [*slugs, UNCLEAR])
    async with contextlib.aclosing(pages):
        found = [await show_next(pages, worker) for _ in samples]
        sum_up([part for parts in found for part in parts], len(samples))
        if follow:
            say(f"Feed it pages of your own:  newsieve feed --broker {settings.broker} FILE…   (Ctrl-C ends the demo)")
            async for parts in pages:
                Screen().print(render.page_panel(parts))


async def feed(settings: Settings, samples: Sequence[Page]) -> None:
    """Deliver the sample pages."""
    delivery = Delivery(settings, now)
    async with delivery:
        await delivery.send([raw_record(page) for page in samples])


def raw_record(page: Page) -> Record:
    """A sample page as a record of `pages.raw`."""
    fields = {"id": page.id, "url": page.url, "text": page.text, "fetched_at": page.fetched_at}
    return Record(PAGES_TOPIC, page.url.encode(), orjson.dumps(fields))


async def show_next(pages: AsyncIterator[list[Fields]], worker: Worker) -> list[Fields]:
    """Print the next page and return its parts; raises `BrokerError` when none comes."""
    waiting = asyncio.ensure_future(anext(pages))
    deadline = time.monotonic() + PATIENCE_SECONDS
    with talk.status("the worker loads its models and joins …"):
        while not (await asyncio.wait({waiting}, timeout=1))[0]:
            if worker.process.poll() is not None or time.monotonic() > deadline:
                waiting.cancel()
                raise BrokerError(f"the worker tagged no page; its last words: {worker.last_words()}")
    parts = waiting.result()
    Screen().print(render.page_panel(parts))
    return parts


def sum_up(parts: Sequence[Fields], pages: int) -> None:
    """Say what came out in all."""
    stories = sum(part["kind"] == "story" for part in parts)
    topics = Counter(part["topic"] for part in parts).most_common()
    say(f"\n{pages} pages gave {stories} stories and {len(parts) - stories} teasers, by topic:")
    talk.print("  " + ", ".join(f"{topic} {count}" for topic, count in topics), soft_wrap=False)
