"""The worker processes of a run: started, killed, paused, and started again when they leave by themselves."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.cluster import Cluster
from tests.faults.history import History
from tests.faults.models import STICK, save_models
from tests.faults.pages import MAX_PAGE_BYTES
from tests.faults.patience import Patience
from tests.faults.schedule import SESSION_SECONDS, Schedule

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 10.0
"""How long an end may take; 3 s are promised, and what it took is in the results."""

RESPAWN_SECONDS = 0.3
WATCHDOG_SECONDS = 10.0
"""How long a worker may stand still: more than a session, so that what Kafka mends by itself is not taken for it."""


@dataclass
class Tally:
    """What the fleet went through."""

    started: int = 0
    left: int = 0
    """Workers that ended by themselves with exit code 1, as they promise to when they cannot go on."""

    stop_seconds: list[float] = field(default_factory=list)
    editions: set[int] = field(default_factory=set)
    """Editions of the models that a worker was started with."""

    odd: list[str] = field(default_factory=list)
    """Ends that no worker may come to."""


@dataclass
class Fleet:
    """Workers in slots; a slot's worker that leaves by itself is started again, as a supervisor would."""

    cluster: Cluster
    schedule: Schedule
    folder: Path
    group: str
    history: History
    command: Sequence[str] = ("-m", "scripts")
    tally: Tally = field(default_factory=Tally)
    edition: int = 0
    """Which models a worker that starts is given."""

    _workers: dict[int, asyncio.subprocess.Process] = field(default_factory=dict)
    _keepers: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _turns: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """One thing at a time for each slot: else who starts a worker there meets who still stops the last one."""

    @property
    def slots(self) -> list[int]:
        """Slots with a worker that is meant to run."""
        return sorted(self._keepers)

    async def start(self, slot: int) -> None:
        """Start a worker in a slot and keep one there."""
        async with self._turns[slot]:
            if slot not in self._keepers:
                self._keepers[slot] = asyncio.create_task(self._keep(slot))

    async def _keep(self, slot: int) -> None:
        while True:
            worker = self._workers[slot] = await self._spawn(slot)
            code = await worker.wait()
            self.history.note("exit", slot=slot, pid=worker.pid, code=code)
            self.tally.left += code == 1
            if code != 1 and not (code == -signal.SIGKILL and "killer" in self.schedule.kinds):
                self.tally.odd.append(f"slot {slot} ended by itself with exit code {code}")
            await asyncio.sleep(RESPAWN_SECONDS)

    async def _spawn(self, slot: int) -> asyncio.subprocess.Process:
        self.tally.editions.add(self.edition)
        environ = {
            **os.environ,
            "NEWSIEVE_BROKER": self.cluster.bootstrap_of(slot),
            "NEWSIEVE_GROUP": self.group,
            "NEWSIEVE_MODELS": str(save_models(self.folder.parent / "models", self.edition)),
            "NEWSIEVE_MAX_PAGE_BYTES": str(MAX_PAGE_BYTES),
            "NEWSIEVE_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "NEWSIEVE_REBALANCE_SECONDS": str(2 * SESSION_SECONDS),
            "NEWSIEVE_WATCHDOG_SECONDS": str(WATCHDOG_SECONDS),
            STICK: str(self.flag(slot)),
            **self.schedule.environ,
        }
        with (self.folder / f"worker-{slot}.log").open("ab") as log:
            worker = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.command,
                "worker",
                cwd=ROOT,
                env=environ,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_us,
            )
        self.tally.started += 1
        self.history.note("start", slot=slot, pid=worker.pid, edition=self.edition)
        return worker

    def flag(self, slot: int) -> Path:
        """The file that makes a slot's worker stick."""
        return self.folder / f"stick-{slot}"

    def signal(self, slot: int, number: signal.Signals) -> None:
        """Send a signal to the worker of a slot, if there is one."""
        worker = self._workers.get(slot)
        if worker and worker.returncode is None:
            self.history.note("signal", slot=slot, pid=worker.pid, number=number.name)
            worker.send_signal(number)

    async def kill(self, slot: int) -> None:
        """Kill a slot's worker; none is started in its place."""
        async with self._turns[slot]:
            await self._unkept(slot)
            await self._kill(slot)

    async def _kill(self, slot: int) -> None:
        self.signal(slot, signal.SIGKILL)
        if worker := self._workers.pop(slot, None):
            await worker.wait()

    async def stop(self, slot: int) -> None:
        """Ask a slot's worker to stop, as a supervisor would, and note how long it took."""
        async with self._turns[slot]:
            await self._unkept(slot)
            await self._stop(slot)

    async def _stop(self, slot: int) -> None:
        worker = self._workers.get(slot)
        if worker is None:
            return
        began = time.monotonic()
        self.signal(slot, signal.SIGCONT)
        self.signal(slot, signal.SIGTERM)
        code = await _end_of(worker)
        if code is None:
            self.tally.odd.append(f"slot {slot} still ran {STOP_SECONDS:g} s after SIGTERM")
            return await self._kill(slot)
        took = round(time.monotonic() - began, 2)
        self.tally.stop_seconds.append(took)
        self.history.note("stopped", slot=slot, pid=worker.pid, code=code, took=took)
        if code not in (0, 1, -signal.SIGTERM, -signal.SIGKILL):  # the last two: by another fault, or before it began
            self.tally.odd.append(f"slot {slot} ended with exit code {code} after SIGTERM")
        self._workers.pop(slot, None)

    async def _unkept(self, slot: int) -> None:
        keeper = self._keepers.pop(slot, None)
        if keeper:
            keeper.cancel()
            await asyncio.wait({keeper})

    async def stop_all(self) -> None:
        """Stop all workers, side by side."""
        await asyncio.gather(*(self.stop(slot) for slot in self.slots))

    async def kill_all(self) -> None:
        """End all workers, whatever state they are in."""
        await asyncio.gather(*(self.kill(slot) for slot in {*self._keepers, *self._workers}))


async def _end_of(worker: asyncio.subprocess.Process) -> int | None:
    """The exit code of a worker that was told to stop; None when it does not."""
    patience = Patience(STOP_SECONDS)
    while not await patience.is_over():
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(worker.wait(), 1)
    return None


def _end_with_us() -> None:
    """Ask Linux to kill this process when the harness is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, of linux/prctl.h
