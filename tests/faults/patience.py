"""Patience that lasts longer on a busy machine: else every healthy worker is a zombie there."""

import asyncio
import time

PROBE_SECONDS = 0.01
"""How much work tells how fast we are."""

LEAST_SHARE = 0.05
"""Patience has an end on any machine: it lasts at most twenty times as long as on an idle one."""

MOST_BETWEEN_SECONDS = 5.0
"""What counts at most between two questions: the harness itself may have been stopped meanwhile."""


class Patience:
    """So many seconds, each counted as the share of a core that one of us gets meanwhile."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._last = time.monotonic()

    async def is_over(self) -> bool:
        """Whether the time is over; to be asked every now and then."""
        share = await asyncio.to_thread(share_of_a_core)
        now = time.monotonic()
        self._left -= min(now - self._last, MOST_BETWEEN_SECONDS) * max(LEAST_SHARE, share)
        self._last = now
        return self._left < 0


def share_of_a_core() -> float:
    """How fast work gets done now: 1 where a core is free.

    >>> 0 < share_of_a_core() <= 1
    True
    """
    began, worked = time.monotonic(), time.thread_time()
    while time.thread_time() - worked < PROBE_SECONDS:
        pass
    return min(1.0, PROBE_SECONDS / (time.monotonic() - began))
