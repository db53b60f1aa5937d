"""Several workers on one machine: started again when they end, told when we are told, gone when we go.

Each worker is a process: Python runs on one core, and a page that takes its process along takes no other worker's.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

RESTARTS = "NEWSIEVE_RESTARTS"
"""Tells a worker how often it was started again, for its metrics."""

SUPERVISOR = "NEWSIEVE_SUPERVISOR"
"""Tells it the process by which it was started."""

FIRST_PAUSE_SECONDS = 1.0
MOST_PAUSE_SECONDS = 30.0
"""The pause before a restart doubles from the first to this, while a worker keeps ending soon."""

STEADY_SECONDS = 60.0
"""A worker that ran for so long is well: its next pause is the first one again."""

STOP_SECONDS = 10.0
"""How long workers may take to end when they are told to; then they are killed, and what they had comes again. They are
gone within 3 s by themselves, and on a busy machine a little later."""

TICK_SECONDS = 0.1
WRONG_USE = 2
"""The exit code of a worker that cannot start as it is told: at the first start, it would not the next time either."""

logger = logging.getLogger("newsieve.supervisor")


@dataclass
class Slot:
    """One of the workers: the process that runs, or when the next one is due."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    restarts: int = 0


@dataclass
class Supervisor:
    """Keeps `count` processes of a command running; `arguments` gives what to add for each number, from 0 on."""

    command: Sequence[str]
    count: int
    environ: Mapping[str, str]
    arguments: Callable[[int], Sequence[str]] = lambda number: ()
    told: threading.Event = field(default_factory=threading.Event)
    slots: list[Slot] = field(default_factory=list)

    def run(self) -> int:
        """Keep them running until SIGTERM or SIGINT; returns 0, or the exit code of a worker that cannot start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.told.set())
        self.slots = [Slot(number) for number in range(self.count)]
        code = 0
        while not self.told.wait(TICK_SECONDS) and not code:
            code = next(filter(None, map(self._tend, self.slots)), 0)
        self._stop()
        return code

    def _tend(self, slot: Slot) -> int:
        """Start a worker that is due, or note that one ended; returns the exit code of one that cannot start."""
        now = time.monotonic()
        if slot.process is None:
            if now >= slot.due:
                self._start(slot)
            return 0
        code = slot.process.poll()
        if code is None:
            return 0
        cannot_start = code == WRONG_USE and slot.restarts == 0  # later, what it needs may only be away for a while
        self._note_end(slot, how(code), now, cannot_start)
        return code if cannot_start else 0

    def _start(self, slot: Slot) -> None:
        environ = {**self.environ, RESTARTS: str(slot.restarts)}
        slot.process = subprocess.Popen(  # noqa: S603 -- our own command
            [*self.command, *self.arguments(slot.number)], env=environ, start_new_session=True
        )
        slot.started = time.monotonic()
        logger.info("worker %d started, process %d", slot.number, slot.process.pid)

    def _note_end(self, slot: Slot, ended: str, now: float, cannot_start: bool) -> None:
        """It is due again after a pause, which is the longer the sooner they end."""
        if now - slot.started > STEADY_SECONDS:
            slot.pause = FIRST_PAUSE_SECONDS
        next_step = "it cannot start as it is told" if cannot_start else f"starting it again in {slot.pause:g} s"
        logger.warning("worker %d ended, %s; %s", slot.number, ended, next_step)
        slot.process, slot.due = None, now + slot.pause
        slot.pause = min(slot.pause * 2, MOST_PAUSE_SECONDS)
        slot.restarts += 1

    def _stop(self) -> None:
        """Tell all workers to end, and kill those that do not within `STOP_SECONDS`."""
        running = {slot.number: slot.process for slot in self.slots if slot.process}
        logger.info("stopping %d workers", len(running))
        for process in running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for number, process in running.items():
            try:
                code = process.wait(max(0, deadline - time.monotonic()))
                logger.info("worker %d stopped, %s", number, how(code))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                logger.warning("worker %d killed: it did not stop within %g s", number, STOP_SECONDS)


def how(code: int) -> str:
    """How a process ended, for a person.

    >>> how(1), how(-9)
    ('exit code 1', 'killed by SIGKILL')
    """
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def supervise(count: int, settings: Mapping[str, str], metrics: tuple[str, int] | None) -> int:
    """Run so many `newsieve worker`s, with these settings beside the environment's; returns the exit code.

    Each serves its metrics at a port of its own, from the given one on.
    """

    def own(number: int) -> Sequence[str]:
        return ("--metrics", f"{metrics[0]}:{metrics[1] + number}") if metrics else ()

    environ = {**os.environ, **settings, SUPERVISOR: str(os.getpid())}
    return Supervisor([sys.executable, "-P", "-m", "scripts", "worker"], count, environ, own).run()


def end_with_supervisor(environ: Mapping[str, str]) -> None:
    """See to it that this process is told to stop when its supervisor is gone, however that ended."""
    if not environ.get(SUPERVISOR, "").isdecimal():
        return
    supervisor = int(environ[SUPERVISOR])

    def watch() -> None:
        while os.getppid() == supervisor:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervisor", daemon=True).start()
