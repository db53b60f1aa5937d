"""Pages that take their worker's process along: dead after two attempts, whoever has them next; nothing else is."""

import json
import subprocess
import time
from collections import Counter

import pytest
from odd_models import KILLS, STICKS, save_odd_models

from models.page import Page

pytestmark = pytest.mark.kafka


@pytest.fixture
def odd(pipeline, tmp_path):
    """The pipeline with models that obey their pages, and an impatient watchdog."""
    pipeline.environ |= save_odd_models(tmp_path / "models") | {
        "NEWSIEVE_WATCHDOG_SECONDS": "5",
        "NEWSIEVE_SESSION_TIMEOUT_SECONDS": "6",
        "NEWSIEVE_REBALANCE_SECONDS": "6",
    }
    return pipeline


def pages(count: int, odd: dict[int, str]) -> list[Page]:
    return [Page(f"p{n}", f"https://example.org/{n}", odd.get(n, f"# Title {n}")) for n in range(count)]


def run_until_done(pipeline, count: int, workers: int = 1) -> list[int]:
    """Keep so many workers running, as a supervisor does, until all pages have an outcome; returns their exit codes."""
    ended: list[int] = []
    running = [pipeline.start("worker") for _ in range(workers)]
    deadline = time.monotonic() + 180
    try:
        while len({outcome["source"] for outcome in pipeline.outcomes()}) < count:
            assert time.monotonic() < deadline, pipeline.log("worker")[-3000:]
            ended += [code for worker in running if (code := worker.poll()) is not None]
            running = [pipeline.start("worker") if worker.poll() is not None else worker for worker in running]
            time.sleep(0.5)
        assert [worker.poll() for worker in running] == [None] * workers
    finally:
        for worker in running:
            end(worker)
    return ended


def end(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    worker.wait(timeout=15)


def test_a_page_that_kills_its_process_is_dead_after_two_attempts(odd):
    """One worker dies of it, the next one finds it; the pages around it are tagged."""
    odd.feed(pages(60, {30: KILLS}))
    assert run_until_done(odd, 60) == [-9]
    by_url = {outcome["url"]: outcome for outcome in odd.outcomes()}
    assert Counter(outcome["outcome"] for outcome in by_url.values()) == {"tagged": 59, "dead": 1}
    assert by_url["https://example.org/30"]["error"] == "bug"
    [letter] = odd.dead()
    assert json.loads(letter.value)["id"] == "p30"
    assert b"attempts=2: killed by SIGKILL" in letter.header("detail")


def test_a_page_that_never_ends_is_dead_after_two_attempts(odd):
    """The watchdog ends one worker because of it; the next one gives it its time, alone."""
    odd.feed(pages(30, {7: STICKS}))
    assert run_until_done(odd, 30) == [1]
    [letter] = odd.dead()
    assert json.loads(letter.value)["id"] == "p7"
    assert b"not tagged within 5 s, attempts=2" in letter.header("detail")


def test_killers_on_every_partition_do_not_bring_two_workers_down_for_good(odd):
    """Each of them costs one worker's life at most."""
    killers = dict.fromkeys(range(0, 120, 20), KILLS)
    odd.feed(pages(120, killers))
    ended = run_until_done(odd, 120, workers=2)
    assert 1 <= len(ended) <= len(killers)
    by_url = {outcome["url"]: outcome["outcome"] for outcome in odd.outcomes()}
    assert {url for url, outcome in by_url.items() if outcome == "dead"} == {
        f"https://example.org/{n}" for n in killers
    }


def test_a_worker_that_others_kill_leaves_nobody_under_suspicion_for_long(odd):
    """Killed from outside, it costs the next one a sandbox; no page is dead, and a stopped worker leaves no word."""
    odd.feed(pages(40, {}))
    with odd.worker() as worker:
        odd.wait_for_outcomes(40)
        worker.kill()
    odd.feed([Page(f"q{n}", f"https://example.org/{n}", f"# Q {n}") for n in range(40)])
    for _ in range(2):
        with odd.worker():
            odd.wait_for_outcomes(80)
            time.sleep(2)
    assert {outcome["outcome"] for outcome in odd.outcomes()} == {"tagged"}
