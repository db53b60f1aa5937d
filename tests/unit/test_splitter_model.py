"""The splitter learns from labelled lines, the same way each time, and takes pages of any size."""

import copy

import numpy as np
import pytest
from sklearn.base import clone

from models.page import Page
from models.splitter.augment import augmented
from models.splitter.labels import CODE, may_end, may_follow, may_start
from models.splitter.model import MAX_LINES, Splitter

PARAGRAPH = "The council met on Tuesday to talk about the old bridge, and after three hours it agreed to mend it."


def toy_pages(count: int = 30) -> tuple[list[list[str]], list[list[str]]]:
    """Pages of one simple shape, with a varying number of paragraphs and items."""
    pages, labels = [], []
    for number in range(count):
        paragraphs, items = 2 + number % 3, 1 + number % 4
        pages.append(
            ["Menu", f"Bridge number {number} is mended", "By Ida Holm", *[PARAGRAPH] * paragraphs, "Latest"]
            + ["Rain ends in the north", "2 hours ago"] * items
        )
        labels.append(
            ["boilerplate", "headline", "meta", *["story"] * paragraphs, "boilerplate"]
            + ["teaser-title", "teaser-age"] * items
        )
    return pages, labels


def small(**settings: object) -> Splitter:
    return Splitter(**({"hidden": 16, "vector": 4, "epochs": 6, "batch_pages": 4, "min_pages": 2} | settings))


@pytest.fixture(scope="module")
def fitted() -> Splitter:
    return small(augment=False).fit(*toy_pages())


def test_a_shape_seen_in_training_is_labelled_as_it_was(fitted: Splitter) -> None:
    pages, labels = toy_pages(5)
    assert fitted.predict(pages) == labels


def test_split_gives_the_parts_of_a_page_with_its_own_line_numbers(fitted: Splitter) -> None:
    text = "\n\n".join(toy_pages(1)[0][0])
    split = fitted.split([Page("p", "https://example.org/p", text)])[0]
    assert split.story is not None
    assert split.story.headline == "Bridge number 0 is mended"
    assert split.story.lines["text"] == (7, 9)
    assert [teaser.age for teaser in split.teasers] == ["2 hours ago"]


def test_the_constructor_only_assigns() -> None:
    splitter = small(rate=0.01)
    assert clone(splitter).get_params() == splitter.get_params()
    assert not [name for name in vars(splitter) if name.endswith("_")]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    data = toy_pages(8)
    once, again, other = (small(epochs=1, random_state=seed).fit(*data).weights_["out"] for seed in (1, 1, 2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_training_does_not_change_what_it_was_given() -> None:
    data = toy_pages(6)
    before = copy.deepcopy(data)
    small(epochs=1).fit(*data)
    assert data == before


def test_lines_without_labels_and_unknown_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="labels of 0"):
        small().fit([["a"]], [])
    with pytest.raises(ValueError, match="2 lines, 1 labels"):
        small().fit([["a", "b"]], [["story"]])
    with pytest.raises(ValueError, match="unknown labels"):
        small().fit([["a"]], [["sidebar"]])
    with pytest.raises(ValueError, match="no page has a line"):
        small().fit([[]], [[]])


def test_lines_beyond_the_limit_are_boilerplate(fitted: Splitter) -> None:
    page = [PARAGRAPH] * (MAX_LINES + 7)
    labels = fitted.predict([page, ["Menu"]])
    assert len(labels[0]) == len(page)
    assert labels[0][MAX_LINES:] == ["boilerplate"] * 7


def test_no_pages_and_pages_without_lines_give_no_labels(fitted: Splitter) -> None:
    assert fitted.predict([]) == []
    assert fitted.predict([[], []]) == [[], []]
    assert fitted.split([Page("p", "u", "\n \n")])[0].story is None


def test_varied_pages_keep_to_allowed_label_sequences_and_leave_their_sources_alone() -> None:
    pages = list(zip(*toy_pages(40), strict=True))
    before = copy.deepcopy(pages)
    random = np.random.default_rng(5)
    for _ in range(5):
        for lines, labels in augmented(pages, random):
            codes = np.array([CODE[label] for label in labels])
            assert len(lines) == len(labels)
            assert may_start()[codes[0]]
            assert may_end()[codes[-1]]
            assert may_follow()[codes[:-1], codes[1:]].all()
    assert pages == before
