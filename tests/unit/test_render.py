"""What a person sees of parts, and what a hostile page cannot make them see."""

import io
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from scripts import render
from scripts.printable import printable

COLOUR_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "\x1b]0;owned\x07 \x1b[2J\x9b31m\u202egnp.exe\u2066 \r\x08\x7f\ud800 \u2028end"


def shown(renderable: RenderableType, width: int = 100, colour: bool = False) -> str:
    """What stands on a terminal of that width."""
    file = io.StringIO()
    Console(
        file=file, width=width, force_terminal=colour, color_system="truecolor" if colour else None, _environ={}
    ).print(renderable)
    return file.getvalue()


def words(text: str) -> str:
    """The text without frames, indentation and line breaks."""
    return " ".join(re.sub("[│─╭╮╰╯]", " ", text).split())


def part(kind: str = "teaser", topic: str = "technology", confidence: float = 0.87, **fields: Any) -> dict[str, Any]:
    guesses = [{"topic": "technology" if topic == "unclear" else topic, "confidence": confidence}]
    return {
        "id": "0123456789abcdef0123456789abcdef",
        "kind": kind,
        "url": "https://daily.example/a",
        "headline": "Tidal turbine passes first winter off Orkney",
        "text": "",
        "language": "en",
        "topic": topic,
        "confidence": confidence,
        "topics": guesses,
        **fields,
    }


def story(**fields: Any) -> dict[str, Any]:
    paragraphs = [f"Paragraph {n} says a thing or two about the sea and those who live by it." for n in range(1, 6)]
    found = {"section": "Energy", "byline": "By Una Flett", "date": "3 March 2026", "dek": "Engineers are relieved"}
    return part("story", **found | {"text": "\n\n".join(paragraphs)} | fields)


