"""The page the project started from comes out exactly as it was labelled by hand."""

from pathlib import Path

import pytest

from models import corpus, store
from models.page import Page, Split
from models.splitter.labels import TITLES, field_of, labels_of

SHARED = Path(__file__).parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the labelled data folder is not beside the checkout"),
]


@pytest.fixture(scope="module")
def split() -> Split:
    model, _ = store.load("splitter")
    text = (SHARED / "sample-page.txt").read_text(encoding="utf-8")
    found: list[Split] = model.split([Page("sample", "https://example.org/sample", text)])
    return found[0]


@pytest.fixture(scope="module")
def labels() -> list[str]:
    return labels_of(corpus.gold_pages(SHARED, "dev")[0])


def numbers_of(labels: list[str], wanted: str) -> tuple[int, ...]:
    return tuple(2 * index + 1 for index, label in enumerate(labels) if label == wanted)


def test_the_story_is_its_headline_and_its_nine_paragraphs_and_nothing_else(split: Split, labels: list[str]) -> None:
    assert split.story is not None
    assert split.story.lines["headline"] == numbers_of(labels, "headline")
    assert split.story.lines["text"] == numbers_of(labels, "story")
    assert len(split.story.text.split("\n\n")) == 9


def test_the_eight_teasers_have_title_blurb_and_age_on_the_right_fields(split: Split, labels: list[str]) -> None:
    assert len(split.teasers) == 8
    for field in ("headline", "text", "age"):
        wanted = [
            2 * index + 1
            for index, label in enumerate(labels)
            if label.startswith(("teaser-", "led-", "next-")) and field_of(label) == field
        ]
        assert [number for teaser in split.teasers for number in teaser.lines.get(field, ())] == wanted
    assert [teaser.lines["headline"][0] for teaser in split.teasers] == [
        2 * index + 1 for index, label in enumerate(labels) if label in TITLES
    ]
