"""Kafka's jars: pinned in `kafka-jars.txt`, fetched one by one from Maven Central, refused unless the sha256 is right.

The list is the whole resolution: jgo only downloads. (Its own resolver picks other versions, with which Kafka does not
start.) The cache is laid out as a Maven repository.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from models.errors import BrokerError

PINS = Path(__file__).parent.parent / "kafka-jars.txt"
"""The list: one jar a line."""

PARALLEL_DOWNLOADS = 4  # Maven's own default is 5; four bring the 45 MB in a third of the time of one

JarProgress = Callable[[str, int, int], None]
"""Called with a jar's name, how many have arrived and how many are to come in all; not called when all are cached."""


class Pin(NamedTuple):
    """One jar: where Maven has it, and the sha256 it must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where the jar lies in a Maven repository, relative to its root."""
        file = f"{self.artifact}-{self.version}.jar"
        return Path(*self.group.split("."), self.artifact, self.version, file)


def read_pins(path: Path = PINS) -> list[Pin]:
    """Return the pinned jars in the order of the file; lines that start with `#` are remarks."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Pin(*line.split()) for line in lines if line and not line.startswith("#")]


def kafka_version() -> str:
    """Return the version of Kafka that is pinned, such as `4.3.1`."""
    return next(pin.version for pin in read_pins() if pin.artifact == "kafka-server")


def jars_folder(environ: Mapping[str, str]) -> Path:
    """Return where jars are kept: `NEWSIEVE_BROKER_JARS`, else `newsieve/jars` in the user's cache folder."""
    if chosen := environ.get("NEWSIEVE_BROKER_JARS"):
        return Path(chosen).expanduser().absolute()
    cache = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache).absolute() / "newsieve" / "jars"


def missing_jars(folder: Path, pins: Iterable[Pin] | None = None) -> list[Pin]:
    """Return the pins whose jar is not in `folder`; empty when a broker can be started offline."""
    return [pin for pin in pins or read_pins() if not (folder / pin.path).exists()]


def fetch_jars(folder: Path, progress: JarProgress | None = None, pins: list[Pin] | None = None) -> list[Path]:
    """Return the paths of all pinned jars in `folder`, each checked against its sha256; downloads those not there.

    Raises `BrokerError` when a jar is not the pinned one (it is deleted), when Maven Central cannot be reached, and
    when the cache cannot be written.
    """
    pins = pins or read_pins()
    missing = missing_jars(folder, pins)
    for pin in pins:
        if pin not in missing:
            _check(folder / pin.path, pin)
    if missing:
        _download_all(missing, folder, progress or _silent)
    return [folder / pin.path for pin in pins]


def _silent(_name: str, _done: int, _total: int) -> None:
    """Show nothing."""


def _check(path: Path, pin: Pin) -> None:
    with path.open("rb") as jar:
        found = hashlib.file_digest(jar, "sha256").hexdigest()
    if found != pin.sha256:
        path.unlink()
        raise BrokerError(
            f"{path.name}: sha256 {found[:12]}… is not the pinned {pin.sha256[:12]}…; deleted. "
            "Start again to fetch it anew; if it comes back wrong, something between here and Maven Central alters it"
        )


def _download_all(missing: list[Pin], folder: Path, progress: JarProgress) -> None:
    """Fill the cache. A jar takes its place there only whole and checked, so an interrupted download leaves nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="arriving-") as arriving:
            _download_side_by_side(missing, Path(arriving), folder, progress)
    except OSError as error:
        raise BrokerError(f"{folder}: cannot keep Kafka's jars there ({error.strerror or error})") from error


def _download_side_by_side(missing: list[Pin], arriving: Path, folder: Path, progress: JarProgress) -> None:
    pool = ThreadPoolExecutor(PARALLEL_DOWNLOADS)
    try:
        arrivals = pool.map(lambda pin: _download(pin, arriving), missing)
        for done, (pin, path) in enumerate(zip(missing, arrivals, strict=True), start=1):
            _check(path, pin)
            (folder / pin.path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, folder / pin.path)
            progress(f"{pin.artifact} {pin.version}", done, len(missing))
    finally:
        pool.shutdown(cancel_futures=True)


def _download(pin: Pin, arriving: Path) -> Path:
    try:
        from jgo.maven import MavenContext
        from requests import RequestException
    except ImportError as error:
        raise BrokerError(
            "Kafka's jars are not here yet, and jgo, which fetches them, is not installed: "
            "pip install 'newsieve[broker]'"
        ) from error
    context = MavenContext(repo_cache=arriving)
    try:
        return Path(context.project(pin.group, pin.artifact).at_version(pin.version).artifact().resolve())
    except (RequestException, RuntimeError) as error:  # RuntimeError: jgo's word for any answer but 200
        raise BrokerError(
            f"Kafka's jars are not here yet, and {pin.artifact} {pin.version} cannot be fetched from Maven Central "
            f"({type(error).__name__}); connect to the internet once, or set NEWSIEVE_BROKER_JARS to a folder of them"
        ) from error
