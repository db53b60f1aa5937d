"""Parts as a person reads them on a terminal: a page with its story and teasers, or one part at a time.

Parts come as the fields of the wire record. All text in them goes through `printable`, and into rich as `Text`, where
square brackets are no markup.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from models.topics.taxonomy import UNCLEAR
from scripts.printable import printable

Fields = Mapping[str, Any]
"""Fields of one part's wire record."""

COLUMNS_FOR_TABLE = 92
"""Columns from which a row's fields stand side by side: with the longest topic, 40 are left for the headline."""

TOPIC_COLUMNS = 26
"""Width of the topic column where the page's other parts are not at hand: the longest slug of the default topics."""

AGE_COLUMNS = 20
"""Width of the age column where the page's other parts are not at hand; "Updated 15 hours ago" fits."""

PARAGRAPHS_SHOWN, PARAGRAPH_LETTERS = 2, 320
HEADLINE_LETTERS = 240
BLURB_LETTERS = 150
FIELD_LETTERS = 120
"""How much of each is shown: a page of ten teasers should fit on a screen or two."""

HEADING_LETTERS = 60
"""Body lines up to this length are headings or remarks: shown, but a paragraph is shown with them."""

ALSO_SHOWN = 0.3
"""Confidence from which a second topic is worth a glance; what is published to it is decided by the models."""

COLOURS = {
    "arts_culture_entertainment": "magenta",
    "conflict_war_peace": "red",
    "crime_law_justice": "dark_orange3",
    "disaster_accident": "orange_red1",
    "economy_business_finance": "green",
    "education": "cornflower_blue",
    "environment": "chartreuse3",
    "health": "turquoise2",
    "human_interest": "light_salmon1",
    "international_relations": "dodger_blue1",
    "labour": "gold3",
    "lifestyle_leisure": "hot_pink",
    "politics": "medium_purple1",
    "religion": "plum2",
    "science": "cyan",
    "society": "light_goldenrod2",
    "sport": "green3",
    "technology": "deep_sky_blue1",
    "weather": "sky_blue2",
}
PALETTE = tuple(sorted(COLOURS.values()))
"""What topics of one's own are painted with, picked by a hash of the slug."""


def story_block(part: Fields) -> RenderableType:
    """A page's story: topic, where it stood, headline, dek, and the first paragraphs with a count of the rest."""
    dek = printable(part.get("dek", ""), PARAGRAPH_LETTERS)
    head = [_topic_line(part), *_source_line(part), Text(), _headline(part), *([Text(dek, style="italic")] * bool(dek))]
    return Group(*head, *_paragraphs(part, PARAGRAPHS_SHOWN))


def teaser_row(part: Fields, topic_columns: int = TOPIC_COLUMNS, age_columns: int = AGE_COLUMNS) -> RenderableType:
    """A teaser: topic, confidence, headline with its blurb below, age; rows of equal widths are aligned."""
    return _Row(part, topic_columns, age_columns, _blurb(part))


def page_panel(parts: Sequence[Fields]) -> RenderableType:
    """All parts of one page in a frame under its url: the story, then its teasers as aligned rows."""
    teasers = [part for part in parts if part["kind"] == "teaser"]
    story = next((part for part in parts if part["kind"] == "story"), None)
    blocks = [story_block(story) if story else _dim("This page has no story of its own.")]
    if teasers:
        blocks += [Text(), Rule(_dim(_counted(len(teasers), "teaser")), style="dim", align="left")]
    topic_columns = max((max(len(_topic_name(part)), len(_best_guess(part)) + 3) for part in teasers), default=0)
    age_columns = max((len(_age(part)) for part in teasers), default=0)
    blocks += [teaser_row(part, topic_columns, age_columns) for part in teasers]
    url = Text(printable(parts[0]["url"], FIELD_LETTERS) if parts else "no parts", overflow="ellipsis")
    return Panel(Group(*blocks), title=url, title_align="left", border_style="dim", padding=(0, 1))


def part_lines(part: Fields) -> RenderableType:
    """One part as a stream shows it: kind, topic, headline, of a story the first paragraph, the page's url, its id."""
    story = part["kind"] == "story"
    below = [*_source_line(part), *_paragraphs(part, 1)] if story else _blurb(part)
    url = Text(printable(part["url"], FIELD_LETTERS), style="dim", no_wrap=True, overflow="ellipsis")
    return Group(_stacked(part, [*below, url, _dim(part["id"])], part["kind"]), Text())


def verdict_row(fields: Fields, text: str) -> RenderableType:
    """A text that was classified without a page: topic, confidence, and the text's beginning."""
    return _Row({"headline": text, **fields}, TOPIC_COLUMNS, age_columns=0)


