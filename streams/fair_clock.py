"""A clock for patience: it goes slow while the process wants a core and gets none.

On a machine with too much to do a healthy batch takes as long as a stuck one. Linux says for how long each thread has
waited for a core (the second number of `schedstat`, https://docs.kernel.org/scheduler/sched-stats.html); elsewhere this
is a plain monotonic clock.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LEAST_SPEED = 1 / 3
"""How slow it may go: patience has an end on any machine."""


class FairClock:
    """Seconds since it was made, less those for which the thread that was worst off waited for a core.

    >>> waits = iter([{1: 0.0}, {1: 4.0, 2: 3.0}, {1: 4.0, 2: 3.5}])
    >>> clock = FairClock(iter([0.0, 10.0, 20.0]).__next__, waits.__next__)
    >>> clock(), clock()
    (6.0, 15.5)
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, waits: Callable[[], dict[int, float]] | None = None
    ) -> None:
        self._clock = clock
        self._waits = waits or waited_seconds
        self._lock = threading.Lock()
        self._last, self._last_waits = self._clock(), self._waits()
        self._fair = 0.0

    def __call__(self) -> float:
        """The time."""
        with self._lock:
            now, waits = self._clock(), self._waits()
            longest = max((waited - self._last_waits.get(thread, 0.0) for thread, waited in waits.items()), default=0.0)
            self._fair += max((now - self._last) * LEAST_SPEED, now - self._last - longest)
            self._last, self._last_waits = now, waits
            return self._fair


async def within(seconds: float, task: asyncio.Future[Any], clock: Callable[[], float]) -> bool:
    """Wait for a task, but no longer than so many seconds of the clock; returns whether it is done."""
    end = clock() + seconds
    while not task.done() and (left := end - clock()) > 0:
        await asyncio.wait({task}, timeout=left)
    return task.done()


def waited_seconds(process: int | str = "self") -> dict[int, float]:
    """How long each thread of a process has waited for a core; empty where the system does not say."""
    found: dict[int, float] = {}
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):  # it ended meanwhile
                found[int(thread.name)] = int((thread / "schedstat").read_text("ascii").split()[1]) / 1e9
    return found
