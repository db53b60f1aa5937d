"""What the rows of a corpus are: labelled pages, labelled texts, and pages whose lines nobody labelled.

Each is made from the JSON object of its row, or refused with a ValueError that names the field and what it must be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from models import fields
from models.page import Kind, Role

Json = dict[str, Any]

ROLES = tuple(role.value for role in Role)
FIELDS = ("title", "blurb", "age", "meta")
"""What a line of a teaser may be."""


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """One line of a labelled page; `teaser` numbers the item it belongs to, `field` is one of `FIELDS`."""

    text: str
    role: Role
    teaser: int | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page whose every line has a role; `story_topics` is None where the page has no story of its own."""

    id: str
    publisher: str
    source: str
    url: str
    language: str
    lines: tuple[LabelledLine, ...]
    story_topics: tuple[str, ...] | None
    teaser_topics: dict[int, tuple[str, ...]]

    @property
    def text(self) -> str:
        """The page's text as it would come in: labelled line i, from 0, is line i + 1, without line breaks."""
        return "\n".join(line.text.replace("\n", " ") for line in self.lines)


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A headline with its text and its topics: the primary one first, then others that are acceptable."""

    id: str
    publisher: str
    source: str
    kind: Kind
    headline: str
    text: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlainPage:
    """A page whose lines nobody labelled, made from HTML in some `style`.

    `weak` says of each line whether it was matched with the article's text, `story` is that text; None where unknown.
    """

    id: str
    publisher: str
    source: str
    url: str
    lines: tuple[str, ...]
    style: str
    weak: tuple[bool, ...] | None
    story: str | None


def page_of(row: Json) -> LabelledPage:
    """The labelled page of a row: `lines`, each with `text` and `role`; all else may be missing."""
    return LabelledPage(
        id=str(row.get("id", "")),
        publisher=_publisher(row),
        source=fields.text(row, "source", ""),
        url=fields.text(row, "url", ""),
        language=fields.text(row, "language", "") or "en",
        lines=tuple(_lines(row)),
        story_topics=None if row.get("story_topics") is None else fields.texts(row, "story_topics"),
        teaser_topics=_teaser_topics(row),
    )


def text_of(row: Json) -> LabelledText:
    """The labelled text of a row: `topics`, and `title` or `body` or both; without a `kind`, a teaser."""
    if row.get("title") is None and row.get("body") is None:
        raise ValueError("`title` and `body` are missing; one of them must be there, as text")
    return LabelledText(
        id=str(row.get("id", "")),
        publisher=_publisher(row),
        source=fields.text(row, "source", ""),
        kind="story" if row.get("kind") and fields.one_of(row, "kind", ("story", "teaser")) == "story" else "teaser",
        headline=fields.text(row, "title", ""),
        text=fields.text(row, "body", ""),
        topics=fields.texts(row, "topics"),
    )


def plain_page_of(row: Json) -> PlainPage:
    """The page of a row whose `lines` are texts; all else may be missing."""
    lines = fields.texts(row, "lines")
    return PlainPage(
        id=str(row.get("id", "")),
        publisher=fields.text(row, "publisher", ""),
        source=fields.text(row, "source", ""),
        url=fields.text(row, "url", ""),
        lines=lines,
        style=fields.text(row, "style", ""),
        weak=None if row.get("weak") is None else _weak(row, len(lines)),
        story=None if row.get("story") is None else fields.text(row, "story"),
    )


def _publisher(row: Json) -> str:
    return fields.text(row, "publisher", "") or fields.text(row, "source", "")


def _lines(row: Json) -> Iterator[LabelledLine]:
    lines = row.get("lines")
    if not isinstance(lines, list):
        raise ValueError(f"`lines` is {fields.shown(lines)}; it must be a list of objects with `text` and `role`")
    for number, line in enumerate(lines, 1):
        try:
            yield _line(line)
        except ValueError as error:
            raise ValueError(f"line {number} of the page: {error}") from error


def _line(line: Any) -> LabelledLine:
    if not isinstance(line, dict):
        raise ValueError(f"{fields.shown(line)} must be an object with `text` and `role`")
    field = line.get("field")
    return LabelledLine(
        fields.text(line, "text"),
        Role(fields.one_of(line, "role", ROLES)),
        fields.whole_number(line, "teaser"),
        None if field is None else fields.one_of(line, "field", FIELDS),
    )


def _teaser_topics(row: Json) -> dict[int, tuple[str, ...]]:
    topics = row.get("teaser_topics") or {}
    if not isinstance(topics, dict) or not all(number.isdecimal() for number in topics):
        raise ValueError(f"`teaser_topics` is {fields.shown(topics)}; it must be an object, teaser's number to topics")
    return {int(number): fields.texts(topics, number) for number in topics}


def _weak(row: Json, lines: int) -> tuple[bool, ...]:
    weak = row["weak"]
    if not isinstance(weak, list) or len(weak) != lines:
        raise ValueError(f"`weak` is {fields.shown(weak)}; it must be a list of 0 and 1, one for each of {lines} lines")
    return tuple(map(bool, weak))
