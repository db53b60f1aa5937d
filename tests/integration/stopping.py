"""A worker that falls asleep in a transaction: `python -m tests.integration.stopping POINT FILE worker …`.

It stops itself (SIGSTOP) at that point as soon as the file is there, and takes the file away.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

POINTS = ("begin", "offsets", "commit", "committed", "open")
"""Before a transaction begins, before its offsets are sent, before it is ended, after that, and before init."""

_METHODS = {
    "begin": "begin_transaction",
    "offsets": "send_offsets_to_transaction",
    "commit": "commit_transaction",
    "committed": "commit_transaction",
    "open": "start",
}


def stop_at(point: str, flag: Path) -> None:
    """Have every producer of this process stop it at the point, once."""
    name = _METHODS[point]
    whole = getattr(AIOKafkaProducer, name)

    async def stopping(self: Any, *arguments: Any) -> None:
        if point != "committed":
            _sleep(flag)
        await whole(self, *arguments)
        if point == "committed":
            _sleep(flag)

    setattr(AIOKafkaProducer, name, stopping)


def _sleep(flag: Path) -> None:
    if flag.exists():
        flag.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    from scripts.cli import main

    stop_at(sys.argv.pop(1), Path(sys.argv.pop(1)))
    main()
