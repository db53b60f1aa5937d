"""What the environment says about the local broker: `NEWSIEVE_BROKER_FOLDER`, `NEWSIEVE_BROKER`, `…_MEMORY_MB`."""

from collections.abc import Mapping
from pathlib import Path

from models.errors import SettingsError
from streams.broker.server import DEFAULT_MEMORY_MB, LEAST_MEMORY_MB
from streams.settings import Settings

LOOPBACK_NAMES = ("localhost", "127.0.0.1")


def broker_folder(environ: Mapping[str, str]) -> Path:
    """Return the broker's folder: `NEWSIEVE_BROKER_FOLDER`, else `newsieve/broker` in the user's data folder."""
    if chosen := environ.get("NEWSIEVE_BROKER_FOLDER"):
        return Path(chosen).expanduser().absolute()
    data = environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data).absolute() / "newsieve" / "broker"


def broker_port(environ: Mapping[str, str]) -> int:
    """Return the port that `NEWSIEVE_BROKER` names on this machine; raises `SettingsError` when it is elsewhere."""
    address = Settings.from_env(environ).broker
    host, _, port = address.partition(":")
    if host not in LOOPBACK_NAMES or not port.isdecimal():
        raise SettingsError(f"NEWSIEVE_BROKER={address!r} is not on this machine alone; give the port for one here")
    return int(port)


def broker_memory_mb(environ: Mapping[str, str]) -> int:
    """Return the most that the heap of Kafka's Java may grow to, `NEWSIEVE_BROKER_MEMORY_MB`."""
    chosen = environ.get("NEWSIEVE_BROKER_MEMORY_MB", "").strip() or str(DEFAULT_MEMORY_MB)
    if not chosen.isdecimal() or int(chosen) < LEAST_MEMORY_MB:
        wanted = f"a whole number of MB, {LEAST_MEMORY_MB} or more"
        raise SettingsError(f"NEWSIEVE_BROKER_MEMORY_MB={chosen!r}: must be {wanted}")
    return int(chosen)
