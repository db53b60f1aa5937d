"""The agent: takes raw records, has them tagged, delivers what became of them, then acknowledges. Nothing escapes it.

An exception that left a Faust agent would acknowledge its batch, so any error here ends the process instead, with
nothing acknowledged: Kafka hands the batch to the next worker.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from models.errors import DeliveryError
from streams.batching import batches, together
from streams.fair_clock import within
from streams.outcomes import IsRepeat, PageTagger, Result, Stage, results_of, settled, untimed
from streams.records import RawRecord
from streams.repeats import Repeats
from streams.settings import Settings
from streams.work import Work

STOP_SECONDS = 1.5
"""How long a batch in hand may take to end when the worker is stopped, of the 3 s in which it promises to be gone."""

logger = logging.getLogger("newsieve.agent")

Leave = Callable[[BaseException], None]
"""Ends the process: called with the reason, must not return in earnest."""


class Event(Protocol):
    """What the agent needs of `faust.Event`."""

    message: Any

    def ack(self) -> bool:
        """Mark the record as done, so that its offset may be committed."""


class Deliver(Protocol):
    """What the agent needs of `streams.delivery.Delivery` or `streams.transactions.Transactions`."""

    async def deliver(self, results: Sequence[Result]) -> list[Result]:
        """Deliver the results and return them as they came to be."""


class Closeable(PageTagger, Protocol):
    """What the agent needs of `streams.sandbox.Sandbox`."""

    def close(self) -> None:
        """End it; it starts again when it is needed."""


Agent = Callable[[Any], Awaitable[None]]


async def nothing_suspect(messages: Sequence[Any]) -> bool:
    """Have the messages in hand where nobody else could have had them."""
    return False


@dataclass(frozen=True)
class Desk:
    """What the agent works with; all that has a default is for a worker among others, on a Kafka that may fail it."""

    settings: Settings
    tagger: PageTagger
    delivery: Deliver
    report: Callable[[Sequence[Result]], None]
    """Told of every batch once it is delivered."""

    work: Work = field(default_factory=Work)
    """Told of the stages of a batch."""

    is_current: Callable[[Any], bool] = lambda message: True
    """Whether a message is still ours; the others are left alone, for Kafka hands them out again."""

    is_ours: Callable[[Any], bool] = lambda message: True
    """Whether a message in hand was not handed over while it was tagged; then it is not delivered either."""

    is_behind: Callable[[], bool] = lambda: False
    """Whether so much is left to read that a batch is to wait for what follows it."""

    repeats: Repeats | None = None
    """Knows pages that need not be published again, and learns what was published once that is acknowledged."""

    take: Callable[[Sequence[Any]], Awaitable[bool]] = nothing_suspect
    """Takes messages in hand, and says whether one of them may have killed the worker that had it before."""

    sandbox: Closeable | None = None
    """Tags those."""

    stage: Stage = untimed

    async def finish(self, batch: Sequence[Event]) -> None:
        """Tag a batch, deliver it, and only then acknowledge it."""
        raws = [raw_record(event.message) for event in batch]
        with self.work.at("taking", named(raws)):
            chosen = self._choose(await self._taken([event.message for event in batch]))
        if not all(self.is_ours(event.message) for event in batch):
            return  # whoever has them now tags them
        repeats = self.repeats or Repeats(self.settings, dict)
        results = await self._tagged(raws, chosen, repeats.of_batch())
        if not all(self.is_ours(event.message) for event in batch):
            return
        with self.work.at("delivering", named(raws)), self.stage("deliver"):
            final = await self.delivery.deliver(results)
        self.report(final)
        for event in batch:
            event.ack()
        repeats.remember(final)

    async def _taken(self, messages: Sequence[Any]) -> bool:
        """Whether a suspect is among the messages; raises `DeliveryError` where Kafka does not say so in time."""
        seconds = self.settings.give_up_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self.take(messages)
        except TimeoutError as error:
            raise DeliveryError(f"Kafka did not say within {seconds:g} s what was in hand elsewhere") from error

    async def _tagged(self, raws: Sequence[RawRecord], chosen: PageTagger, is_repeat: IsRepeat) -> list[Result]:
        """Results of a batch, which is tagged in pieces where it is larger than what is tagged together."""
        results: list[Result] = []
        for piece in batches(raws, lambda raw: len(raw.value or b""), most=self.settings.batch_pages):
            with self.work.at("tagging", named(piece)):
                results += await asyncio.to_thread(
                    results_of, piece, chosen, self.settings.max_page_bytes, is_repeat, self.stage
                )
        return settled(results)

    def _choose(self, is_suspect: bool) -> PageTagger:
        """Who tags a batch; the sandbox is not kept for longer than there are suspects."""
        if self.sandbox is None:
            return self.tagger
        if not is_suspect:
            self.sandbox.close()
        return self.sandbox if is_suspect else self.tagger


def make_agent(desk: Desk, leave: Leave) -> Agent:
    """The agent of `pages.raw`; it calls `leave` when a batch cannot be finished."""
    ours = desk.settings

    async def pages(stream: Any) -> None:
        takes = stream.noack_take(ours.take_pages, within=ours.batch_wait_seconds)
        async with contextlib.aclosing(together(takes, ours.take_pages, desk.is_behind)) as taken:
            async for events in taken:
                for batch in batches(events, event_bytes, most_bytes=ours.take_bytes):
                    try:
                        if current := [event for event in batch if desk.is_current(event.message)]:
                            await to_the_end(desk.finish(current), desk.work)
                    except Exception as error:  # noqa: BLE001 -- whatever it is, it must not leave the agent
                        leave(error)
                        return

    return pages


def named(raws: Sequence[RawRecord]) -> str:
    """A batch, for a person.

    >>> named([RawRecord("pages.raw", 2, 40, None, None)] * 3)
    '3 pages from pages.raw[2]@40 on'
    """
    return f"{len(raws)} pages from {raws[0].place} on"


async def to_the_end(batch: Coroutine[Any, Any, None], work: Work) -> None:
    """Await a batch; when we are cancelled meanwhile, as on SIGTERM, give it `STOP_SECONDS` to end first.

    A batch whose parts are delivered but not acknowledged would be delivered again by the next worker.
    """
    task = asyncio.ensure_future(batch)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if not await within(STOP_SECONDS, task, work.clock):
            work.is_left = True
            logger.warning("the batch in hand does not end in time; it will be handed out again")
        elif not task.cancelled() and (error := task.exception()):
            logger.warning("the batch in hand will be handed out again: %s: %s", type(error).__name__, error)
        task.cancel()
        raise


def raw_record(message: Any) -> RawRecord:
    """The raw record in a Faust message; `message.headers` keeps repeated header keys, which `event.headers` loses."""
    headers = tuple(message.headers.items() if isinstance(message.headers, dict) else message.headers or ())
    return RawRecord(message.topic, message.partition, message.offset, message.key, message.value, headers)


def event_bytes(event: Event) -> int:
    """Bytes of the page in an event."""
    return len(event.message.value or b"")
