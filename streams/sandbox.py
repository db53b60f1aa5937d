"""A tagger in a process of its own, for pages that may take their process along."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from models.errors import TaggerError
from models.page import Page, Part
from models.tagger import load_tagger
from streams.fair_clock import FairClock, waited_seconds
from streams.outcomes import PageTagger

LOAD_SECONDS = 60.0
"""How long loading the models may take: two seconds, but for a machine that is out of breath."""

SANDBOX = "the process for pages that may have killed a worker"
TICK_SECONDS = 0.5
MOST_LIKELY_VICTIM = "1000"
"""For Linux, which ends the process of the highest score when memory runs out: us, and not the worker."""


class DiedError(Exception):
    """The process ended, or had to be, while it tagged."""


class Sandbox:
    """Tags pages in a process that starts when it is needed; `waits` is called while it does."""

    def __init__(self, folder: Path, seconds: float, waits: Callable[[], None] = lambda: None) -> None:
        self._folder = folder
        self._seconds = seconds
        self._waits = waits
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None

    def tag(self, pages: Sequence[Page]) -> list[list[Part]]:
        """Parts of each page; raises `DiedError` when that takes the process along or longer than the limit.

        Raises `TaggerError` when the process does not get as far as to be given a page.
        """
        pipe = self._pipe or self._start()
        try:
            pipe.send(list(pages))
            found: list[list[Part]] | Exception = self._answer(pipe, self._seconds)
        except TimeoutError as error:
            self.close()
            raise DiedError(f"the page was not tagged within {self._seconds:g} s, attempts=2") from error
        except (EOFError, OSError) as error:
            raise DiedError(f"the page ended its process, attempts=2: {self._end()}") from error
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process:
            self._process.kill()
        self._end()

    def _start(self) -> "Connection[Any, Any]":
        """Start the process and have it load the models: no page can be blamed for what goes wrong here."""
        pipe, theirs = Pipe()
        self._pipe = pipe
        command = [sys.executable, "-P", "-m", "streams.sandbox", str(theirs.fileno()), str(self._folder)]
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 -- a number and a folder that the user named
                    command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
                )
            self._answer(pipe, LOAD_SECONDS)
        except TimeoutError as error:
            self.close()
            raise TaggerError(f"{SANDBOX} did not load the models within {LOAD_SECONDS:g} s") from error
        except (EOFError, OSError) as error:
            how = self._end() if self._process else str(error)
            self.close()
            raise TaggerError(f"{SANDBOX} could not be started: {how}") from error
        return pipe

    def _answer(self, pipe: "Connection[Any, Any]", seconds: float) -> Any:
        pid = self._process.pid if self._process else 0
        clock = FairClock(waits=lambda: waited_seconds(pid))
        while not pipe.poll(TICK_SECONDS):
            self._waits()
            if clock() > seconds:
                raise TimeoutError
        self._waits()
        return pipe.recv()

    def _end(self) -> str:
        """Take note of the end of the process, and say how it ended."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if pipe:
            pipe.close()
        code = process.wait() if process else 0
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def serve(tagger: PageTagger, pipe: "Connection[Any, Any]") -> None:
    """Tag what comes through the pipe, until the process at its other end is gone: then end, whatever is in hand."""
    batches: queue.SimpleQueue[list[Page]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, batches), daemon=True).start()
    pipe.send("ready")
    while True:
        pages = batches.get()
        try:
            pipe.send(tagger.tag(pages))
        except Exception as error:  # noqa: BLE001 -- the worker deals with it as with one of its own
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _receive(pipe: "Connection[Any, Any]", batches: "queue.SimpleQueue[list[Page]]") -> None:
    try:
        while True:
            batches.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)


def main() -> None:
    """Be the process of a sandbox."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the worker is told, and ends us
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(MOST_LIKELY_VICTIM, encoding="ascii")
    with contextlib.suppress(BrokenPipeError):  # the worker is gone
        serve(load_tagger(Path(sys.argv[2])), Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
