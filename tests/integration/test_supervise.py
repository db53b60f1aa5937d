"""`newsieve worker --supervise N`: workers that are started again, and gone when it is told to stop."""

import json
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


def stopped(pipeline) -> list[str]:
    """What it said of each worker that it told to stop."""
    return re.findall(r"worker \d+ (?:stopped|killed).*", pipeline.log("worker"))


def test_a_killed_worker_is_replaced_and_all_end_together(pipeline):
    """One of two workers is killed under load: another takes its place, all pages have outcomes, both stop as told."""
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
        pipeline.wait_for_log("worker", "worker 0 started", times=2)
    finally:
        assert stop(supervisor) == 0
    assert len(stopped(pipeline)) == 2
    assert "did not stop" not in pipeline.log("worker")
    assert len(started(pipeline)) == 2
    for pid in {*first.values(), *started(pipeline).values()}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_json_logs_are_json_from_the_first_line_to_the_last(pipeline):
    """With NEWSIEVE_LOG_FORMAT=json the supervisor, its workers and what they warn of are JSON objects, one a line."""
    pipeline.environ |= {"NEWSIEVE_LOG_FORMAT": "json", "NEWSIEVE_BROKERS": "nobody reads this"}
    supervisor = pipeline.start("worker", "--supervise", "1")
    try:
        pipeline.wait_for_log("worker", "taking pages.raw")
    finally:
        assert stop(supervisor) == 0
    lines = [json.loads(line) for line in pipeline.log("worker").splitlines()]
    said = [line["message"] for line in lines if line["logger"] == "newsieve.supervisor"]
    assert said[0].startswith("worker 0 started, process ")
    assert said[-1] == "worker 0 stopped, exit code 0"
    assert sum("NEWSIEVE_BROKERS is no setting" in line["message"] for line in lines) == 1


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
