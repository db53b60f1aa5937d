"""Labelled pages and texts: reads a corpus folder, or one JSONL of the same rows.

A folder holds `gold-pages-<split>.jsonl[.gz]` (pages, every line labelled), `pages/<split>.jsonl[.gz]` (pages with weak
labels) and `topics/<name>.jsonl[.gz]` (headlines and stories with topics). A file that is missing counts as empty.
"""

import contextlib
import gzip
import hashlib
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import orjson

from models.errors import CorpusError
from models.page import Kind, Role

RESTRICTED = frozenset({"l3sgn1", "mind", "agnews_test", "dragnet"})
"""Collections whose terms forbid or burden what users may do; shipped models are trained without them."""


_DOMAIN = re.compile(r"^www\.|(\.(co|com|org|net))?\.[a-z]{2,4}$")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """One line of a labelled page; `teaser` numbers the item it belongs to, `field` is title, blurb, age or meta."""

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


class _HasSource(Protocol):
    @property
    def source(self) -> str: ...


Row = TypeVar("Row", bound=_HasSource)
Labelled = TypeVar("Labelled", LabelledPage, LabelledText)
Json = dict[str, Any]


def unrestricted(rows: Iterable[Row]) -> list[Row]:
    """Rows whose source (the part after its last `:`) is not in `RESTRICTED`."""
    return [row for row in rows if _is_free(row.source)]


def gold_pages(corpus: Path, split: str = "train") -> list[LabelledPage]:
    """Pages of `corpus` whose every line is labelled; of a single JSONL, its rows that have labelled lines."""
    return _labelled(corpus if corpus.is_file() else corpus / f"gold-pages-{split}", _is_gold, _page)


def texts(corpus: Path, *names: str) -> list[LabelledText]:
    """Labelled texts of the files `topics/<name>`; of a single JSONL, its rows that have topics and no lines."""
    sources = [corpus] if corpus.is_file() else [corpus / "topics" / name for name in names]
    return [text for path in sources for text in _labelled(path, _is_text, _text)]


def page_texts(pages: Iterable[LabelledPage]) -> Iterator[LabelledText]:
    """The true parts of labelled pages as texts: each teaser that has topics, then the story."""
    for page in pages:
        for number, topics in page.teaser_topics.items():
            yield _teaser_text(page, number, topics)
        if page.story_topics:
            yield _story_text(page, page.story_topics)


def rows_of(corpus: Path, stem: str) -> Iterator[dict[str, Any]]:
    """Rows of the file `stem` of a corpus folder, or all rows of a single JSONL."""
    return (row for _, row in _read(corpus if corpus.is_file() else corpus / stem))


def unrestricted_rows(corpus: Path, stem: str) -> Iterator[dict[str, Any]]:
    """Rows of the file `stem` as they are, but for those of restricted sources."""
    return (row for row in rows_of(corpus, stem) if _is_free(row.get("source") or ""))


def publisher_key(publisher: str) -> str:
    """Name of a publisher, whether it is written out or a domain: two of one key are taken for one.

    >>> publisher_key("www.ferry-times.co.uk") == publisher_key("Ferry Times")
    True
    """
    return "".join(_WORD.findall(_DOMAIN.sub("", publisher.lower())))


def labels_digest(pages: Iterable[LabelledPage]) -> str:
    """`digest` of labelled pages: of their ids, lines and roles."""
    return digest((page.id, [(line.text, line.role) for line in page.lines]) for page in pages)


def digest(rows: Iterable[object]) -> str:
    """Short hash of the rows in their order: names the data a model was made from."""
    total = hashlib.sha256()
    for row in rows:
        total.update(orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS))
    return total.hexdigest()[:16]


def _labelled(path: Path, wanted: Callable[[Json], bool], make: Callable[[Json], Labelled]) -> list[Labelled]:
    made: list[Labelled] = []
    with contextlib.closing(_read(path)) as rows:
        for where, row in rows:
            try:
                made += [make(row)] if wanted(row) else []
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise CorpusError(f"{where}: not a labelled row: {error!r}") from error
    return made


def _read(path: Path) -> Generator[tuple[str, Json]]:
    """Yield (file:line, row)."""
    found = path if path.is_file() else next((p for p in _spellings(path) if p.is_file()), None)
    if found is None:
        return
    with gzip.open(found, "rb") if found.suffix == ".gz" else found.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                where = f"{found}:{number}"
                yield where, _object(line, where)


def _is_free(source: str) -> bool:
    return source.rsplit(":", 1)[-1] not in RESTRICTED


def _spellings(path: Path) -> Iterator[Path]:
    return (path.with_name(path.name + suffix) for suffix in (".jsonl.gz", ".jsonl"))


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise CorpusError(f"{where}: not JSON: {error}") from error
    if not isinstance(row, dict):
        raise CorpusError(f"{where}: a row must be a JSON object")
    return row


def _is_gold(row: dict[str, Any]) -> bool:
    lines = row.get("lines")
    return bool(lines) and isinstance(lines, list) and isinstance(lines[0], dict)


def _is_text(row: Json) -> bool:
    return bool(row.get("topics")) and "lines" not in row


def _strings(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{values!r} is no list of strings")
    return tuple(values)


def _page(row: Json) -> LabelledPage:
    lines = tuple(_line(line) for line in row["lines"])
    teaser_topics = {int(k): _strings(v) for k, v in (row.get("teaser_topics") or {}).items()}
    story_topics = row.get("story_topics")
    return LabelledPage(
        id=str(row.get("id", "")),
        publisher=row.get("publisher") or row.get("source") or "",
        source=row.get("source") or "",
        url=row.get("url") or "",
        language=row.get("language") or "en",
        lines=lines,
        story_topics=None if story_topics is None else _strings(story_topics),
        teaser_topics=teaser_topics,
    )


def _line(line: dict[str, Any]) -> LabelledLine:
    return LabelledLine(line["text"], Role(line["role"]), line.get("teaser"), line.get("field"))


def _text(row: dict[str, Any]) -> LabelledText:
    return LabelledText(
        id=str(row.get("id", "")),
        publisher=row.get("publisher") or row.get("source") or "",
        source=row.get("source") or "",
        kind="story" if row.get("kind") == "story" else "teaser",
        headline=row.get("title") or "",
        text=row.get("body") or "",
        topics=_strings(row["topics"]),
    )


def _teaser_text(page: LabelledPage, number: int, topics: tuple[str, ...]) -> LabelledText:
    def joined(field: str) -> str:
        return " ".join(line.text for line in page.lines if line.teaser == number and line.field == field)

    where = f"{page.id}/teaser/{number}"
    return LabelledText(where, page.publisher, page.source, "teaser", joined("title"), joined("blurb"), topics)


def _story_text(page: LabelledPage, topics: tuple[str, ...]) -> LabelledText:
    headline = next((line.text for line in page.lines if line.role is Role.HEADLINE), "")
    body = "\n\n".join(line.text for line in page.lines if line.role is Role.STORY)
    return LabelledText(f"{page.id}/story", page.publisher, page.source, "story", headline, body, topics)
