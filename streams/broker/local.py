"""A real Kafka on this machine, for the demo, the tests and development: start, ready, stop, reset."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from models.errors import BrokerError
from streams.broker import folder as files
from streams.broker.folder import Running
from streams.broker.handshake import ready_cluster
from streams.broker.jars import JarProgress, fetch_jars, jars_folder
from streams.broker.java import Java, find_java
from streams.broker.launch import (
    await_ready,
    format_storage,
    free_port,
    is_free,
    java_command,
    spawn,
    tie,
    write_settings,
)
from streams.broker.processes import end, started_at
from streams.broker.server import DEFAULT_MEMORY_MB, LEAST_MEMORY_MB, LOOPBACK, server_properties, with_extra
from streams.broker.settings import broker_folder, broker_memory_mb, broker_port

DEFAULT_PORT = 9092  # Kafka's own


@dataclass
class LocalBroker:
    """One Kafka of one node, living in `folder` and listening on this machine's loopback alone.

    `port` 0 takes a free one at each start. `memory_mb` bounds Java's heap; the process takes some 130 MB on top.
    `extra` goes on top of Kafka's settings (`server.with_extra`), `format_options` to its storage tool at the first
    start: more listeners, a node of a cluster, users.
    Any number of objects, in any number of processes, may name the same folder: they are the same broker.
    As a context manager it is tied to the program, and is stopped at the end unless it ran before.
    """

    folder: Path
    port: int = DEFAULT_PORT
    memory_mb: int = DEFAULT_MEMORY_MB
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    controller_port: int = 0
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    format_options: Sequence[str] = field(default=(), repr=False)
    _kafka: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)
    _leash: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str],
        *,
        folder: Path | None = None,
        port: int | None = None,
        memory_mb: int | None = None,
    ) -> Self:
        """Return the broker that the environment names, with what is given on top; raises `SettingsError`."""
        return cls(
            folder.absolute() if folder else broker_folder(environ),
            broker_port(environ) if port is None else port,
            memory_mb or broker_memory_mb(environ),
            environ,
        )

    @property
    def bootstrap(self) -> str:
        """The address for clients, `host:port`."""
        running = self.running()
        return f"{LOOPBACK}:{running.port if running else self.port}"

    @property
    def log(self) -> Path:
        """What Kafka printed: errors, and a line at each start and stop."""
        return self.folder / files.LOG

    def running(self) -> Running | None:
        """Return the process that runs in the folder, or None."""
        return files.read_running(self.folder)

    def is_running(self) -> bool:
        """Tell whether a Kafka runs in the folder."""
        return self.running() is not None

    def is_ready(self) -> bool:
        """Tell whether it answers requests."""
        running = self.running()
        return running is not None and ready_cluster(running.port) == files.cluster_id(self.folder)

    def ended_by(self) -> str | None:
        """Return why Kafka ended by itself, in one line; None when it runs, or was stopped, or never ran."""
        noted = files.read_note(self.folder)
        if noted is None or self.is_running():
            return None
        return files.last_error(self.log, noted.log_from_bytes)

    def start(self, progress: JarProgress | None = None, *, tied: bool = False) -> bool:
        """Return True once Kafka serves requests, False when it ran already.

        The first start ever fetches Kafka's jars, telling `progress`. A `tied` broker ends with this program, even
        when the program is killed; otherwise it outlives program and terminal until it is stopped.
        Raises `BrokerError` with the reason in one line; then nothing is left running.
        """
        if self.memory_mb < LEAST_MEMORY_MB:
            raise BrokerError(f"{self.memory_mb} MB is too little for Kafka; it needs {LEAST_MEMORY_MB}")
        with files.guarded(self.folder):
            if running := self.running():
                self._refuse_other_port(running)
                return False
            self._stop()  # what an earlier Kafka may have left
            self._refuse_taken_port()
            jars = fetch_jars(jars_folder(self.environ), progress)
            with self._undone_on_failure():
                self._launch(find_java(self.environ), jars, tied)
            return True

    def stop(self) -> bool:
        """Return True once the Kafka that ran in the folder has ended, False when none did; the records stay."""
        if not files.is_own(self.folder):
            self._reap()
            return False
        with files.guarded(self.folder):
            return self._stop()

    def reset(self) -> bool:
        """Stop Kafka and delete its records; return False when there was no folder.

        Raises `BrokerError`, and deletes nothing, when the folder is not a local broker's.
        """
        if not self.folder.exists():
            return False
        with files.guarded(self.folder):
            self._stop()
            files.new_cluster(self.folder)
            return True

    def wait(self) -> int:
        """Return the exit status of the Kafka that this object started, once it ends."""
        return self._kafka.wait() if self._kafka else 0

    def __enter__(self) -> Self:
        self.start(tied=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._kafka:  # a Kafka that ran before is somebody else's to stop
            self.stop()

    def _refuse_other_port(self, running: Running) -> None:
        if self.port not in (0, running.port):
            raise BrokerError(
                f"the broker of {self.folder} runs already, on port {running.port} and not {self.port}; "
                "stop it first, or give another folder its own"
            )

    def _refuse_taken_port(self) -> None:
        if self.port and not is_free(self.port):
            whose = "another Kafka" if ready_cluster(self.port) else "another program"
            raise BrokerError(f"port {self.port} is in use by {whose}; choose one with --port; log: {self.log}")

    @contextlib.contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:  # Ctrl-C too: a Kafka that nobody waits for must not stay
            if self._kafka:
                self._kafka.kill()
            self._stop()
            raise

    def _launch(self, java: Java, jars: list[Path], tied: bool) -> None:
        port, controller_port = self.port or free_port(), self.controller_port or free_port()
        files.prepare_log(self.folder)
        command = java_command(java, jars, self.memory_mb, self.folder)
        settings = with_extra(server_properties(port, controller_port, self.memory_mb, files.DATA), self.extra)
        format_storage(self.folder, command, settings, self.format_options)
        write_settings(self.folder, settings)
        since = self.log.stat().st_size
        with files.sole_use(self.folder) as alive:
            self._kafka = kafka = spawn(self.folder, command, alive)
        started = started_at(kafka.pid) or ""
        files.write_running(self.folder, Running(kafka.pid, started, port, controller_port, self.memory_mb, since))
        self._leash = tie(kafka.pid, started) if tied else None
        await_ready(self.folder, kafka, port, since)

    def _stop(self) -> bool:
        running = self.running()
        ended_lately = files.read_note(self.folder) or self._kafka
        if running:
            end(running.pid, running.started)
        self._reap()
        with files.sole_use(self.folder, files.ENDING_S if ended_lately else 0):
            files.write_running(self.folder, None)
        return running is not None

    def _reap(self) -> None:
        """End, and take note of the end of, the processes that this object started."""
        for process in (self._kafka, self._leash):
            if process and process.poll() is None:
                end(process.pid, started_at(process.pid) or "")
            if process:
                process.communicate()
        self._kafka = self._leash = None
