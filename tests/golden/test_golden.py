"""Sample pages of our own: their hand-made labels, and what the shipped models make of them.

`pytest tests/golden --refresh-golden` accepts the models' output as the expected one; read the difference in git.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hand_labels import read_labels, right

from models.page import Role, lines_of
from models.topics.taxonomy import MEDIA_TOPICS, UNCLEAR, Taxonomy
from scripts import samples as sample_folder
from scripts.samples import Sample, read_samples

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"
FLOORS = HERE / "floors.json"
LABELS = read_labels()
NAMES = [sample.name for sample in read_samples()]
VOLATILE = {"tagged_at", "models", "confidence", "topics"}
"""What a retrained model may change without saying anything else of a page."""

Tagged = dict[str, list[dict[str, Any]]]


def test_every_sample_file_is_listed_and_labelled() -> None:
    files = {path.stem for path in sample_folder.FOLDER.glob("*.txt")}
    assert set(NAMES) == files == set(LABELS)
    assert len(NAMES) == len(files)


@pytest.mark.parametrize("name", NAMES)
def test_labels_stand_for_the_lines_of_the_page_one_by_one(name: str, samples: dict[str, Sample]) -> None:
    page = samples[name].page
    assert [line.text for line in LABELS[name].lines] == [line.text for line in lines_of(page.text)]
    assert LABELS[name].url == page.url


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_complete_and_of_the_taxonomy(name: str) -> None:
    label = LABELS[name]
    titles = {line.teaser for line in label.lines if line.role is Role.TEASER and line.field == "title"}
    assert titles == {line.teaser for line in label.lines if line.role is Role.TEASER} == set(label.teaser_topics)
    assert (label.story_topics is not None) == any(line.role is Role.STORY for line in label.lines)
    topics = {topic for topics in label.teaser_topics.values() for topic in topics} | set(label.story_topics or ())
    assert topics <= {*Taxonomy.parse(MEDIA_TOPICS.read_text(encoding="utf8")).slugs, UNCLEAR}


@pytest.mark.parametrize("name", NAMES)
def test_every_part_is_a_valid_record(name: str, tagged: Tagged, valid_part: Callable[..., object]) -> None:
    assert all(valid_part(part) for part in tagged[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_page_gives_the_expected_parts(name: str, tagged: Tagged, refresh: bool) -> None:
    """The shipped models say of each page what was accepted last; `--refresh-golden` accepts anew."""
    parts = [stable(part) for part in tagged[name]]
    path = EXPECTED / f"{name}.json"
    if refresh:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(parts, ensure_ascii=False, indent=1) + "\n", encoding="utf8")
    assert parts == json.loads(path.read_text(encoding="utf8"))


def test_no_less_is_right_than_the_floors_say(tagged: Tagged, samples: dict[str, Sample], refresh: bool) -> None:
    """Lines, teasers, stories and topics that agree with the hand-made labels never get fewer."""
    counts: Counter[str] = sum((right(LABELS[name], samples[name].page, tagged[name]) for name in NAMES), Counter())
    floors = json.loads(FLOORS.read_text(encoding="utf8")) if FLOORS.exists() else {}
    if refresh:
        floors = {what: max(counts[what], floors.get(what, 0)) for what in sorted(counts)}
        FLOORS.write_text(json.dumps(floors, indent=1) + "\n", encoding="utf8")
    assert floors
    assert {what: counts[what] for what in floors if counts[what] < floors[what]} == {}, dict(counts)


def stable(part: dict[str, Any]) -> dict[str, Any]:
    """What of a record is to stay as it is: all but the time, the versions and the exact confidences."""
    best = part["topics"][0]["topic"] if part["topics"] else None
    return {name: value for name, value in part.items() if name not in VOLATILE} | {"best_guess": best}
