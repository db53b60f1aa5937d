"""What a running worker says of itself over HTTP: counts, readiness, and that it is stalled before it leaves."""

import os
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from odd_models import STICKS, save_odd_models

from models import store
from models.page import Page

pytestmark = pytest.mark.kafka


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def wait_for(port: int, path: str, code: int) -> str:
    deadline = time.monotonic() + 60
    while (answer := ask(port, path))[0] != code:
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)
    return answer[1]


def test_a_worker_is_ready_counts_its_pages_and_tells_when_it_is_stalled(pipeline, tmp_path):
    """Ready once it is in its group; counts what it did; unhealthy, with the reason, half the time before it leaves."""
    port = free_port()
    pipeline.environ |= save_odd_models(tmp_path / "models") | {"NEWSIEVE_WATCHDOG_SECONDS": "8"}
    with pipeline.worker("--metrics", str(port)) as worker:
        wait_for(port, "/readyz", 200)
        assert ask(port, "/healthz") == (200, "ok\n")
        pipeline.feed([Page(f"p{n}", f"https://example.org/{n}", "# T") for n in range(20)])
        pipeline.wait_for_outcomes(20)
        time.sleep(3)
        counted = ask(port, "/metrics")[1]
        assert 'newsieve_pages_total{outcome="tagged"} 20.0' in counted
        assert 'newsieve_lag_records{partition="0"} 0.0' in counted
        version = store.version_of(store.read_card("splitter", tmp_path / "models"))
        assert f'newsieve_model_info{{model="splitter",version="{version}"}} 1.0' in counted
        pipeline.feed([Page("stuck", "https://example.org/stuck", STICKS)])
        assert "tagging for" in wait_for(port, "/healthz", 503)
        assert worker.wait(timeout=30) == 1


def test_it_serves_nothing_unless_it_is_asked_to(pipeline):
    """By default a worker listens on no port at all."""
    with pipeline.worker() as worker:
        pipeline.wait_for_log("worker", "taking pages.raw")
        files = Path(f"/proc/{worker.pid}/fd")
        sockets = {os.readlink(file).removeprefix("socket:[").rstrip("]") for file in files.iterdir()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = {row[9] for row in rows if row[3] == "0A"}
    assert listening, "Kafka does"
    assert not sockets & listening
