"""Varied training pages keep their story, and what is added to them is furniture or whole items."""

import numpy as np
import pytest

from models.splitter.augment import (
    as_listing,
    augmented,
    with_blurbs,
    with_discussion,
    with_more_furniture,
    with_navigation,
    with_opening_picture,
    with_short_story,
)
from models.splitter.discussion import MOST_COMMENTS, Voices, thread
from models.splitter.flattening import bulleted, with_joined_menus, with_markup
from models.splitter.loans import Block, Loans, loans_of

PARAGRAPH = "The council met on Tuesday to talk about the old bridge, and after three hours it agreed to mend it."
LINES = ["Menu", "Bridge is mended", "By Ida Holm", "May 4, 2024", PARAGRAPH, PARAGRAPH + " Twice.", "Share", "Latest"]
LABELS = ["boilerplate", "headline", "meta", "meta", "story", "story", "boilerplate", "boilerplate"]
ITEMS = ["Rain ends in the north", "2 hours ago"] * 5
PAGE = ([*LINES, *ITEMS, "Imprint"], [*LABELS, *["teaser-title", "teaser-age"] * 5, "boilerplate"])


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def loans() -> Loans:
    return loans_of([PAGE])


def block() -> Block:
    return list(zip(*PAGE, strict=True))


def test_a_discussion_is_furniture_below_the_story_and_leaves_all_else_in_place(
    loans: Loans, random: np.random.Generator
) -> None:
    for _ in range(30):
        varied = with_discussion(block(), loans, random)
        page = [line for line in varied if line in block()]
        added = [line for line in varied if line not in block()]
        last = max(i for i, (_, label) in enumerate(varied) if label == "story")
        assert {label for _, label in added} <= {"boilerplate"}
        assert varied[: last + 1] == block()[: last + 1]
        assert {line for line in block() if line[1] != "story"} <= set(page)


def test_comments_of_a_thread_are_signed_in_one_way(random: np.random.Generator) -> None:
    voices = Voices(["One thing is said here."], ["Ida Holm"], ["2 hours ago"], ["Reply"])
    for _ in range(50):
        lines = thread(voices, random)
        said = [line for line in lines if "thing" in line and "Ida" not in line]
        assert len(said) >= 1
        assert len(lines) <= MOST_COMMENTS * (len(said) + 8)


def test_nobody_means_no_thread(random: np.random.Generator) -> None:
    assert thread(Voices(["Said."], [], ["2 hours ago"], ["Reply"]), random) == []


def test_a_short_story_keeps_its_first_paragraph_and_all_else(loans: Loans, random: np.random.Generator) -> None:
    varied = with_short_story(block(), loans, random)
    assert block()[4] in varied
    assert [line for line in varied if line[1] != "story"] == [line for line in block() if line[1] != "story"]


def test_menus_of_other_pages_come_before_and_footers_after(loans: Loans, random: np.random.Generator) -> None:
    seen = {tuple(with_navigation(block(), loans, random)) for _ in range(20)}
    assert seen == {(("Menu", "boilerplate"), *block()), (*block(), ("Imprint", "boilerplate"))}


def test_signs_before_list_items_change_no_label(loans: Loans, random: np.random.Generator) -> None:
    varied = bulleted(block(), loans, random)
    assert varied != block()
    assert [label for _, label in varied] == PAGE[1]
    assert all(new.endswith(old) for (new, _), (old, _) in zip(varied, block(), strict=True))


def test_joined_menus_keep_every_word_of_the_page(loans: Loans, random: np.random.Generator) -> None:
    menu = [(word, "boilerplate") for word in ("Home", "News", "Sport", "Weather", "Jobs")]  # then comes "Menu"
    seen = {tuple(with_joined_menus([*menu, *block()], loans, random)) for _ in range(20)}
    assert {len(varied) for varied in seen} == {len(menu) + len(block()), len(block())}
    for varied in seen:
        assert " ".join(text for text, _ in varied) == " ".join(text for text, _ in [*menu, *block()])


def test_a_line_of_code_is_furniture_and_never_parts_an_item(loans: Loans, random: np.random.Generator) -> None:
    for _ in range(30):
        varied = with_markup(block(), loans, random)
        [place] = [i for i, line in enumerate(varied) if line not in block()]
        assert varied[place][1] == "boilerplate"
        assert [*varied[:place], *varied[place + 1 :]] == block()
        assert place + 1 == len(varied) or varied[place + 1][1] != "teaser-age"


def test_a_listing_has_the_furniture_of_its_page_and_whole_items_of_others_and_no_story(
    loans: Loans, random: np.random.Generator
) -> None:
    for _ in range(10):
        listing = as_listing(block(), loans, random)
        assert {label for _, label in listing} == {"boilerplate", "teaser-title", "teaser-age"}
        assert (listing[0], listing[-1]) == (("Menu", "boilerplate"), ("Imprint", "boilerplate"))


def test_only_items_that_are_a_bare_title_get_a_blurb(random: np.random.Generator) -> None:
    page = [("Rain", "teaser-title"), ("Snow", "teaser-title"), ("It fell.", "teaser-text"), ("Menu", "boilerplate")]
    loans = loans_of([([text for text, _ in page], [label for _, label in page])])
    varied = with_blurbs(page, loans, random)
    assert varied == [page[0], ("It fell.", "teaser-text"), *page[1:]]


def test_above_and_inside_a_story_titles_get_no_blurb(random: np.random.Generator) -> None:
    page = [("Rain", "teaser-title"), ("The council met.", "story"), ("Snow", "teaser-title")]
    varied = with_blurbs(page, Loans(blurbs=["It fell."]), random)
    assert varied == [*page, ("It fell.", "teaser-text")]


def test_more_furniture_never_parts_what_belongs_together(loans: Loans, random: np.random.Generator) -> None:
    page = [*block()[:1], ("Search", "boilerplate"), *block()[1:]]
    for _ in range(30):
        varied = with_more_furniture(page, loans, random)
        added = len(varied) - len(page)
        assert 1 <= added <= 3
        assert [line for line in varied if line[1] != "boilerplate"] == [
            line for line in page if line[1] != "boilerplate"
        ]
        text = " ".join(label for _, label in varied)
        assert "headline meta meta story story boilerplate" in text
        assert " ".join(["boilerplate", *["teaser-title teaser-age"] * 5, "boilerplate"]) in text


def test_an_opening_picture_stands_right_before_the_first_paragraph(random: np.random.Generator) -> None:
    lines, labels = [*PAGE[0], "The bridge in May. Photo: Ida Holm"], [*PAGE[1], "caption"]
    loans = loans_of([(lines, labels)])
    for _ in range(20):
        varied = with_opening_picture(block(), loans, random)
        first = [label for _, label in varied].index("story")
        added = varied[4:first]
        assert [label for _, label in added].count("caption") == 1
        assert {label for _, label in added} <= {"caption", "boilerplate"}
        assert [*varied[:4], *varied[first:]] == block()


def test_pages_to_vary_stay_as_they_are(random: np.random.Generator) -> None:
    pages = [(list(PAGE[0]), list(PAGE[1])) for _ in range(4)]
    for _ in range(10):
        augmented(pages, random)
    assert pages == [PAGE] * 4
