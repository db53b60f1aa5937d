"""Text of stories is scored by runs of four words, page by page, style by style."""

import pytest

from models.labelled import plain_page_of
from models.page import Split, Story
from models.splitter.stories import shingles, story_figures, story_report

TRUE = "The ferry left at dawn and carried forty cars."


def test_a_run_counts_as_often_as_it_stands() -> None:
    assert shingles("a b c d e a b c d")["a", "b", "c", "d"] == 2
    assert shingles("two words") == {("two", "words"): 1}
    assert shingles("… !") == {}


def test_the_same_text_scores_one_whatever_stands_between_its_words() -> None:
    assert story_figures([(TRUE, TRUE.replace(" ", "\n\n"))])["f1"] == 1.0


def test_precision_and_recall_are_means_over_pages() -> None:
    figures = story_figures([("a b c d e", "a b c d"), ("a b c d", "a b c d e f g"), ("a b c d", ""), ("", "a b c d")])
    assert figures["precision"] == round((1 + 1 / 4 + 0 + 0) / 4, 4)
    assert figures["recall"] == round((1 / 2 + 1 + 0 + 1) / 4, 4)
    assert figures["f1"] == pytest.approx(2 * 0.3125 * 0.625 / 0.9375, abs=1e-4)


def test_each_style_has_figures_and_the_gap_is_between_the_best_and_the_worst() -> None:
    pages = [plain_page_of({"lines": [], "story": TRUE, "style": style}) for style in ("main", "full", "full")]
    told = [Split(Story("", TRUE), ()), Split(Story("", TRUE), ()), Split(None, ())]
    found = story_report(pages, told)
    assert [(style, row["pages"], row["f1"]) for style, row in found["by_style"].items()] == [
        ("full", 2, 0.5), ("main", 1, 1.0)
    ]  # fmt: skip
    assert (found["style_gap"], found["all"]["pages"]) == (0.5, 3)