def obeyed(output: str) -> set[str]:
    """Categories of letters in an output that a terminal would obey or hide."""
    return {unicodedata.category(letter) for letter in output.replace("\n", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def teasers() -> list[dict[str, Any]]:
    return [
        part(age="3 hours ago", text="The operator of the ferry said…"),
        part(topic="arts_culture_entertainment", headline="A choir that sings only in lifts"),
        part(topic="unclear", confidence=0.21, headline="Photos of the day"),
        part(topic="sport", headline="Rain stops play " * 12, age="14.08.2025"),
    ]


@given(st.text(st.characters(), max_size=60), st.integers(2, 50))
def test_printable_text_holds_only_what_can_be_seen(text: str, letters: int) -> None:
    safe = printable(text, letters)
    assert not obeyed(re.sub("[\u200c\u200d]", "", safe))
    assert len(safe) <= letters
    assert printable(safe, letters) == safe


@pytest.mark.parametrize("field", ["headline", "text", "dek", "section", "byline", "date", "url", "topic", "language"])
@pytest.mark.parametrize("view", [render.story_block, render.part_lines, lambda part: render.page_panel([part])])
def test_no_field_of_a_story_can_write_an_escape_sequence(field: str, view: Any) -> None:
    for topics in ([], [{"topic": HOSTILE, "confidence": 0.9}]):
        output = shown(view(story(topics=topics) | {field: HOSTILE}))
        assert not obeyed(output)
        assert output.encode("utf8")


@pytest.mark.parametrize("field", ["headline", "text", "age", "topic"])
def test_no_field_of_a_teaser_can_write_an_escape_sequence(field: str) -> None:
    hostile = part() | {field: HOSTILE}
    assert not any(obeyed(shown(view)) for view in (render.page_panel([hostile]), render.teaser_row(hostile)))


def test_square_brackets_and_emoji_codes_are_printed_as_they_are() -> None:
    odd = "[red]Stop[/red] [link=https://evil.example]here[/link] :warning: [/] [UPDATED]"
    for view in (render.page_panel([part(headline=odd, url=odd)]), render.part_lines(part(headline=odd))):
        assert odd in words(shown(view, width=160))


@pytest.mark.parametrize("width", range(60, 161, 5))
def test_every_word_of_the_headlines_is_shown_and_no_line_is_wider_than_the_terminal(width: int) -> None:
    parts = [story(), *teasers()]
    output = shown(render.page_panel(parts), width)
    assert max(map(len, output.split("\n"))) <= width
    columns = words(re.sub(r"\d+ hours ago|\d\d\.\d\d\.\d{4}|technology\?|–", " ", output))
    assert all(printable(p["headline"]) in columns for p in parts)


def test_a_headline_of_forty_letters_takes_one_line_at_any_width() -> None:
    headline = "Tidal turbine passes its first winter at"
    parts = [part(headline=headline, topic="arts_culture_entertainment", age="3 hours ago")]
    assert all(headline in shown(render.page_panel(parts), width) for width in range(60, 161))


def test_teasers_of_a_page_are_aligned_where_the_terminal_is_wide() -> None:
    rows = shown(render.page_panel([story(), *teasers()]), width=120).split("4 teasers")[1].split("\n")
    headlines = ("Tidal turbine", "A choir", "Photos of")
    starts = {row.index(start) for row in rows for start in headlines if start in row}
    assert len(starts) == 1


def test_colour_says_nothing_that_words_do_not() -> None:
    for view in (render.page_panel([story(), *teasers()]), *map(render.part_lines, [story(), *teasers()])):
        coloured = shown(view, colour=True)
        assert "\x1b[" in coloured
        assert COLOUR_SEQUENCE.sub("", coloured) == shown(view)


def test_an_unclear_part_is_marked_and_its_best_guess_is_named_as_a_guess() -> None:
    unclear = part(topic="unclear", confidence=0.219)
    for width in (60, 120):
        row = words(shown(render.teaser_row(unclear), width))
        assert "? unclear" in row
        assert "technology?" in row
        assert "21%" in row
    assert "? unclear 21% best guess: technology" in words(shown(render.story_block(unclear | {"kind": "story"})))


def test_a_page_in_a_language_without_topics_says_so() -> None:
    output = words(shown(render.page_panel([story(topic="unclear", topics=[], confidence=0, language="de")])))
    assert "? unclear no topics for pages in 'de'" in output


def test_a_story_shows_where_it_stood_its_first_paragraphs_and_how_many_follow() -> None:
    output = words(shown(render.story_block(story())))
    assert output.startswith("technology 87% Energy · By Una Flett · 3 March 2026 Tidal turbine")
    assert "Engineers are relieved Paragraph 1" in output
    assert "Paragraph 2" in output
    assert "Paragraph 3" not in output
    assert output.endswith("… and 3 more paragraphs")


def test_headings_inside_a_body_do_not_count_as_its_first_paragraphs() -> None:
    text = "A heading\n\n" + "A paragraph that is long enough to be told from any heading in it.\n\n" * 2
    assert "more paragraph" not in shown(render.story_block(story(text=text)))
    assert "… and 14 more paragraphs" in shown(render.story_block(story(text="\n\n".join(["short"] * 20))))


def test_a_second_topic_is_named_when_it_is_likely_too() -> None:
    topics = [{"topic": t, "confidence": c} for t, c in (("science", 0.9), ("health", 0.55), ("society", 0.04))]
    output = words(shown(render.story_block(story(topic="science", confidence=0.9, topics=topics))))
    assert "science 90% also health 55%" in output
    assert "society" not in output


def test_only_certainty_is_a_hundred_percent() -> None:
    assert "99%" in shown(render.teaser_row(part(confidence=0.9999)))


def test_a_stream_names_kind_topic_and_page_of_each_part() -> None:
    for one in (story(), *teasers()):
        output = shown(render.part_lines(one), width=60)
        assert output.startswith(one["kind"])
        assert one["topic"] in output
        assert "https://daily.example/a" in output


def test_a_page_without_story_or_headline_is_shown_as_such() -> None:
    assert "no story of its own" in shown(render.page_panel(teasers()))
    assert "4 teasers" in shown(render.page_panel(teasers()))
    assert "(no headline)" in shown(render.page_panel([part(headline="")]))
    assert "no parts" in shown(render.page_panel([]))


def test_a_text_of_megabytes_takes_no_more_room_than_a_long_one() -> None:
    huge = "word " * 1_000_000
    output = shown(render.page_panel([story(headline=huge, text=huge, dek=huge), part(headline=huge, text=huge)]))
    assert len(output.split("\n")) < 40


def test_a_classified_text_shows_topic_confidence_and_its_words() -> None:
    verdict = {"topic": "sport", "confidence": 0.7, "topics": [{"topic": "sport", "confidence": 0.7}]}
    assert words(shown(render.verdict_row(verdict, "Cup tie abandoned in fog"))) == "sport 70% Cup tie abandoned in fog"


def test_a_topic_of_ones_own_keeps_its_colour() -> None:
    once, again = (shown(render.teaser_row(part(topic="beekeeping")), colour=True) for _ in range(2))
    assert once == again
    assert re.search(r"\x1b\[1;[^m]*m" + "beekeeping", once)
