"""The clock of patience: real time, less that for which the process waited for a core."""

import asyncio
import subprocess
import sys
import time

import pytest
from fakes import loop_clock, run

from streams.fair_clock import LEAST_SPEED, FairClock, waited_seconds, within


def test_without_waiting_it_is_a_plain_clock() -> None:
    clock = FairClock(iter([5.0, 7.0, 7.5]).__next__, dict)
    assert [clock(), clock()] == [2.0, 2.5]


def test_it_goes_at_a_third_of_the_speed_at_least_however_long_threads_waited() -> None:
    waits = iter([{}, {1: 50.0, 2: 60.0}, {1: 50.0}, {3: 0.5}])
    clock = FairClock(iter([0.0, 3.0, 4.0, 5.0]).__next__, waits.__next__)
    assert [clock(), clock(), clock()] == [1.0, 2.0, 2.5]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says")
def test_the_system_says_how_long_each_thread_waited_and_nothing_of_a_process_that_is_gone() -> None:
    assert waited_seconds()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin
    assert child.pid in waited_seconds(child.pid)
    child.communicate(b"\n")
    assert waited_seconds(child.pid) == {}


def test_it_goes_on_while_the_process_sleeps() -> None:
    clock = FairClock()
    began = clock()
    time.sleep(0.05)
    assert clock() - began >= 0.05 * LEAST_SPEED


@pytest.mark.parametrize(("speed", "waits"), [(1.0, 3.0), (0.5, 6.0)])
def test_a_task_is_waited_for_as_long_as_the_clock_says(speed: float, waits: float) -> None:
    async def waited(takes: float) -> tuple[bool, float]:
        task = asyncio.ensure_future(asyncio.sleep(takes))
        done = await within(3.0, task, lambda: loop_clock() * speed)
        task.cancel()
        return done, loop_clock()

    assert run(waited(waits - 0.1)) == (True, pytest.approx(waits - 0.1))
    assert run(waited(3600)) == (False, pytest.approx(waits, abs=1e-3))
