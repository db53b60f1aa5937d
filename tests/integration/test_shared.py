"""The labelled data beside the checkout through the whole pipeline: real pages, two workers, one of them killed."""

import gzip
import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from models.page import Page
from tests.integration.pipeline import Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.shared]

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    """The folder of labelled data; it may be missing on a laptop, not in CI."""
    if not SHARED.is_dir() and not os.environ.get("CI"):
        pytest.skip("no ../shared/data beside the checkout")
    assert SHARED.is_dir()
    return SHARED


def test_the_page_it_started_from(pipeline: Pipeline, shared: Path) -> None:
    """The sample page gives its story without the clutter, and its eight teasers with their fields and topics."""
    path = shared / "sample-page.txt"
    with pipeline.worker():
        pipeline.run("feed", str(path))
        [outcome] = pipeline.wait_for_outcomes(1)
    story, *teasers = sorted(pipeline.subscribe("--every-sighting"), key=lambda part: (part["kind"], first_line(part)))
    with gzip.open(shared / "gold-pages-dev.jsonl.gz") as file:
        gold = json.loads(file.readline())["lines"]
    assert outcome["url"] == path.resolve().as_uri()
    assert story["headline"] == next(line["text"] for line in gold if line["role"] == "headline")
    assert story["text"].split("\n\n") == [line["text"] for line in gold if line["role"] == "story"]
    assert len(story["text"].split("\n\n")) == 9
    assert story["topic"] in {"international_relations", "politics"}
    for number, teaser in enumerate(teasers, 1):
        own = {line["field"]: line["text"] for line in gold if line.get("teaser") == number}
        assert (teaser["headline"], teaser["text"], teaser.get("age")) == (
            own["title"],
            own.get("blurb", ""),
            own.get("age"),
        )
    assert len(teasers) == 8
    assert sum(teaser["topic"] in {"technology", "science"} for teaser in teasers[2:]) >= 5


def test_a_thousand_pages_and_a_killed_worker(pipeline: Pipeline, shared: Path) -> None:
    """Each of 971 real pages has one outcome and no part shows twice, though one of two workers is killed."""
    with gzip.open(shared / "pages" / "dev.jsonl.gz") as file:
        rows = [json.loads(line) for line in file]
    pages = [Page(f"{row['id']}#{row['style']}", row["url"] or "", "\n\n".join(row["lines"])) for row in rows]
    pipeline.feed(pages)
    with pipeline.worker() as first, pipeline.worker():
        pipeline.wait_for_log("worker", " tagged")
        first.send_signal(signal.SIGKILL)
        first.wait()
        with pipeline.worker():
            outcomes = pipeline.wait_for_outcomes(len(pages))
    verdicts = {(outcome["page_id"], outcome["outcome"]) for outcome in outcomes}
    assert sorted(page_id for page_id, _ in verdicts) == sorted(page.id for page in pages)
    assert {outcome for _, outcome in verdicts} <= {"tagged", "empty"}
    shown = Counter(part["id"] for part in pipeline.subscribe("--every-sighting"))
    assert max(shown.values()) == 1
    of_page = {(outcome["page_id"], outcome["parts"]) for outcome in outcomes}
    assert sum(parts for _, parts in of_page) == len(shown)


def first_line(part: dict) -> int:
    return min(number for numbers in part["lines"].values() for number in numbers)
