"""Labelled lines become the parts a reader would cut out of the page, whatever the label sequence."""

import pytest

from models.page import Line, Split
from models.splitter.assemble import assemble
from models.splitter.labels import LABELS, may_end, may_follow, may_start


def page_of(*labelled: tuple[str, str]) -> Split:
    lines = [Line(2 * index + 1, text) for index, (text, _) in enumerate(labelled)]
    return assemble(lines, [label for _, label in labelled])


def test_a_page_without_lines_has_no_parts() -> None:
    assert page_of() == Split(None, ())


def test_each_role_of_the_story_fills_its_field() -> None:
    split = page_of(
        ("Local news", "meta"),
        ("Ferry runs again after storm", "headline"),
        ("Ferry runs again", "headline"),
        ("Crossings are free this week", "dek"),
        ("By Ida Holm", "meta"),
        ("3 March 2024", "meta"),
        ("The ferry left at dawn.", "story"),
        ("A crowd waits at the pier. Photo: I. Holm", "caption"),
        ("It carried forty cars.", "story"),
        ("Tags: Ferries, Weather", "meta"),
        ("About us", "boilerplate"),
    )
    story = split.story
    assert story is not None
    assert (story.headline, story.dek, story.section) == (
        "Ferry runs again after storm",
        "Crossings are free this week",
        "Local news",
    )
    assert (story.byline, story.date, story.tags) == ("By Ida Holm", "3 March 2024", ("Ferries", "Weather"))
    assert story.text == "The ferry left at dawn.\n\nIt carried forty cars."
    assert story.captions == ("A crowd waits at the pier. Photo: I. Holm",)
    assert story.lines["headline"] == (3, 5)
    assert story.lines["text"] == (13, 17)


def test_touching_items_are_told_apart_and_fields_before_a_title_belong_to_it() -> None:
    split = page_of(
        ("Sport", "next-meta"),
        ("Rowers win by a length", "led-title"),
        ("2 hours ago", "led-age"),
        ("Culture", "next-meta"),
        ("Old theatre opens", "led-title"),
        ("its doors again", "led-continuation"),
        ("The stage was dark for years…", "led-text"),
        ("Bridge closed", "teaser-title"),
    )
    assert split.story is None
    assert [teaser.headline for teaser in split.teasers] == [
        "Rowers win by a length",
        "Old theatre opens",
        "Bridge closed",
    ]
    assert split.teasers[0].lines == {"headline": (3,), "age": (5,), "meta": (1,)}
    assert split.teasers[0].age == "2 hours ago"
    assert split.teasers[1].lines == {"headline": (9, 11), "text": (13,), "meta": (7,)}
    assert split.teasers[1].text == "The stage was dark for years…"


def test_a_field_that_lost_its_title_is_boilerplate() -> None:
    split = page_of(("1 day ago", "teaser-age"), ("Opinion", "next-meta"), ("Menu", "boilerplate"), ("x", "next-text"))
    assert split == Split(None, ())


def test_a_waiting_field_does_not_jump_over_another_line_to_a_later_title() -> None:
    split = page_of(("Opinion", "next-meta"), ("Menu", "boilerplate"), ("Rain ends", "teaser-title"))
    assert [dict(teaser.lines) for teaser in split.teasers] == [{"headline": (5,)}]


def test_a_headline_without_paragraphs_is_a_story_without_text() -> None:
    split = page_of(("Ferry runs again", "headline"), ("3 March 2024", "meta"), ("Rain ends", "teaser-title"))
    assert split.story is not None
    assert (split.story.headline, split.story.text, split.story.date) == ("Ferry runs again", "", "3 March 2024")
    assert "text" not in split.story.lines


def test_a_page_with_neither_headline_nor_paragraphs_has_no_story_and_claims_no_line_for_one() -> None:
    split = page_of(("Weather", "meta"), ("Rain in the north", "dek"), ("Rain ends", "teaser-title"))
    assert split.story is None
    assert len(split.teasers) == 1


def test_lines_and_labels_of_different_number_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        assemble([Line(1, "a"), Line(3, "b")], ["story"])


@pytest.mark.parametrize(
    ("text", "after_story", "field"),
    [
        ("Von Jana Weiss", False, "byline"),
        ("Ida Holm", False, "byline"),
        ("vor 3 Stunden", False, "date"),
        ("2024年3月5日", False, "date"),
        ("Publié le 5 mars 2024 à 10h32", False, "date"),
        ("Europe", False, "section"),
        ("weather, ferries, harbour", True, "tags"),
        ("Ida Holm has written about the coast since 2003. She lives by the sea.", True, "byline"),
    ],
)
def test_a_meta_line_goes_to_the_field_it_looks_like(text: str, after_story: bool, field: str) -> None:
    before = [("Ferry runs again", "headline"), *([("It left.", "story")] if after_story else [])]
    after = [] if after_story else [("It left.", "story")]
    story = page_of(*before, (text, "meta"), *after).story
    assert story is not None
    assert story.lines[field] == (2 * len(before) + 1,)


def test_allowed_label_sequences_start_and_end_whole_items() -> None:
    allowed, code = may_follow(), LABELS.index
    assert not allowed[code("boilerplate"), code("teaser-age")]
    assert not allowed[code("next-age"), code("story")]
    assert not allowed[code("teaser-text"), code("teaser-continuation")]
    assert not allowed[code("teaser-text"), code("led-age")]
    assert not allowed[code("boilerplate"), code("led-title")]
    assert allowed[code("led-text"), code("next-age")]
    assert not may_start()[code("teaser-age")]
    assert not may_start()[code("led-title")]
    assert not may_end()[code("next-age")]
