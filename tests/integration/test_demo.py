"""`newsieve demo`, as a newcomer runs it."""

import os
import subprocess

import pytest

from scripts.samples import read_samples
from tests.integration.pipeline import newsieve

pytestmark = pytest.mark.kafka


def test_the_demo_shows_each_page_and_cleans_up(broker, tmp_path):
    """It brings its own Kafka and worker, shows each sample page's parts, ends by itself, and leaves nothing behind."""
    environ = {**os.environ, "TMPDIR": str(tmp_path), "NEWSIEVE_BROKER": "nowhere.invalid:9", "COLUMNS": "150"}
    done = subprocess.run(newsieve("demo", "--pages", "3"), env=environ, capture_output=True, timeout=180)
    shown = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    for sample in read_samples()[:3]:
        assert sample.page.url in shown.replace("\n", "")
    assert "teasers" in shown
    assert b"3 pages gave 3 stories" in done.stderr
    assert list(tmp_path.iterdir()) == []
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True)
    assert left.stdout == b""
