"""What happened in a run, written as it happens, one JSON object a line: enough to play its faults again."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tests.faults.schedule import Schedule, read_schedule


class History:
    """Writes events to a file of JSON lines, each with the seconds since the run began."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._began = time.monotonic()
        path.write_bytes(b"")

    def note(self, event: str, **fields: Any) -> None:
        """Write one event."""
        row = {"seconds": round(time.monotonic() - self._began, 3), "event": event, **fields}
        with self.path.open("ab") as file:
            file.write(orjson.dumps(row, default=repr) + b"\n")


def events(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a history."""
    with path.open("rb") as file:
        yield from map(orjson.loads, file)


def schedule_in(path: Path) -> tuple[Schedule, list[str]]:
    """The schedule that a history was made with, and the command of its workers."""
    first = next(event for event in events(path) if event["event"] == "schedule")
    return read_schedule(first["schedule"]), list(first["command"])
