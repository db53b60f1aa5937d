"""Figures count what they say they count."""

import pytest

from models.corpus import LabelledLine, LabelledPage
from models.page import Role
from models.splitter.evaluate import evaluate, worst_pages
from models.splitter.labels import labels_of

PAGE = LabelledPage(
    id="p",
    publisher="harbour.example",
    source="own",
    url="",
    language="en",
    lines=(
        LabelledLine("Ferry runs again", Role.HEADLINE),
        LabelledLine("It left at dawn.", Role.STORY),
        LabelledLine("A crowd at the pier", Role.CAPTION),
        LabelledLine("It carried forty cars.", Role.STORY),
        LabelledLine("1 day ago", Role.TEASER, 1, "age"),
        LabelledLine("Rain ends", Role.TEASER, 1, "title"),
        LabelledLine("Storm begins", Role.TEASER, 2, "title"),
        LabelledLine("Menu", Role.BOILERPLATE),
        LabelledLine("left behind", Role.TEASER, 2, "blurb"),
    ),
    story_topics=("weather",),
    teaser_topics={},
)


def test_labels_spell_out_items_and_leave_out_lines_apart_from_their_title() -> None:
    assert labels_of(PAGE)[4:] == ["next-age", "led-title", "teaser-title", "boilerplate", "boilerplate"]


def test_right_labels_score_one() -> None:
    figures = evaluate([PAGE], [labels_of(PAGE)])
    assert figures["teaser_item_f1"] == figures["inside_story_rejection"] == 1.0
    assert figures["role_accuracy"] == round(8 / 9, 4)  # the line apart from its title


def test_each_mistake_lowers_its_own_figure() -> None:
    labels = labels_of(PAGE)
    labels[2], labels[6] = "story", "teaser-continuation"
    figures = evaluate([PAGE], [labels])
    assert figures["inside_story_rejection"] == 0.0
    assert figures["teaser_item_f1"] == round(2 / 3, 4)
    assert figures["confusion"]["caption"] == {"story": 1}
    assert figures["by_source"] == {"own": round(7 / 9, 4)}


def test_worst_pages_come_first() -> None:
    wrong = ["boilerplate"] * len(PAGE.lines)
    assert worst_pages([PAGE, PAGE], [labels_of(PAGE), wrong], 2) == [(1, 8), (0, 1)]


def test_no_pages_are_refused() -> None:
    with pytest.raises(ValueError, match="no labelled page"):
        evaluate([], [])
