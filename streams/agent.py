"""The agent: takes raw records, has them tagged, delivers what became of them, then acknowledges. Nothing escapes it.

An exception that left a Faust agent would acknowledge its batch, so any error here ends the process instead, with
nothing acknowledged: Kafka hands the batch to the next worker.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from streams.batching import batches
from streams.outcomes import PageTagger, Result, results_of
from streams.records import RawRecord
from streams.settings import Settings

STOP_SECONDS = 1.5
"""How long a batch in hand may take to end when the worker is stopped, of the 3 s in which it promises to be gone."""

Leave = Callable[[BaseException], None]
"""Ends the process: called with the reason, must not return in earnest."""


class Event(Protocol):
    """What the agent needs of `faust.Event`."""

    message: Any

    def ack(self) -> bool:
        """Mark the record as done, so that its offset may be committed."""


class Deliver(Protocol):
    """What the agent needs of `streams.delivery.Delivery`."""

    async def deliver(self, results: Sequence[Result]) -> list[Result]:
        """Deliver the results and return them as they came to be."""


Agent = Callable[[Any], Awaitable[None]]


def make_agent(
    settings: Settings, tagger: PageTagger, delivery: Deliver, leave: Leave, report: Callable[[Sequence[Result]], None]
) -> Agent:
    """The agent of `pages.raw`; `report` is told of every batch once it is delivered."""

    async def pages(stream: Any) -> None:
        async for events in stream.noack_take(settings.batch_pages, within=settings.batch_wait_seconds):
            for batch in batches(events, event_bytes):
                try:
                    await to_the_end(finish(batch))
                except Exception as error:  # noqa: BLE001 -- whatever it is, it must not leave the agent
                    leave(error)
                    return

    async def finish(batch: Sequence[Event]) -> None:
        raws = [raw_record(event.message) for event in batch]
        results = await asyncio.to_thread(results_of, raws, tagger, settings.max_page_bytes)
        report(await delivery.deliver(results))
        for event in batch:
            event.ack()

    return pages


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await `work`; when we are cancelled meanwhile, as on SIGTERM, give it `STOP_SECONDS` to end first.

    A batch whose parts are delivered but not acknowledged would be delivered again by the next worker.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=STOP_SECONDS)
        task.cancel()
        raise


def raw_record(message: Any) -> RawRecord:
    """The raw record in a Faust message; `message.headers` keeps repeated header keys, which `event.headers` loses."""
    headers = tuple(message.headers.items() if isinstance(message.headers, dict) else message.headers or ())
    return RawRecord(message.topic, message.partition, message.offset, message.key, message.value, headers)


def event_bytes(event: Event) -> int:
    """Bytes of the page in an event."""
    return len(event.message.value or b"")
