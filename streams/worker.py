"""The worker process: waits for Kafka, runs the app until it is told to stop, and says what became of every batch."""

import asyncio
import logging
import logging.config
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import faust

from models import store
from models.errors import NewsieveError, PageError
from models.tagger import Tagger
from streams import intake
from streams.agent import Desk, make_agent
from streams.app import create_app
from streams.clock import now
from streams.delivery import Delivery
from streams.fair_clock import FairClock
from streams.kafka_admin import wait_for_topics
from streams.kafka_topics import kafka_topics
from streams.logs import logging_config
from streams.metrics import Metrics, timed
from streams.outcomes import Result
from streams.repeats import Repeats
from streams.sandbox import Sandbox
from streams.settings import Settings
from streams.status import Status, serve
from streams.transactions import Transactions
from streams.watchdog import Watchdog
from streams.work import Work

STOP_SECONDS = 2.7
"""How long an orderly stop may take, of the 3 s in which a worker promises to be gone.

As with all patience with a worker, what it waits for a core is not counted: at most three times as long by the wall.
"""

logger = logging.getLogger("newsieve.worker")


def run(settings: Settings, tagger: Tagger, slugs: Iterable[str], restarts: int = 0) -> NoReturn:
    """Run a worker until SIGTERM or SIGINT (exit code 0), or until it cannot go on (exit code 1)."""
    logging.config.dictConfig(logging_config(settings.log_level, settings.log_format))
    names = [topic.name for topic in kafka_topics(slugs)]
    metrics = Metrics(tagger.versions, restarts)
    status = Status(metrics.registry)
    if settings.metrics_port:
        serve(status, settings)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    _wait_for_topics(settings, names, loop)
    make_worker(settings, tagger, loop, metrics, status).execute_from_commandline()


def _wait_for_topics(settings: Settings, names: Sequence[str], loop: asyncio.AbstractEventLoop) -> None:
    """Return once Kafka has the topics; a signal ends the process: nothing is in hand."""
    waiting = loop.create_task(wait_for_topics(settings, names, logger.info))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        loop.add_signal_handler(number, waiting.cancel)
    try:
        loop.run_until_complete(waiting)
    except asyncio.CancelledError:
        sys.exit(0)
    for number, handler in before.items():  # until Faust has its own
        loop.remove_signal_handler(number)
        signal.signal(number, handler)


class Worker(faust.Worker):
    """A Faust worker that is gone within 3 s of being told to, also when Kafka, for which Faust would wait, is away.

    On a machine that lets it wait for a core it takes that much longer, rather than leave work behind to be repeated.
    """

    def __init__(self, app: Any, *services: Any, **options: Any) -> None:
        super().__init__(app, *services, **options)
        self._clock: Callable[[], float] = app.work.clock
        self._is_in_order = False
        self._deadline = threading.Thread(target=self._leave_late, daemon=True)

    async def start(self) -> None:
        """Start all that it runs; leaves with one line where Kafka went away since it was waited for."""
        try:
            await super().start()
        except NewsieveError as error:
            leave(error)

    async def stop(self) -> None:
        """Stop all that it runs, in time; Faust calls it once for a signal and once for an error."""
        self._set_deadline()
        await super().stop()

    async def on_shutdown(self) -> None:
        """Note that nothing is left behind."""
        await super().on_shutdown()
        self._is_in_order = True

    async def _sentinel_task(self) -> None:
        """Mode waits a second here before it closes the loop, in which nothing is left to be done."""

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        self._set_deadline()
        logging.getLogger().setLevel(logging.CRITICAL)  # the libraries complain of being stopped,
        threading.excepthook = lambda args: None  # and aiokafka's fetcher raises when its connection is closed first
        super()._schedule_shutdown(signal)

    def _set_deadline(self) -> None:
        if self._deadline.ident is None:
            self._deadline.start()

    def _leave_late(self) -> None:
        """End the process once the time to stop is over; says so if that leaves work behind."""
        end = self._clock() + STOP_SECONDS
        while (left := end - self._clock()) > 0:
            time.sleep(left)
        if not self._is_in_order:
            logger.warning("not in order in time: leaving; what was not committed will be handed out again")
        logging.shutdown()
        os._exit(1 if self.crash_reason else 0)


def make_worker(
    settings: Settings, tagger: Tagger, loop: asyncio.AbstractEventLoop, metrics: Metrics, status: Status
) -> Worker:
    """The Faust worker: the producer first, then the app that needs it; Faust serves and redirects nothing."""
    transactions = Transactions(settings, now, leave) if settings.is_exactly_once else None
    delivery, work = transactions or Delivery(settings, now), Work(FairClock())

    def done(results: Sequence[Result]) -> None:
        metrics.count(results)
        report(results)

    desk = Desk(
        settings,
        timed(tagger, metrics),
        delivery,
        done,
        work,
        is_current=lambda message: intake.is_current(app, message),
        is_ours=lambda message: intake.is_ours(app, message),
        is_behind=lambda: intake.is_behind(app),
        repeats=Repeats(settings, lambda: tagger.versions, lambda raw: intake.tenure(app, raw)),
        take=lambda messages: intake.take(app, messages),
        sandbox=Sandbox(settings.models or store.SHIPPED, settings.watchdog_seconds, work.renew),
        stage=metrics.stage,
    )
    app: faust.App = create_app(settings, make_agent(desk, leave), work, transactions)
    watchdog = status.watchdog = Watchdog(settings, work, lambda: intake.member_id(app), leave)
    metrics.watch(lambda: watchdog.health.sight)
    watchdog.start()
    return Worker(
        app,
        delivery,
        loop=loop,
        quiet=True,
        loglevel=settings.log_level,
        logging_config=logging_config(settings.log_level, settings.log_format),
        redirect_stdouts=False,
        stdout=sys.stderr,
    )


def report(results: Sequence[Result]) -> None:
    """Log a line per batch, and one per page that names its place: a warning when it is dead, else for debugging."""
    counts = Counter(result.outcome for result in results)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    logger.info("%d pages: %s", len(results), told, extra={"pages": len(results)})
    for result in results:
        if isinstance(result.page, PageError):
            about = {"place": result.raw.place, "page_id": result.page.page_id, "outcome": "dead"}
            words = (result.raw.place, result.page.page_id or "-", result.page)
            logger.warning("%s page=%s dead: %s", *words, extra=about | {"error": result.page.slug})
        elif logger.isEnabledFor(logging.DEBUG):
            about = {"place": result.raw.place, "page_id": result.page.id, "outcome": result.outcome}
            logger.debug("%s page=%s %s", *about.values(), extra=about)


def leave(error: BaseException) -> None:
    """End the process at once with exit code 1: nothing of the batch in hand is acknowledged."""
    logger.critical("leaving: %s: %s", type(error).__name__, error)
    logging.shutdown()
    os._exit(1)
