"""The record of a part: valid by its schema for any story and teaser, with nothing in it that was not found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError

from models.identity import kind_of
from models.page import STORY_FIELDS, TEASER_FIELDS, Guess, Page, Part, Story, Teaser, Verdict
from models.tagger import UNSERVED
from streams.records import part_fields, part_record

AT = "2026-01-05T10:00:00Z"
Valid = Callable[[bytes | dict[str, Any]], dict[str, Any]]

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
some_words = st.lists(words, max_size=3).map(tuple)
times = st.sampled_from([None, "2026-01-05T10:00:00Z", "2026-01-05t10:00:00.25+05:30"])
confidences = st.floats(0, 1)
guesses = st.lists(st.builds(Guess, st.sampled_from(["sport", "science"]), words, confidences), max_size=3).map(tuple)
verdicts = st.just(UNSERVED) | st.builds(Verdict, st.sampled_from(["sport", "unclear"]), guesses)
pages = st.builds(Page, st.text("ab", min_size=1), words, words, times)


def claims(fields: tuple[str, ...]) -> st.SearchStrategy[dict[str, tuple[int, ...]]]:
    """Line numbers of some of the fields, ascending, none twice."""
    numbers = st.sets(st.integers(1, 10**6), min_size=1, max_size=4).map(sorted).map(tuple)
    return st.dictionaries(st.sampled_from(fields), numbers)


stories = st.builds(Story, words, words, words, words, words, words, some_words, some_words, claims(STORY_FIELDS))
teasers = st.builds(Teaser, words, words, words, claims(TEASER_FIELDS))


@st.composite
def parts(draw: st.DrawFn) -> Part:
    content = draw(stories | teasers)
    versions = {"splitter": "1", "topics": "2"}
    names = draw(st.tuples(st.text("cd", min_size=1), st.text("ef", min_size=1)))
    return Part(*names, draw(pages), kind_of(content), content, "en", draw(verdicts), draw(times), versions)


@given(part=parts())
def test_the_record_of_any_part_is_valid_and_says_what_the_part_says(valid_part: Valid, part: Part) -> None:
    record = part_record("parts.sport", part, AT)
    fields = valid_part(record.value or b"")
    assert record.key == part.page.id.encode()
    assert (fields["headline"], fields["text"]) == (part.content.headline, part.content.text)
    assert fields["lines"] == {name: list(numbers) for name, numbers in part.content.lines.items()}
    assert fields["confidence"] == (fields["topics"][0]["confidence"] if fields["topics"] else 0)
    assert fields["tagged_at"] == AT


@given(part=parts())
def test_what_was_not_found_is_absent(part: Part) -> None:
    fields = part_fields(part, AT)
    optional = {"dek", "section", "byline", "date", "captions", "tags", "age", "fetched_at", "published_at"}
    given_ones = {"fetched_at": part.page.fetched_at, "published_at": part.published_at}
    found = {name for name in optional if getattr(part.content, name, None) or given_ones.get(name)}
    assert found == optional & fields.keys()


def story_fields(**changes: Any) -> dict[str, Any]:
    page = Page("p", "u", "a\nb")
    content = Story("a", "b", lines={"headline": (1,), "text": (2,)})
    verdict = Verdict("sport", (Guess("sport", "medtop:15000000", 0.5),))
    part = Part("i", "i", page, "story", content, "en", verdict, None, {"splitter": "1", "topics": "1"})
    return part_fields(replace(part), AT) | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "video"}, {"age": "2 hours ago"}, {"lines": {"meta": [1]}}, {"lines": {"text": [0]}},
        {"lines": {"text": [2, 2]}}, {"lines": {"text": "2-4"}}, {"confidence": 1.1}, {"language": "eng"},
        {"topics": [{"topic": "unclear", "qcode": "", "confidence": 0.1}]}, {"published_at": "yesterday"},
        {"tagged_at": "2026-01-05 10:00:00Z"}, {"models": {"splitter": "1"}}, {"dek": ""}, {"score": 1}, {"id": ""},
        {"topics": [{"topic": "sport", "qcode": "", "confidence": 0.1}] * 4}, {"schema": "newsieve.part/2"},
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_contract_does_not_allow(valid_part: Valid, changes: dict[str, Any]) -> None:
    valid_part(story_fields())
    with pytest.raises(ValidationError):
        valid_part(story_fields(**changes))


def test_the_schema_requires_every_field_that_is_not_optional_by_contract(valid_part: Valid) -> None:
    for name in story_fields():
        fields = story_fields()
        del fields[name]
        with pytest.raises(ValidationError):
            valid_part(fields)


def test_text_outside_any_plane_goes_through_unchanged(valid_part: Valid) -> None:
    odd = "🇫🇷 e\u0301 \u202e\x00\u2028 \U0010ffff"
    assert valid_part(orjson.dumps(story_fields(headline=odd)))["headline"] == odd
