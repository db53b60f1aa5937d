"""Every setting, once: a frozen dataclass read from `NEWSIEVE_…` environment variables, units in the names."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from models.errors import SettingsError

PREFIX = "NEWSIEVE_"
MAX_RAW_RECORD_BYTES = 32 * 2**20
"""Largest record that `pages.raw` takes."""

MAX_RECORD_BYTES = 33 * 2**20
"""Largest record on any other topic: a dead letter is its original and a MiB of room for headers."""


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

    give_up_seconds: float = 60.0
    """How long a delivery is retried before the worker leaves."""

    session_timeout_seconds: float = 10.0
    """Silence after which Kafka gives a worker's partitions to others."""

    rebalance_seconds: float = 20.0
    """How long Kafka waits for workers to join again in a rebalance."""

    window_hours: float = 24.0
    """How long a subscription remembers the parts and items it has shown."""

    log_level: str = "info"
    """Least severe message that is logged: debug, info, warning or error."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Settings of this environment; raises `SettingsError` that names the variable and what it takes."""
        given = {field.name: environ.get(PREFIX + field.name.upper(), "").strip() for field in fields(cls)}
        return cls(**{name: _parse(name, text) for name, text in given.items() if text})


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


_WHOLE = (int, "a whole number above 0", _positive)
_SECONDS = (float, "a number of seconds above 0", _positive)
_READERS: dict[str, tuple[Any, str, Any]] = {
    "broker": (str, "host:port[,host:port]", _is_broker),
    "models": (Path, "a folder", bool),
    "max_page_bytes": (
        int,
        f"a whole number of bytes, 1 to {MAX_RAW_RECORD_BYTES}",
        range(1, MAX_RAW_RECORD_BYTES + 1).__contains__,
    ),
    "batch_pages": _WHOLE,
    "batch_wait_seconds": _SECONDS,
    "give_up_seconds": _SECONDS,
    "session_timeout_seconds": _SECONDS,
    "rebalance_seconds": _SECONDS,
    "window_hours": (float, "a number of hours above 0", _positive),
    "log_level": (str.lower, "debug, info, warning or error", {"debug", "info", "warning", "error"}.__contains__),
}
