"""The worker process: waits for Kafka, runs the app until it is told to stop, and says what became of every batch."""

import asyncio
import logging
import logging.config
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NoReturn

import faust

from streams.agent import make_agent
from streams.app import create_app
from streams.clock import now
from streams.delivery import Delivery
from streams.kafka_admin import wait_for_topics
from streams.kafka_topics import kafka_topics
from streams.logs import logging_config
from streams.outcomes import PageTagger, Result
from streams.settings import Settings

STOP_SECONDS = 2.7
"""How long an orderly stop may take, of the 3 s in which a worker promises to be gone."""

logger = logging.getLogger("newsieve.worker")


def run(settings: Settings, tagger: PageTagger, slugs: Iterable[str]) -> NoReturn:
    """Run a worker until SIGTERM or SIGINT (exit code 0), or until it cannot go on (exit code 1)."""
    logging.config.dictConfig(logging_config(settings.log_level))
    names = [topic.name for topic in kafka_topics(slugs)]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    waiting = loop.create_task(wait_for_topics(settings, names, logger.info))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, waiting.cancel)
    try:
        loop.run_until_complete(waiting)
    except asyncio.CancelledError:
        sys.exit(0)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)  # until Faust has its own, a signal ends the process: nothing is in hand
    make_worker(settings, tagger, loop).execute_from_commandline()


class Worker(faust.Worker):
    """A Faust worker that is gone within 3 s of being told to, also when Kafka, for which Faust would wait, is away."""

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        deadline = threading.Timer(STOP_SECONDS, _go)
        deadline.daemon = True
        deadline.start()
        logging.getLogger().setLevel(logging.CRITICAL)  # the libraries complain of being stopped
        super()._schedule_shutdown(signal)


def make_worker(settings: Settings, tagger: PageTagger, loop: asyncio.AbstractEventLoop) -> Worker:
    """The Faust worker: the producer first, then the app that needs it; nothing served, nothing redirected."""
    delivery = Delivery(settings, now)
    agent = make_agent(settings, tagger, delivery, leave, report)
    return Worker(
        create_app(settings, agent),
        delivery,
        loop=loop,
        quiet=True,
        loglevel=settings.log_level,
        logging_config=logging_config(settings.log_level),
        redirect_stdouts=False,
        stdout=sys.stderr,
    )


def report(results: Sequence[Result]) -> None:
    """Log one line per batch, and one per dead page that names where it is."""
    counts = Counter(result.outcome for result in results)
    logger.info("%d pages: %s", len(results), ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    for result in results:
        if isinstance(result.page, Exception):
            logger.warning("%s dead: %s", result.raw.source, result.page)


def _go() -> None:
    logger.warning("Kafka does not answer: leaving; what was not committed will be handed out again")
    logging.shutdown()
    os._exit(0)


def leave(error: BaseException) -> None:
    """End the process at once with exit code 1: nothing of the batch in hand is acknowledged."""
    logger.critical("leaving: %s: %s", type(error).__name__, error)
    logging.shutdown()
    os._exit(1)
