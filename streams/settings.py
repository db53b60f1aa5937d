"""Every setting, once: a frozen dataclass read from `NEWSIEVE_…` environment variables, units in the names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from models.errors import SettingsError
from streams.batching import BATCH_BYTES
from streams.security import Security

PREFIX = "NEWSIEVE_"
MAX_RAW_RECORD_BYTES = 32 * 2**20
"""Largest record that `pages.raw` takes."""

MAX_RECORD_BYTES = 33 * 2**20
"""Largest record on any other topic: a dead letter is its original and a MiB of room for headers."""

TRANSACTION_BATCHES = 4
"""Batches in a transaction while there is a backlog: each transaction costs several requests and a record on every
partition that it touches."""

ELSEWHERE = ("BROKER_FOLDER", "BROKER_JARS", "BROKER_MEMORY_MB", "JAVA", "RESTARTS", "SUPERVISOR")
"""Variables that are read for something else: by the local broker, and by workers that a supervisor starts."""

ALIKE = 0.7
"""How alike names are of which one may be meant, as difflib counts it: a letter or two in ten are others."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How newsieve runs; each field is the environment variable `NEWSIEVE_<FIELD>`."""

    broker: str = "localhost:9092"
    """Kafka's addresses, `host:port[,host:port]`."""

    group: str = "newsieve"
    """Consumer group of the workers."""

    models: Path | None = None
    """Folder of the artifacts; None: those that come with newsieve."""

    max_page_bytes: int = 2 * 2**20
    """Largest page record that is tagged; a larger one is dead as `too-large`."""

    batch_pages: int = 256
    """Most pages that are tagged together: past this, batching gains little and delays the first page."""

    batch_wait_seconds: float = 0.05
    """How long a page waits for others to be tagged with."""

    delivery: str = "at-least-once"
    """What a crash may do to the output: at-least-once repeats some of it, exactly-once nothing, at a price."""

    give_up_seconds: float = 60.0
    """How long a delivery is retried before the worker leaves."""

    session_timeout_seconds: float = 10.0
    """Silence after which Kafka gives a worker's partitions to others."""

    rebalance_seconds: float = 20.0
    """How long Kafka waits for workers to join again in a rebalance."""

    watchdog_seconds: float = 30.0
    """How long a worker may have pages before it and get nowhere until it leaves."""

    window_hours: float = 24.0
    """How long a subscription remembers the parts and items it has shown."""

    republish: str = "changed"
    """Whether a page that was published is published again: never, when it has changed, or always."""

    repeat_seconds: float = 86_400.0
    """How long a published page is remembered for that."""

    metrics_host: str = "127.0.0.1"
    """Where a worker serves `/metrics`, `/healthz` and `/readyz`: by default for this machine alone."""

    metrics_port: int = 0
    """The port for that; 0: it serves nothing."""

    log_level: str = "info"
    """Least severe message that is logged: debug, info, warning or error."""

    log_format: str = "text"
    """How a worker logs: text, or a JSON object a line."""

    security: Security = field(default_factory=Security)
    """What protects the connections to Kafka; its fields are variables of their own."""

    @property
    def is_exactly_once(self) -> bool:
        """Whether output and offsets go to Kafka in transactions."""
        return self.delivery == "exactly-once"

    @property
    def take_pages(self) -> int:
        """Most pages that are delivered together: with a backlog, a transaction holds several batches."""
        return self.batch_pages * (TRANSACTION_BATCHES if self.is_exactly_once else 1)

    @property
    def take_bytes(self) -> int:
        """Most bytes of pages that are delivered together; a larger page comes alone."""
        return BATCH_BYTES * (2 if self.is_exactly_once else 1)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Settings of this environment; raises `SettingsError` that names the variable and what it takes."""
        names = [field.name for field in fields(cls) if field.name != "security"]
        given = {name: environ.get(PREFIX + name.upper(), "").strip() for name in names}
        parsed = {name: _parse(name, text) for name, text in given.items() if text}
        return cls(**parsed, security=Security.from_env(environ))


def known_variables() -> set[str]:
    """Every environment variable that means something to newsieve."""
    names = {field.name.upper() for kind in (Settings, Security) for field in fields(kind)} - {"SECURITY"}
    return {PREFIX + name for name in (*names, "SASL_USERNAME_FILE", "SASL_PASSWORD_FILE", *ELSEWHERE)}


def misnamed(variables: Iterable[str]) -> list[str]:
    """A line for each variable that looks like one of ours and is none: it was meant to do something.

    >>> misnamed(["NEWSIEVE_BROKERS", "NEWSIEVE_BROKER", "NEWSIEVE_COLOUR", "PATH"])
    ['NEWSIEVE_BROKERS is no setting; did you mean NEWSIEVE_BROKER?', 'NEWSIEVE_COLOUR is no setting']
    """
    known = known_variables()
    odd = sorted(name for name in variables if name.startswith(PREFIX) and name not in known)
    return [f"{name} is no setting{_meant(name.removeprefix(PREFIX), known)}" for name in odd]


def _meant(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, [other.removeprefix(PREFIX) for other in known], n=1, cutoff=ALIKE)
    return f"; did you mean {PREFIX}{near[0]}?" if near else ""


def _parse(name: str, text: str) -> Any:
    read, wanted, accepts = _READERS.get(name, (str, "text", bool))
    try:
        value = read(text)
    except ValueError:
        value = None
    if value is None or not accepts(value):
        raise SettingsError(f"{PREFIX}{name.upper()}={text!r}: must be {wanted}")
    return value


def _positive(value: float) -> bool:
    return 0 < value < float("inf")


def _is_broker(value: str) -> bool:
    addresses = [address.rpartition(":") for address in value.split(",")]
    return all(host and "/" not in host and port.isdecimal() and 0 < int(port) < 65536 for host, _, port in addresses)


def _between(least: float, most: float, what: str) -> tuple[Any, str, Any]:
    return float, f"a number of {what}, {least:g} to {most:g}", lambda value: least <= value <= most


_WHOLE = (int, "a whole number, 1 to 100000", range(1, 100_001).__contains__)
_READERS: dict[str, tuple[Any, str, Any]] = {
    "broker": (str, "host:port[,host:port]", _is_broker),
    "models": (Path, "a folder", bool),
    "max_page_bytes": (
        int,
        f"a whole number of bytes, 1 to {MAX_RAW_RECORD_BYTES}",
        range(1, MAX_RAW_RECORD_BYTES + 1).__contains__,
    ),
    "batch_pages": _WHOLE,
    "batch_wait_seconds": _between(0.001, 60, "seconds"),
    "give_up_seconds": _between(1, 86_400, "seconds"),
    "session_timeout_seconds": _between(6, 1800, "seconds"),  # Kafka's own limits, unless it is told others
    "rebalance_seconds": _between(1, 1800, "seconds"),
    "watchdog_seconds": _between(5, 86_400, "seconds"),
    "window_hours": (float, "a number of hours above 0", _positive),
    "delivery": (str.lower, "at-least-once or exactly-once", {"at-least-once", "exactly-once"}.__contains__),
    "republish": (str.lower, "never, changed or always", {"never", "changed", "always"}.__contains__),
    "repeat_seconds": _between(1, 31 * 86_400, "seconds"),
    "metrics_port": (int, "a port, 1 to 65535, or 0 for none", range(65536).__contains__),
    "log_format": (str.lower, "text or json", {"text", "json"}.__contains__),
    "log_level": (str.lower, "debug, info, warning or error", {"debug", "info", "warning", "error"}.__contains__),
}
