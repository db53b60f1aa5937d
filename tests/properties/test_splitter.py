"""What holds for every page, whatever its lines: claims, order, independence of the batch."""

import copy
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import store
from models.page import Line, Page, Split, lines_of
from models.splitter.assemble import assemble
from models.splitter.labels import LABELS
from models.splitter.model import Splitter

PHRASES = (
    "Menu", "Share", "Ferry runs again after storm", "By Ida Holm", "3 March 2024", "2 hours ago", "Latest news",
    "The ferry left at dawn and carried forty cars across the bay, the harbour master said on Tuesday morning.",
    "A crowd waits at the pier. (Photo: Ida Holm)", "Rain ends in the north", "Forecasters see a dry week ahead…",
    "READ MORE", "東京で雨", "vor 3 Stunden", "Tags: ferries, weather",
)  # fmt: skip
LINE = st.one_of(st.sampled_from(PHRASES), st.text(max_size=60))
TEXT = st.lists(LINE, max_size=30).map("\n".join)


@pytest.fixture(scope="module")
def splitter() -> Splitter:
    model, _ = store.load("splitter")
    assert isinstance(model, Splitter)
    return model


def fields_of(split: Split) -> list[Mapping[str, tuple[int, ...]]]:
    """The lines of each part, by field."""
    return ([split.story.lines] if split.story else []) + [teaser.lines for teaser in split.teasers]


def claimed(split: Split) -> list[int]:
    return [number for fields in fields_of(split) for numbers in fields.values() for number in numbers]


@given(st.lists(st.tuples(st.sampled_from(PHRASES), st.sampled_from(LABELS)), max_size=40))
def test_no_line_is_claimed_twice_and_claims_ascend_whatever_the_labels(labelled: list[tuple[str, str]]) -> None:
    lines = [Line(3 * index + 2, text) for index, (text, _) in enumerate(labelled)]
    split = assemble(lines, [label for _, label in labelled])
    numbers = claimed(split)
    assert len(numbers) == len(set(numbers))
    assert set(numbers) <= {line.number for line in lines}
    for fields in fields_of(split):
        assert all(list(found) == sorted(found) for found in fields.values())
    titles = [teaser.lines["headline"][0] for teaser in split.teasers]
    assert titles == sorted(titles)


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(TEXT, max_size=5))
def test_a_batch_is_split_as_its_pages_are_one_by_one(splitter: Splitter, texts: list[str]) -> None:
    pages = [Page(str(index), "https://example.org/", text) for index, text in enumerate(texts)]
    before = copy.deepcopy(pages)
    assert splitter.split(pages) == [splitter.split([page])[0] for page in pages]
    assert pages == before


@settings(deadline=None, max_examples=60)
@given(text=TEXT)
def test_every_claimed_line_is_on_the_page_and_parts_hold_its_words(splitter: Splitter, text: str) -> None:
    split = splitter.split([Page("p", "https://example.org/", text)])[0]
    lines = {line.number: line.text for line in lines_of(text)}
    numbers = claimed(split)
    assert len(numbers) == len(set(numbers))
    assert set(numbers) <= set(lines)
    if split.story:
        assert split.story.text == "\n\n".join(lines[number] for number in split.story.lines.get("text", ()))
    for teaser in split.teasers:
        assert teaser.headline == lines[teaser.lines["headline"][0]]
