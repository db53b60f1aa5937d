"""A worker's memory under pages that are much larger than what Kafka has to send of them."""

import json
from pathlib import Path

import pytest

from tests.integration.pipeline import sample_pages

pytestmark = pytest.mark.kafka

RECORDS = 60
RECORD_BYTES = 20_000_000
MOST_RSS_MB = 800
"""Models and libraries take 210; two or three of the records are there at once, each a few times on its way from
compressed to delivered as a dead letter. 40 records brought it to 620, 100 to 640."""


def peak_rss_mb(pid: int) -> int:
    """The most memory that the process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) // 1024


def test_large_records_that_compress_well_do_not_fill_the_memory(pipeline):
    """1.2 GB of pages that Kafka stores in one: each has its outcome, and the worker stays small."""
    page = sample_pages()[0]
    good = json.dumps({"url": page.url, "text": page.text}).encode()
    records = [(b"k%d" % n, b"x" * RECORD_BYTES, ()) for n in range(RECORDS)]
    pipeline.send([*records, (b"good", good, ())], compression_type="gzip", max_request_size=64 * 2**20)
    with pipeline.worker() as worker:
        outcomes = pipeline.wait_for_outcomes(RECORDS + 1)
        peak = peak_rss_mb(worker.pid)
        assert worker.poll() is None
    assert sorted(outcome["outcome"] for outcome in outcomes) == ["dead"] * RECORDS + ["tagged"]
    assert peak < MOST_RSS_MB
