"""Several processes kept running: started again with growing pauses, told to stop with us, killed when they do not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEEPER = """
import logging, os, sys
from streams.supervisor import Supervisor
logging.basicConfig(stream=sys.stdout, level="INFO", format="%(message)s")
sys.exit(Supervisor([sys.executable, "-c", sys.argv[1]], int(sys.argv[2]), dict(os.environ)).run())
"""
STEADY = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
COUNTING = "import os, sys; sys.exit(3 if os.environ['NEWSIEVE_RESTARTS'] == '0' else 4)"


class Keeper:
    """A supervisor in a process of its own, and what it says."""

    def __init__(self, program: str, count: int) -> None:
        command = [sys.executable, "-u", "-c", KEEPER, program, str(count)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.said: list[str] = []

    def hears(self, words: str) -> str:
        """Its next line with these words."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.strip())
            if words in line:
                return line.strip()
        raise AssertionError(self.said)

    def stop(self, number: int = signal.SIGTERM) -> float:
        """How long it takes to end, with exit code 0, once it is told to."""
        began = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(timeout=30) == 0
        assert self.process.stdout
        self.said += self.process.stdout.read().splitlines()
        return time.monotonic() - began


@pytest.fixture
def keep() -> Iterator[object]:
    made: list[Keeper] = []

    def make(program: str, count: int = 1) -> Keeper:
        made.append(Keeper(program, count))
        return made[-1]

    yield make
    for keeper in made:
        keeper.process.kill()
        keeper.process.wait()
        assert keeper.process.stdout
        keeper.process.stdout.close()


def pids(keeper: Keeper, count: int) -> list[int]:
    return [int(keeper.hears("started, process").split()[-1]) for _ in range(count)]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_are_told_to_stop_and_are_gone(keep, number: int) -> None:  # type: ignore[no-untyped-def]
    keeper = keep(STEADY, 3)
    running = pids(keeper, 3)
    assert keeper.stop(number) < 3
    assert not any(map(is_running, running))
    assert [line.split()[-1] for line in keeper.said[-3:]] == ["SIGTERM"] * 3


def test_one_that_ends_is_started_again_alone_and_knows_how_often(keep) -> None:  # type: ignore[no-untyped-def]
    keeper = keep(COUNTING)
    assert keeper.hears("ended") == "worker 0 ended, exit code 3; starting it again in 1 s"
    assert keeper.hears("ended") == "worker 0 ended, exit code 4; starting it again in 2 s"
    keeper = keep(STEADY, 2)
    first, second = pids(keeper, 2)
    os.kill(first, signal.SIGKILL)
    assert keeper.hears("ended").startswith("worker 0 ended, killed by SIGKILL")
    (third,) = pids(keeper, 1)
    assert third != first
    assert is_running(second)


def test_one_that_does_not_stop_is_killed_in_time(keep) -> None:  # type: ignore[no-untyped-def]
    keeper = keep(DEAF)
    (running,) = pids(keeper, 1)
    time.sleep(0.5)  # it is deaf by now
    keeper.stop()
    assert keeper.said[-1] == "worker 0 killed: it did not stop within 10 s"
    assert not is_running(running)


def test_one_that_cannot_start_again_leaves_the_others_alone(keep) -> None:  # type: ignore[no-untyped-def]
    """What it needs may be away for a while, as when models or certificates are exchanged."""
    keeper = keep("import os, sys, time; os.environ['NEWSIEVE_RESTARTS'] == '0' or sys.exit(2); time.sleep(60)", 2)
    first, second = pids(keeper, 2)
    os.kill(first, signal.SIGKILL)
    assert keeper.hears("exit code 2") == "worker 0 ended, exit code 2; starting it again in 2 s"
    assert is_running(second)


def test_one_that_cannot_start_as_it_is_told_ends_them_all(keep) -> None:  # type: ignore[no-untyped-def]
    keeper = keep("import sys; sys.exit(2)")
    assert keeper.process.wait(timeout=30) == 2
