"""What other Kafka clients see: kcat, and Kafka's own console consumer."""

import json
import os
import shutil
import subprocess

import pytest

from streams.broker import console_tool
from tests.integration.pipeline import sample_pages, tagged

pytestmark = pytest.mark.kafka


@pytest.fixture
def kcat() -> str:
    """The command kcat; it may be missing on a laptop, not in CI."""
    found = shutil.which("kcat")
    if found is None and not os.environ.get("CI"):
        pytest.skip("kcat is not installed (Debian: apt-get install kcat)")
    assert found, "kcat must be installed in CI"
    return found


@pytest.fixture
def story(pipeline):
    """A sample story that went through a worker, and its topic."""
    page = sample_pages()[0]
    with pipeline.worker():
        pipeline.feed([page])
        pipeline.wait_for_outcomes(1)
    return next(record for record in tagged([page]).values() if record["kind"] == "story")


def test_kcat_reads_the_parts(pipeline, kcat, story):
    """kcat gets the story from its topic as JSON, keyed by the page's id."""
    command = [kcat, "-b", pipeline.bootstrap, "-C", "-t", f"parts.{story['topic']}", "-e", "-q", "-J"]
    lines = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.splitlines()
    records = [json.loads(line) for line in lines]
    found = [r for r in records if json.loads(r["payload"])["id"] == story["id"]]
    assert [(r["key"], json.loads(r["payload"])["headline"]) for r in found] == [(story["page_id"], story["headline"])]


def test_kcat_feeds_a_page(pipeline, kcat):
    """A page that kcat puts on pages.raw as plain text, with its url as key, is tagged."""
    page = sample_pages()[0]
    file = pipeline.folder / "page.txt"
    file.write_bytes(page.text.encode())
    options = ["-t", "pages.raw", "-k", page.url, "-H", "content-type=text/plain", str(file)]
    subprocess.run([kcat, "-b", pipeline.bootstrap, "-P", *options], capture_output=True, check=True, timeout=60)
    with pipeline.worker():
        [outcome] = pipeline.wait_for_outcomes(1)
    assert (outcome["url"], outcome["outcome"]) == (page.url, "tagged")


def test_kcat_sends_what_no_client_should(pipeline, kcat):
    """Records with a header name that is not UTF-8, or compressed with any codec, stop no worker and are read back."""
    page = sample_pages()[0]
    file = pipeline.folder / "page.txt"
    file.write_bytes(page.text.encode())
    plain = ["-H", "content-type=text/plain", str(file)]
    for options in ([b"-H", b"\xff\xfe=odd"], ["-z", "snappy"], ["-z", "lz4"], ["-z", "zstd"], ["-z", "gzip"]):
        command = [kcat, "-b", pipeline.bootstrap, "-P", "-t", "pages.raw", "-p", "0", "-k", page.url, *options, *plain]
        subprocess.run(command, capture_output=True, check=True, timeout=60)
    with pipeline.worker() as worker:
        outcomes = pipeline.wait_for_outcomes(5)
        assert worker.poll() is None
    assert sorted(outcome["outcome"] for outcome in outcomes) == ["repeated"] * 4 + ["tagged"]


def test_the_console_consumer_reads_the_parts(pipeline, broker, story):
    """Kafka's console consumer prints the story from its topic."""
    options = ["--topic", f"parts.{story['topic']}", "--from-beginning", "--timeout-ms", "5000"]
    printed = console_tool(broker, "ConsoleConsumer", options).stdout
    assert story["id"] in {json.loads(line)["id"] for line in printed.splitlines() if line.startswith("{")}
