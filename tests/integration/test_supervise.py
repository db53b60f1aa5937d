"""`newsieve worker --supervise N`: workers that are started again, and gone when it is told to stop."""

import os
import re
import signal
import time

import pytest

from tests.integration.pipeline import sample_pages, stop

pytestmark = pytest.mark.kafka


def started(pipeline) -> dict[int, int]:
    """The last process of each worker that it said to have started."""
    return {int(n): int(pid) for n, pid in re.findall(r"worker (\d+) started, process (\d+)", pipeline.log("worker"))}


def test_a_killed_worker_is_replaced_and_all_end_together(pipeline):
    """One of two workers is killed under load: another takes its place, every page has its outcome, all stop in 4 s."""
    pages = sample_pages(copies=10)
    supervisor = pipeline.start("worker", "--supervise", "2")
    try:
        pipeline.feed(pages)
        pipeline.wait_for_log("worker", " tagged")
        first = started(pipeline)
        os.kill(first[0], signal.SIGKILL)
        pipeline.wait_for_log("worker", "worker 0 ended, killed by SIGKILL; starting it again in 1 s")
        outcomes = pipeline.wait_for_outcomes(len(pages))
        assert {outcome["outcome"] for outcome in outcomes} == {"tagged"}
        began = time.monotonic()
    finally:
        assert stop(supervisor) == 0
    assert time.monotonic() - began < 4
    assert len(started(pipeline)) == 2
    for pid in {*first.values(), *started(pipeline).values()}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_stop_when_their_supervisor_is_killed(pipeline):
    """However the supervisor ends, no worker is left behind."""
    supervisor = pipeline.start("worker", "--supervise", "1")
    pipeline.wait_for_log("worker", "taking pages.raw")
    supervisor.kill()
    supervisor.wait()
    (pid,) = started(pipeline).values()
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
