"""Runs Kafka's Java: formats its storage once, starts the server, waits until it serves, ties it to this program."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from models.errors import BrokerError
from streams.broker.folder import (
    DATA,
    LOG,
    LOG_CONFIGURATION_FILE,
    PROPERTIES,
    arriving,
    cluster_id,
    last_error,
    replace_text,
    writing,
)
from streams.broker.handshake import ready_cluster
from streams.broker.java import Java
from streams.broker.server import LOG_CONFIGURATION, LOOPBACK, as_properties, memory_flags

READY_WITHIN_S = 90  # 3 to 6 s on 2 idle cores; reading back a long log after a crash takes longer
POLL_S = 0.05
FULL_DISK_BYTES = 1024 * 1024  # with less, Kafka can fail without room to say so in the log


def java_command(java: Java, jars: list[Path], memory_mb: int, folder: Path) -> list[str]:
    """Return the start of every command line that runs a class of Kafka from the broker's `folder`."""
    definitions = [
        f"-Dlog4j2.configurationFile={LOG_CONFIGURATION_FILE}",
        f"-Dnewsieve.broker={folder}",  # so that a person finds the process in a list of them
    ]
    class_path = ":".join(map(str, jars))
    return [str(java.program), *java.quiet_flags(), *memory_flags(memory_mb), *definitions, "-cp", class_path]


def format_storage(folder: Path, command: list[str], settings: dict[str, str], options: Sequence[str] = ()) -> None:
    """Make `data/` what Kafka calls formatted, unless it is; it comes into being whole or not at all.

    Raises `BrokerError` with what Kafka said.
    """
    if (folder / DATA / "meta.properties").exists():
        return
    fresh = arriving(folder / DATA)
    for leftover in (folder / DATA, fresh):
        shutil.rmtree(leftover, ignore_errors=True)
    write_settings(folder, settings | {"log.dirs": fresh.name})
    since = (folder / LOG).stat().st_size
    tool = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster_id(folder), "--config", PROPERTIES, *options]
    with (folder / LOG).open("ab") as log:
        done = subprocess.run([*command, *tool], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603 – our own command
    if done.returncode:
        raise failure(folder, since)
    fresh.rename(folder / DATA)


def write_settings(folder: Path, settings: dict[str, str]) -> None:
    """Write Kafka's two configuration files."""
    replace_text(folder / PROPERTIES, as_properties(settings))
    replace_text(folder / LOG_CONFIGURATION_FILE, LOG_CONFIGURATION)


def spawn(folder: Path, command: list[str], alive: int) -> "subprocess.Popen[bytes]":
    """Start Kafka in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it.

    It inherits the descriptor `alive` of `folder.sole_use`.
    """
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 – our own command
            [*command, "kafka.Kafka", PROPERTIES],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(alive,),
            start_new_session=True,
        )


def tie(pid: int, started: str) -> "subprocess.Popen[bytes]":
    """Start the process that ends Kafka when this program is gone; closing its standard input lets it go."""
    command = [sys.executable, "-P", "-m", "streams.broker.leash", str(pid), started]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 – our own module


def await_ready(folder: Path, kafka: "subprocess.Popen[bytes]", port: int, since: int) -> None:
    """Return once this very Kafka serves requests; `since` is where its lines in the log begin.

    Raises `BrokerError` when it ends before that, does not get there in time, or another one answers in its place.
    """
    deadline = time.monotonic() + READY_WITHIN_S
    while not (answering := ready_cluster(port)):
        if kafka.poll() is not None:
            raise failure(folder, since)
        if time.monotonic() > deadline:
            raise BrokerError(f"Kafka did not serve within {READY_WITHIN_S} s; log: {folder / LOG}")
        time.sleep(POLL_S)
    if answering != cluster_id(folder):
        raise BrokerError(f"a Kafka of another cluster, {answering}, answers on port {port}; log: {folder / LOG}")


def failure(folder: Path, since: int) -> BrokerError:
    """Return the error that says why Kafka ended, from its log's lines after byte `since`."""
    with writing(folder):
        reason = last_error(folder / LOG, since)
        if shutil.disk_usage(folder).free < FULL_DISK_BYTES:
            reason = f"the disk is full ({reason})"
    return BrokerError(f"Kafka ended while it started: {reason}; log: {folder / LOG}")


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Tell whether Kafka could listen on `port` of the loopback."""
    with socket.socket() as probe:
        # As Java does: a port whose last connections are only fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
