"""Figures count what they say they count."""

from dataclasses import replace

import pytest

from models.labelled import LabelledLine, LabelledPage
from models.page import Line, Role, Split, Story, Teaser, lines_of
from models.splitter.assemble import assemble
from models.splitter.evaluate import breakdown, report, worst_pages
from models.splitter.labels import labels_of, lines_and_labels
from models.splitter.tally import as_page, roles_of

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
LISTING = replace(PAGE, lines=PAGE.lines[4:], story_topics=None, source="other")


def cut(page: LabelledPage, labels: list[str]) -> Split:
    return assemble([Line(number, line.text) for number, line in enumerate(page.lines, 1)], labels)


RIGHT = cut(PAGE, labels_of(PAGE))


def test_labels_spell_out_items_and_leave_out_lines_apart_from_their_title() -> None:
    assert labels_of(PAGE)[4:] == ["next-age", "led-title", "teaser-title", "boilerplate", "boilerplate"]


def test_right_labels_score_one() -> None:
    figures = report([PAGE], [RIGHT])
    ones = (
        "teaser_item_f1", "inside_story_rejection", "outside_story_rejection", "story_word_f1", "headline_exact",
    )  # fmt: skip
    assert {figures[name] for name in ones} == {1.0}
    assert figures["role_accuracy"] == round(8 / 9, 4)  # the line apart from its title
    assert figures["teaser_exact_of_gold"] == 0.5  # likewise


def test_each_mistake_lowers_its_own_figure() -> None:
    labels = labels_of(PAGE)
    labels[2], labels[6] = "story", "teaser-continuation"
    figures = report([PAGE], [cut(PAGE, labels)])
    assert figures["inside_story_rejection"] == 0.0
    assert figures["story_word_f1"] == round(2 * 8 / (2 * 8 + 5), 4)
    assert figures["teaser_item_f1"] == round(2 / 3, 4)
    assert (figures["teaser_item_precision"], figures["teaser_item_recall"]) == (1.0, 0.5)
    assert figures["teaser_exact_of_gold"] == 0.0
    assert figures["confusion"]["caption"] == {"story": 1}
    assert figures["by_source"] == {"own": round(7 / 9, 4)}


def test_each_role_has_precision_recall_and_f1() -> None:
    labels = labels_of(PAGE)
    labels[2] = "story"
    figures = report([PAGE], [cut(PAGE, labels)])
    assert (figures["role_precision"]["story"], figures["role_recall"]["story"]) == (round(2 / 3, 4), 1.0)
    assert figures["role_f1"]["story"] == 0.8
    assert (figures["role_precision"]["caption"], figures["role_f1"]["caption"]) == (None, 0.0)
    assert figures["role_lines"]["teaser"] == 4


def test_words_of_a_standfirst_count_neither_way() -> None:
    page = replace(PAGE, lines=(LabelledLine("What happened at the pier", Role.DEK), *PAGE.lines))
    for label in ("dek", "story", "boilerplate"):
        assert report([page], [cut(page, [label, *labels_of(PAGE)])])["story_word_f1"] == 1.0


def test_a_headline_is_exact_or_it_is_not() -> None:
    story = Story("ferry runs AGAIN ", "", lines={"headline": (1,)})
    for headline, exact in ((story.headline, 1.0), ("Ferry runs", 0.0)):
        assert report([PAGE], [Split(replace(story, headline=headline), ())])["headline_exact"] == exact
    assert report([PAGE], [Split(None, ())])["headline_exact"] == 0.0


def test_a_page_without_a_story_is_right_when_no_story_is_found() -> None:
    found = [cut(LISTING, labels_of(LISTING)), Split(Story("", "Rain ends", lines={"text": (2,)}), ())]
    figures = report([LISTING, LISTING], found)
    assert figures["no_story_pages_right"] == [1, 2]
    assert (figures["story_word_f1"], figures["headline_exact"], figures["inside_story_rejection"]) == (None,) * 3


def test_a_teaser_that_starts_elsewhere_is_another_one() -> None:
    teaser = Teaser("Menu", lines={"headline": (8,)})
    figures = report([PAGE], [Split(RIGHT.story, (*RIGHT.teasers, teaser))])
    assert (figures["teaser_item_precision"], figures["teaser_item_recall"]) == (round(2 / 3, 4), 1.0)


def test_lines_that_no_part_claims_are_boilerplate() -> None:
    split = Split(Story("", "", lines={"text": (2,), "tags": (4,)}), (Teaser("", lines={"age": (1,)}),))
    assert roles_of(split, 5) == ["teaser", "story", "boilerplate", "meta", "boilerplate"]


def test_groups_of_pages_have_figures_of_their_own() -> None:
    wrong = Split(None, ())
    found = breakdown([PAGE, LISTING, PAGE], [RIGHT, wrong, RIGHT], lambda page: page.source)
    assert [(name, row["pages"], row["role_accuracy"]) for name, row in found.items()] == [
        ("other", 1, 0.2), ("own", 2, round(8 / 9, 4))
    ]  # fmt: skip


def test_worst_pages_come_first_with_the_role_found_for_each_line() -> None:
    worst = worst_pages([PAGE, PAGE], [RIGHT, Split(None, ())], 2)
    assert [page.wrong for page in worst] == [8, 1]
    assert worst[0].found == ("boilerplate",) * 9
    assert worst_pages([PAGE, PAGE], [RIGHT, Split(None, ())], 0) == []


def test_a_labelled_line_is_one_line_of_the_page_even_if_it_holds_a_line_break() -> None:
    page = replace(PAGE, lines=(LabelledLine("a\nb", Role.STORY), LabelledLine("c", Role.STORY)))
    assert as_page(page).text == "a b\nc"


def test_a_line_break_inside_a_labelled_line_moves_no_label_in_training_either() -> None:
    """What is trained on are the lines that are measured on, each under the label of its own line."""
    page = replace(PAGE, lines=tuple(replace(line, text=f"{line.text}\n\nmore\n") for line in PAGE.lines))
    lines, labels = lines_and_labels(page)
    assert lines == [line.text for line in lines_of(as_page(page).text)]
    assert labels == labels_of(PAGE)


def test_no_pages_are_refused() -> None:
    with pytest.raises(ValueError, match="no labelled page"):
        report([], [])
