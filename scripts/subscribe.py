"""`newsieve subscribe`: prints parts as they come."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable

import click
import orjson
from rich.console import Console

from models.errors import SettingsError
from scripts import render
from scripts.options import broker_option, end_when_told, models_option, say, settings_of, slugs_of
from streams.kafka_admin import wait_for_topics
from streams.kafka_topics import UNCLEAR, parts_topic
from streams.settings import Settings
from streams.subscribe import Fields, Subscription, parts

Show = Callable[[Fields], None]

STUCK_SECONDS = 0.5
"""How long a part may take to be written once we are told to stop, of the 3 s in which we promise to be gone."""


@click.command
@click.argument("topics", nargs=-1, metavar="[TOPIC…]")
@broker_option
@models_option
@click.option("--kind", type=click.Choice(["story", "teaser"]), help="Only stories, or only teasers.")
@click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.0, help="Only parts at least this certain.")
@click.option("--from-beginning", is_flag=True, help="What Kafka still holds too, not only what comes.")
@click.option("--group", help="Go on where this group stopped; several subscribers of a group share the parts.")
@click.option("--every-sighting", is_flag=True, help="A teaser's item each time a page shows it, not once a window.")
@click.option("--limit", type=click.IntRange(1), help="Stop after so many parts.")
@click.option("--idle-seconds", type=click.FloatRange(0, min_open=True), help="Stop when nothing came for so long.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines on a terminal too.")
def command(
    topics: tuple[str, ...], limit: int | None, idle_seconds: float | None, as_json: bool, **options: object
) -> None:
    """Print parts about TOPIC… as they come (all topics, and the unclear, when none is named).

    For reading on a terminal, JSON lines in a pipe. A part is shown once, and a teaser's item once in 24 hours
    (NEWSIEVE_WINDOW_HOURS), by each member of a group.
    """
    end_when_told()
    if options["group"] == "":
        raise SettingsError("--group '': a group has a name")
    settings = settings_of(broker=options.pop("broker"), models=options.pop("models"))
    known = [*slugs_of(settings), UNCLEAR]
    if unknown := sorted(set(topics) - set(known)):
        raise SettingsError(f"no topic {unknown[0]!r}; topics are {', '.join(known)}")
    subscription = Subscription(slugs=topics or tuple(known), **options)  # type: ignore[arg-type]
    show = show_json if as_json or not sys.stdout.isatty() else show_readable
    asyncio.run(subscribe(settings, subscription, show, limit, idle_seconds))


async def subscribe(
    settings: Settings,
    subscription: Subscription,
    show: Show,
    limit: int | None,
    idle: float | None,
) -> None:
    """Show parts until the limit is reached, nothing came for `idle` seconds, SIGTERM or Ctrl-C."""
    shown = Interruptible(show)
    with contextlib.suppress(asyncio.CancelledError):
        await wait_for_topics(settings, map(parts_topic, subscription.slugs), say)
        await show_parts(settings, subscription, shown, limit, idle)
    signal.setitimer(signal.ITIMER_REAL, 0)
    if shown.was_interrupted:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left of the part would block again


class Interruptible:
    """Shows parts; SIGTERM and Ctrl-C end the current task, also when it is stuck in a pipe that nobody empties.

    A write that blocks holds the event loop, which never learns of the signal; Python itself does. A write that gets on
    is let be: a part that was shown must be noted as taken, or it would be shown again.
    """

    def __init__(self, show: Show) -> None:
        self._show = show
        self._writes = 0
        self._is_writing = False
        self._watched = 0
        self.was_interrupted = False
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel() -> None:
            if task and not self.was_interrupted:  # else it is leaving already
                task.cancel()

        def stop(*_: object) -> None:
            loop.call_soon_threadsafe(cancel)
            self._watch()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        signal.signal(signal.SIGALRM, lambda *_: self._look())

    def __call__(self, fields: Fields) -> None:
        """Show a part."""
        self._writes += 1
        self._is_writing = True
        try:
            self._show(fields)
        finally:
            self._is_writing = False

    def _watch(self) -> None:
        """Look again in a while at the write that is in progress, if there is one."""
        self._watched = self._writes
        signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS)

    def _look(self) -> None:
        if self._is_writing and self._writes == self._watched:
            self.was_interrupted = True
            raise asyncio.CancelledError
        self._watch()


async def show_parts(
    settings: Settings, subscription: Subscription, show: Show, limit: int | None, idle: float | None
) -> None:
    """Show parts until the limit is reached or nothing came for `idle` seconds."""
    last: float | None = None
    shown = 0

    def enough() -> bool:
        nonlocal last
        last = last or time.monotonic()
        return shown == limit or (idle is not None and time.monotonic() - last > idle)

    stream = parts(settings, subscription, enough)
    async with contextlib.aclosing(stream):
        async for fields in stream:
            show(fields)
            last, shown = time.monotonic(), shown + 1


def show_json(fields: Fields) -> None:
    """One JSON line, at once."""
    sys.stdout.write(orjson.dumps(fields).decode() + "\n")
    sys.stdout.flush()


def show_readable(fields: Fields) -> None:
    """The part for a person."""
    Console().print(render.part_lines(fields))