@dataclass(frozen=True, slots=True)
class _Row:
    """A part in columns where the terminal is wide enough, else in lines."""

    part: Fields
    topic_columns: int
    age_columns: int
    below: Sequence[RenderableType] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        wide = options.max_width >= COLUMNS_FOR_TABLE
        yield self._columns() if wide else _stacked(self.part, self.below)

    def _columns(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        cells = [(width, cell) for width, cell in self._cells() if width != 0]
        for width, _ in cells:
            table.add_column(width=width, ratio=None if width else 1)
        table.add_row(*(cell for _, cell in cells))
        return table

    def _cells(self) -> Iterator[tuple[int | None, RenderableType]]:
        """Width and content of each column; None takes what is left, 0 is no column."""
        part, guess = self.part, _best_guess(self.part)
        yield self.topic_columns, Group(_topic_badge(part), *([_dim(f"  {guess}?")] if guess else []))
        yield len("100%"), _dim(_percent(part), justify="right")
        yield None, Group(_headline(part), *self.below)
        yield self.age_columns, _dim(_age(part), justify="right")


def _stacked(part: Fields, below: Sequence[RenderableType], kind: str = "") -> RenderableType:
    """A part in lines, whatever the width: its kind, when given, and topic, then headline and the rest indented."""
    guess = _best_guess(part)
    first = [Text(kind, style="bold"), _topic_badge(part), _dim(_percent(part))]
    first += [_dim(guess and f"{guess}?"), _dim(_age(part))]
    return Group(_joined(first), Padding(Group(_headline(part), *below), (0, 0, 0, 2)))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _dim(text: str, justify: Any = None) -> Text:
    return Text(text, style="dim", justify=justify)


def _joined(texts: Iterable[Text]) -> Text:
    """Those that are not empty, two spaces apart."""
    return Text("  ").join(text for text in texts if text)


def _topic_name(part: Fields) -> str:
    return f"? {UNCLEAR}" if part["topic"] == UNCLEAR else printable(part["topic"], 40)


def _topic_badge(part: Fields) -> Text:
    """The topic in its colour; `unclear` is marked by a sign as well, for terminals without colour."""
    topic = part["topic"]
    colour = COLOURS.get(topic) or PALETTE[zlib.crc32(topic.encode("utf8", "replace")) % len(PALETTE)]
    return Text.assemble((_topic_name(part), "bold reverse" if topic == UNCLEAR else f"bold {colour}"))


def _best_guess(part: Fields) -> str:
    """What an unclear part most likely is about; empty for a clear one."""
    return printable(part["topics"][0]["topic"], 40) if part["topic"] == UNCLEAR and part["topics"] else ""


def _percent(part: Fields) -> str:
    """Confidence in whole percent, rounded down, so that only certainty is 100%; a dash where there is none."""
    return f"{int(100 * part['confidence'])}%" if part["topics"] else "–"


def _topic_line(part: Fields) -> Text:
    """A story's topic with what else is to be said of it: the guess behind `unclear`, or other topics it touches."""
    if not part["topics"]:
        return _joined([_topic_badge(part), _dim(f"no topics for pages in {printable(part['language'], 8)!r}")])
    guess = _best_guess(part)
    others = [other for other in part["topics"][1:] if other["confidence"] >= ALSO_SHOWN]
    also = [f"also {printable(other['topic'], 40)} {_percent({'topics': others, **other})}" for other in others]
    remarks = [f"best guess: {guess}"] if guess else also
    return _joined([_topic_badge(part), _dim(_percent(part)), _dim(", ".join(remarks))])


def _source_line(part: Fields) -> list[Text]:
    """Section, byline and date on one line; no line where there is none of them."""
    found = [printable(part[name], FIELD_LETTERS) for name in ("section", "byline", "date") if part.get(name)]
    return [_dim(" · ".join(found))] if found else []


def _headline(part: Fields) -> Text:
    headline = printable(part["headline"])
    return Text(headline, style="bold") if headline else Text("(no headline)", style="dim italic")


def _age(part: Fields) -> str:
    return printable(part.get("age", ""), AGE_COLUMNS)


def _blurb(part: Fields) -> list[Text]:
    blurb = printable(part.get("text", ""), BLURB_LETTERS)
    return [_dim(blurb)] if blurb else []


def _paragraphs(part: Fields, shown: int) -> Iterator[RenderableType]:
    """The first paragraphs, each after a blank line, with the headings between them, and a count of the rest."""
    paragraphs = [paragraph for paragraph in part.get("text", "").split("\n\n") if paragraph.strip()]
    long = [number for number, paragraph in enumerate(paragraphs, 1) if len(paragraph) > HEADING_LETTERS]
    end = min([3 * shown, *long[shown - 1 : shown]])
    for paragraph in paragraphs[:end]:
        yield from (Text(), Text(printable(paragraph, PARAGRAPH_LETTERS)))
    if (more := len(paragraphs) - end) > 0:
        yield _dim(f"… and {_counted(more, 'more paragraph')}")
