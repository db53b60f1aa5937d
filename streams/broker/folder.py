"""The local broker's folder: what lies in it, whose it is, and who may change it at a time.

.newsieve-broker   the marker: this folder is a broker's, and holds the id of its cluster
running.json       the Kafka that runs here: pid, when it started, ports, memory
data/              the records, as Kafka keeps them
kafka.log          what Kafka and its Java printed
server.properties, log4j2.xml   written anew at each start
"""

import base64
import contextlib
import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from models.errors import BrokerError
from streams.broker.processes import started_at

MARKER = ".newsieve-broker"
RUNNING = "running.json"
DATA = "data"
LOG = "kafka.log"
PROPERTIES = "server.properties"
LOG_CONFIGURATION_FILE = "log4j2.xml"
GUARD = ".guard"
ALIVE = ".alive"
OWN_FILES = (RUNNING, LOG, PROPERTIES, LOG_CONFIGURATION_FILE)

ENDING_S = 5.0  # a process counts as gone a moment before the system has closed its files
POLL_S = 0.05
LONGEST_LOG_BYTES = 10 * 1024 * 1024  # some 50,000 lines; the log holds errors alone, so more helps nobody


@dataclass(frozen=True, slots=True)
class Running:
    """A Kafka process: enough to reach it, and to tell it from a later process with the same number."""

    pid: int
    started: str
    port: int
    controller_port: int
    memory_mb: int
    log_from_bytes: int
    """Where this process's lines in the log begin."""


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Let one program at a time start, stop or reset the broker of `folder`; others wait.

    Makes the folder, and refuses one that holds someone else's files. The system frees the guard when a program dies.
    """
    with writing(folder):
        _claim(folder)
        with (folder / GUARD).open("wb") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses (rights, a full disk) into a `BrokerError` of one line."""
    try:
        yield
    except OSError as error:
        raise BrokerError(f"the broker cannot use {error.filename or folder}: {error.strerror or error}") from error


@contextlib.contextmanager
def sole_use(folder: Path, patience_s: float = 0) -> Iterator[int]:
    """Yield a descriptor to be inherited by Kafka: it carries a lock that ends with the last process that holds it.

    Kafka locks its data only after it has written to them, so a second one would damage them. Raises `BrokerError`
    when, after `patience_s`, a Kafka lives in `folder` that `running.json` does not name.
    """
    with (folder / ALIVE).open("wb") as alive:
        if not _locked_within(patience_s, alive.fileno()):
            raise BrokerError(
                f"a Kafka runs in {folder} that {RUNNING} does not name; find the java process by that folder "
                f"and end it; log: {folder / LOG}"
            )
        yield alive.fileno()


def _locked_within(patience_s: float, descriptor: int) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)


def _claim(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if is_own(folder):
        return
    if any(folder.iterdir()):
        raise BrokerError(f"{folder}: holds files and is no broker's folder (no {MARKER} in it); choose another")
    new_cluster(folder)


def is_own(folder: Path) -> bool:
    """Tell whether `folder` is a local broker's."""
    return (folder / MARKER).is_file()


def cluster_id(folder: Path) -> str:
    """Return the id of the cluster that lives in `folder`."""
    return (folder / MARKER).read_text(encoding="ascii").strip()


def new_cluster(folder: Path) -> None:
    """Delete everything that a broker wrote to `folder`, and give it a new cluster id."""
    for name in OWN_FILES:
        for path in (folder / name, arriving(folder / name)):
            path.unlink(missing_ok=True)
    for path in (folder / DATA, arriving(folder / DATA)):
        if path.exists():
            shutil.rmtree(path)
    # Kafka's form of an id: 16 bytes in URL-safe base64 without padding; a leading dash would read as an option.
    identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
    replace_text(folder / MARKER, identity + "\n")


def read_running(folder: Path) -> Running | None:
    """Return the Kafka that runs in `folder`; None when none does, also when one left its note behind."""
    noted = read_note(folder)
    return noted if noted and started_at(noted.pid) == noted.started else None


def read_note(folder: Path) -> Running | None:
    """Return the Kafka that was last started in `folder` and not stopped; it may have ended by itself."""
    try:
        return Running(**orjson.loads((folder / RUNNING).read_bytes()))
    except (FileNotFoundError, NotADirectoryError, orjson.JSONDecodeError, TypeError):
        return None


def write_running(folder: Path, running: Running | None) -> None:
    """Note the Kafka that runs in `folder`, or that none does."""
    if running is None:
        (folder / RUNNING).unlink(missing_ok=True)
    else:
        replace_text(folder / RUNNING, orjson.dumps(asdict(running)).decode())


def replace_text(path: Path, text: str) -> None:
    """Write `path` whole or not at all."""
    arriving(path).write_text(text, encoding="utf-8")
    os.replace(arriving(path), path)


def arriving(path: Path) -> Path:
    """Return the name that `path` has until it is whole."""
    return path.with_name(path.name + ".new")


def prepare_log(folder: Path) -> None:
    """Make sure that there is a log, and set aside one that has grown too long."""
    log = folder / LOG
    log.touch()
    if log.stat().st_size > LONGEST_LOG_BYTES:
        os.replace(log, log.with_name(LOG + ".1"))
        log.touch()


def last_error(log: Path, since: int) -> str:
    """Return the line of `log`, read from byte `since`, that best says why Kafka gave up.

    That is the innermost cause of its last exception, else that exception, else the last line that is no mere news.
    """
    with log.open("rb") as lines:
        lines.seek(since)
        printed = [line for line in lines.read().decode("utf-8", "replace").split("\n") if line.strip()]
    for telling in (_CAUSE, _EXCEPTION):
        if told := [match[1] for line in printed if (match := telling.match(line))]:
            return told[-1]
    grave = [line.strip() for line in printed if " INFO " not in line]
    return grave[-1] if grave else "no error in its log; was it killed?"


_CAUSE = re.compile(r"Caused by: (.+)")
_EXCEPTION = re.compile(r"(?:Exception in thread \S+ )?((?:[a-z]\w*\.)+\w*(?:Exception|Error)\b.*)")
