"""How newsieve logs: our own lines, and of the libraries what a person can act on, once."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

REPEAT_SECONDS = 30.0
"""A line that comes again within this time is dropped: a client that cannot connect says so several times a second."""

HARMLESS = (
    "GroupCoordinatorNotAvailableError",  # Kafka makes its offsets topic at a group's first join
    "NotLeaderForPartitionError",  # Kafka topics that were made a moment ago; clients ask again
    "has not sent fetch request",  # Faust, of partitions that have been idle
    "Heartbeat failed",  # said in every rebalance; a worker that loses its group joins again
    "Unable to update metadata from",  # said beside "Unable connect to"
    "Got error produce response",  # the producer tries again; what it cannot deliver in time is an error of ours
)

_unsaid: ContextVar[tuple[str, ...]] = ContextVar("unsaid", default=())


@contextlib.contextmanager
def silent(*words: str) -> Iterator[None]:
    """A block whose tasks log no library's line that starts with one of these words: who calls it says it better."""
    token = _unsaid.set(words)
    try:
        yield
    finally:
        _unsaid.reset(token)


FIELDS = ("place", "page_id", "outcome", "error", "pages")
"""What lines about pages carry: `topic[partition]@offset`, the page's id, what became of it and why, or how many."""


class Calm(logging.Filter):
    """Drops what is harmless, and what was said a moment ago."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show the line."""
        if record.name.startswith("newsieve"):
            return True
        message, now = record.getMessage(), self._clock()
        if message.startswith(_unsaid.get()):
            return False
        if message.startswith("Unable connect to"):
            record.name, record.msg, record.args = "newsieve", "no connection to Kafka, trying again: %s", (message,)
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        self._said = {line: at for line, at in self._said.items() if now - at < REPEAT_SECONDS}
        if message in self._said or any(word in message for word in HARMLESS):
            return False
        self._said[message] = now
        return True


class JsonLines(logging.Formatter):
    """A JSON object a line: `at`, `level`, `logger`, `message`, and what the line is about (`FIELDS`)."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        about = {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            about["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(fields | about, default=str).decode()


def logging_config(level: str, form: str = "text") -> dict[str, Any]:
    """Our own lines at `level`, of the libraries only warnings: formatting their debug lines costs 7 % of the time."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"calm": {"()": Calm}},
        "formatters": {
            "text": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"},
            "json": {"()": JsonLines},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": form,
                "filters": ["calm"],
            }
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {"newsieve": {"level": level.upper()}},
    }
