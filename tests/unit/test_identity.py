"""Ids: what they depend on, and what not."""

from dataclasses import replace

import pytest
from fake_models import mark_tagger
from hypothesis import given
from hypothesis import strategies as st

from models.identity import hash_of, host, item_id, kind_of, normalised, page_id, part_ids
from models.page import Page, Story, Teaser

PAGE = Page("p", "https://example.org/a", "Cup final\nMoon lander\n15 hours ago\nMoon lander\n Ferry ")
STORY = Story("Cup final", "A story.", lines={"headline": (1,)})
MOON = Teaser("Moon lander", lines={"headline": (2,)})
AGAIN = Teaser("Moon lander", lines={"headline": (4,)})
NAMELESS = Teaser("", "", "15 hours ago", lines={"age": (3,)})


def test_a_storys_id_depends_on_page_id_and_text_alone() -> None:
    (first,) = part_ids(PAGE, [STORY])
    other_story = Story("Ferry", "Cut by another model.", "dek", lines={"text": (2, 3)})
    assert part_ids(
        replace(PAGE, url="https://elsewhere.example", fetched_at="2026-01-05T10:00:00Z"), [other_story]
    ) == [first]
    assert part_ids(replace(PAGE, id="q"), [STORY]) != [first]
    assert part_ids(replace(PAGE, text=PAGE.text + "."), [STORY]) != [first]


def test_a_teasers_id_depends_on_its_headline_and_not_on_what_else_was_found() -> None:
    (first,) = part_ids(PAGE, [MOON])
    other_cut = replace(MOON, text="A blurb.", age="15 hours ago", lines={"headline": (2,), "age": (3,)})
    assert part_ids(PAGE, [STORY, Teaser("Ferry"), other_cut])[2] == first
    assert part_ids(PAGE, [replace(MOON, headline="Moon Lander")]) != [first]
    assert part_ids(replace(PAGE, id="q"), [MOON]) != [first]


def test_equal_teasers_are_told_apart_by_their_number_among_equals() -> None:
    one, two = part_ids(PAGE, [MOON, AGAIN])
    assert one != two
    assert part_ids(PAGE, [STORY, Teaser("Ferry"), MOON, NAMELESS, AGAIN])[2::2] == [one, two]
    assert part_ids(PAGE, [AGAIN]) == [one], "the number counts, not the line"


def test_a_teaser_without_headline_is_named_by_its_first_line() -> None:
    (first,) = part_ids(PAGE, [NAMELESS])
    more = replace(NAMELESS, text="Ferry", lines={"text": (5,), "age": (3,)})
    assert part_ids(PAGE, [more]) == [first]
    assert part_ids(PAGE, [Teaser("", "Ferry", lines={"text": (5,)})]) != [first]


def test_a_teaser_and_a_story_of_the_same_words_have_two_ids() -> None:
    assert len(set(part_ids(PAGE, [STORY, Teaser("Cup final"), Teaser("story"), Teaser("")]))) == 4


def test_a_part_without_any_line_still_has_an_id() -> None:
    assert len(part_ids(PAGE, [Teaser("")])[0]) == 32


def test_an_item_has_one_id_on_all_pages_of_a_host() -> None:
    sightings = [
        item_id("https://www.Example.org/sport/1", "Storm  hits COAST – live…", "part 1"),
        item_id("http://example.org:8080/?page=2#top", "storm hits coast, live", "part 2"),
        item_id("https://user@EXAMPLE.org", "  Storm hits\u00a0coast (live)", "part 3"),
    ]
    assert len(set(sightings)) == 1
    assert item_id("https://example.com/1", "Storm hits coast live", "part 4") not in sightings
    assert item_id("https://example.org/1", "Storm hits coast", "part 5") not in sightings


def test_composed_and_decomposed_letters_are_the_same_headline_and_accents_are_not_nothing() -> None:
    assert normalised("Caf\u00e9") == normalised("Cafe\u0301") != normalised("Cafe")


@pytest.mark.parametrize("headline", ["", "…", " ", "– – –", "🙂"])
def test_teasers_without_a_word_in_their_headline_are_not_all_the_same_item(headline: str) -> None:
    """Else a subscription, which shows an item once a window, would show one of them for all of a publisher's."""
    url = "https://example.org/a"
    assert item_id(url, headline, "part 1") != item_id(url, headline, "part 2")


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://www.example.org/a", "example.org"), ("HTTPS://EXAMPLE.ORG", "example.org"), ("file:///a.txt", ""),
     ("", ""), ("example.org/a", ""), ("http://[::1]:80/", "::1"), ("http://[bad", ""), ("http://a\u2100b/", ""),
     ("\x00", ""), ("https://www.www.org", "www.org"), ("//example.org/a", "example.org")],
)  # fmt: skip
def test_the_host_of_any_url_can_be_told(url: str, expected: str) -> None:
    assert host(url) == expected


@given(st.text())
def test_no_url_and_no_headline_is_an_error(words: str) -> None:
    assert isinstance(host(words), str)
    assert len(item_id(words, words, "p")) in (1, 32)
    assert normalised(normalised(words)) == normalised(words)


fields = st.lists(st.text(max_size=3), max_size=3)


@given(fields, fields)
def test_two_lists_of_fields_share_a_hash_only_when_they_are_equal(left: list[str], right: list[str]) -> None:
    assert (hash_of(*left) == hash_of(*right)) == (left == right)


def test_lone_surrogates_have_an_id_too() -> None:
    assert page_id("\ud800", "\udfff") != page_id("\udfff", "\ud800")


def test_ids_stay_what_they_are() -> None:
    """Subscribers and labels keep ids: a change of the recipe needs a new schema version."""
    assert hash_of("a", "b") == "3c9d591045bc8876f9d0399bbfb05c6a"


def test_models_and_topics_have_no_part_in_ids() -> None:
    page = Page("p", "https://example.org/a", "# A match\nText.\n* Moon\n* Moon")
    ours = mark_tagger()
    theirs = replace(ours, versions={"splitter": "2", "topics": "3"})
    assert [part.id for part in ours.tag([page])[0]] == [part.id for part in theirs.tag([page])[0]]
    assert [kind_of(part.content) for part in ours.tag([page])[0]] == ["story", "teaser", "teaser"]
