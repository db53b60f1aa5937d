"""Processes of this machine, told apart by when they started: a pid alone is given out again."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

STOP_PATIENCE_S = 20  # Kafka stops in under a second when idle; closing many open segments takes longer
KILL_PATIENCE_S = 5
POLL_S = 0.05


def started_at(pid: int) -> str | None:
    """Return when process `pid` started, in a form to compare, or None when none runs under that number.

    A process that has ended and waits for its parent to notice counts as not running.
    """
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    return _from_ps(pid)


def _from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and parentheses
    state, ticks_since_boot = fields[0], fields[19]
    return None if state in "ZX" else ticks_since_boot


def _from_ps(pid: int) -> str | None:
    command = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 – a number we wrote
    state, _, start = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else start.strip()


def end(pid: int, started: str) -> None:
    """End the process that got `pid` at `started`: ask, wait, then kill. Nothing happens when it is gone already.

    Raises `PermissionError` when it is another user's.
    """
    for how, patience_s in ((signal.SIGTERM, STOP_PATIENCE_S), (signal.SIGKILL, KILL_PATIENCE_S)):
        if started_at(pid) != started:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        if _gone_within(patience_s, pid, started):
            return


def _gone_within(patience_s: float, pid: int, started: str) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if started_at(pid) != started:
            return True
        time.sleep(POLL_S)
    return False
