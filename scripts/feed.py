"""`newsieve feed`: puts pages on pages.raw."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from scripts import sources
from scripts.options import broker_option, say, settings_of
from scripts.progress import progress
from streams.batching import as_they_come
from streams.clock import now
from streams.delivery import Delivery
from streams.kafka_admin import wait_for_topics
from streams.kafka_topics import PAGES_TOPIC
from streams.records import RawRecord, Record
from streams.settings import Settings

BATCH_PAGES = 1000
"""Most pages that are delivered together."""


@click.command
@click.argument("files", nargs=-1, required=True, metavar="FILE…|DIR|-")
@broker_option
@click.option("--url", help="URL of a page that is plain text [its file URI].")
def command(files: tuple[str, ...], url: str | None, **options: object) -> None:
    """Put pages on pages.raw, and wait until each is delivered.

    FILE is a page's text, .jsonl of pages or .json; a folder is searched for them; - is standard input. What is in them
    goes as it is, as soon as it is read: whether it is a page is for the worker to say. A file that cannot be read
    becomes a line on stderr, the rest goes on, and the exit code is 1. Waits for a Kafka that is not there yet.
    """
    settings = settings_of(**options)
    unread: list[str] = []
    with progress("feeding", sources.count_bytes(files)) as note:
        delivered, refused = asyncio.run(feed(settings, sources.raw_records(files, url, unread), note))
    say(f"{delivered} pages delivered to {PAGES_TOPIC}" + (f", {refused} refused for their size" if refused else ""))
    sys.exit(1 if refused or unread else 0)


async def feed(settings: Settings, pages: Iterator[RawRecord], note: Callable[[RawRecord], None]) -> tuple[int, int]:
    """Deliver the pages as they come; returns how many were delivered and how many refused. Raises `DeliveryError`."""
    await wait_for_topics(settings, [PAGES_TOPIC], say)
    delivered = refused = 0
    delivery = Delivery(settings, now)
    try:
        async with delivery, contextlib.aclosing(as_they_come(pages, page_bytes, BATCH_PAGES)) as coming:
            async for batch in coming:
                too_large = await delivery.send([Record(PAGES_TOPIC, p.key, p.value, p.headers) for p in batch])
                say_refused(batch, too_large)
                refused += len(too_large)
                delivered += len(batch) - len(too_large)
                for page in batch:
                    note(page)
    except BaseException:  # whatever it is, Ctrl-C too, goes on up: only how far we came is said here
        say(f"stopped; {delivered} pages were delivered, and maybe some of those behind them")
        raise
    return delivered, refused


def say_refused(batch: Sequence[RawRecord], too_large: set[int]) -> None:
    """Name the pages of a batch that are too large for Kafka."""
    for index in sorted(too_large):
        say(f"{batch[index].source}: {len(batch[index].value or b'')} bytes are more than {PAGES_TOPIC} takes")


def page_bytes(page: RawRecord) -> int:
    """Bytes of a page's record."""
    return len(page.value or b"")
