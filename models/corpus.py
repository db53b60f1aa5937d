"""Labelled pages and texts: reads a corpus folder, or one JSONL of the same rows.

A folder holds `gold-pages-<split>.jsonl[.gz]` (pages, every line labelled), `pages/<split>.jsonl[.gz]` (pages with weak
labels) and `topics/<name>.jsonl[.gz]` (headlines and stories with topics). A file that is missing counts as empty.
"""

import contextlib
import gzip
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import orjson

from models.errors import CorpusError
from models.fields import shown
from models.labelled import Json, LabelledPage, LabelledText, PlainPage, page_of, plain_page_of, text_of
from models.page import Role

RESTRICTED = frozenset({"l3sgn1", "mind", "agnews_test", "dragnet"})
"""Collections whose terms forbid or burden what users may do; shipped models are trained without them."""


_DOMAIN = re.compile(r"^www\.|(\.(co|com|org|net))?\.[a-z]{2,4}$")
_WORD = re.compile(r"\w+")


class _HasSource(Protocol):
    @property
    def source(self) -> str: ...

    @property
    def publisher(self) -> str: ...


Row = TypeVar("Row", bound=_HasSource)
Made = TypeVar("Made")


def unrestricted(rows: Iterable[Row]) -> list[Row]:
    """Rows whose source (the part after its last `:`) is not in `RESTRICTED`."""
    return [row for row in rows if _is_free(row.source)]


def sources_of(rows: Iterable[_HasSource], what: str) -> dict[str, dict[str, int]]:
    """How many rows are of each source, under the word for `what` they are, as cards hold it.

    A row without a source is of its publisher. On what terms one may use them, only who has gathered them can say.
    """
    counts = Counter(row.source or row.publisher or "not named" for row in rows)
    return {source: {what: counts[source]} for source in sorted(counts)}


def gold_pages(corpus: Path, split: str = "train") -> list[LabelledPage]:
    """Pages of `corpus` whose every line is labelled; of a single JSONL, its rows that have labelled lines."""
    if corpus.is_file():
        return list(_made(corpus, _is_gold, page_of))
    return list(_made(corpus / f"gold-pages-{split}", _unless_empty("lines"), page_of))


def texts(corpus: Path, *names: str) -> list[LabelledText]:
    """Labelled texts of the files `topics/<name>`; of a single JSONL, its rows that have topics and no lines."""
    if corpus.is_file():
        return list(_made(corpus, _is_text, text_of))
    paths = (corpus / "topics" / name for name in names)
    return [text for path in paths for text in _made(path, _unless_empty("topics"), text_of)]


def plain_pages(corpus: Path, stem: str) -> Iterator[PlainPage]:
    """Pages without labels of the file `stem` of a corpus folder; of a single JSONL, its rows whose lines are texts."""
    if corpus.is_file():
        return _made(corpus, _is_plain, plain_page_of)
    return _made(corpus / stem, lambda row: True, plain_page_of)


def made_of(corpus: Path, stem: str, wanted: Callable[[Json], bool], make: Callable[[Json], Made]) -> Iterator[Made]:
    """What `make` makes of the wanted rows of the file `stem`; its ValueErrors become `CorpusError`s."""
    return _made(corpus if corpus.is_file() else corpus / stem, wanted, make)


def page_texts(pages: Iterable[LabelledPage]) -> Iterator[LabelledText]:
    """The true parts of labelled pages as texts: each teaser that has topics, then the story."""
    for page in pages:
        for number, topics in page.teaser_topics.items():
            if topics:
                yield _teaser_text(page, number, topics)
        if page.story_topics:
            yield _story_text(page, page.story_topics)


def rows_of(corpus: Path, stem: str) -> Iterator[dict[str, Any]]:
    """Rows of the file `stem` of a corpus folder, or all rows of a single JSONL."""
    return (row for _, row in _read(corpus if corpus.is_file() else corpus / stem))


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


def _made(path: Path, wanted: Callable[[Json], bool], make: Callable[[Json], Made]) -> Iterator[Made]:
    """What `make` makes of the rows that are wanted; what it says of one it refuses is told with file and line."""
    with contextlib.closing(_read(path)) as rows:
        for where, row in rows:
            try:
                made = [make(row)] if wanted(row) else []
            except ValueError as error:
                raise CorpusError(f"{where}: {error}") from error
            yield from made


def _read(path: Path) -> Generator[tuple[str, Json]]:
    """Yield (file:line, row)."""
    found = path if path.is_file() else next((p for p in _spellings(path) if p.is_file()), None)
    if found is None:
        return
    for number, line in enumerate(_lines(found), 1):
        if line.strip():
            where = f"{found}:{number}"
            yield where, _object(line, where)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:  # the last two: a .gz cut short or damaged
        raise CorpusError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _is_free(source: str) -> bool:
    return source.rsplit(":", 1)[-1] not in RESTRICTED


def _spellings(path: Path) -> Iterator[Path]:
    return (path.with_name(path.name + suffix) for suffix in (".jsonl.gz", ".jsonl"))


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = orjson.loads(line.rstrip())
    except orjson.JSONDecodeError as error:
        raise CorpusError(f"{where}: not JSON: {error.msg} (column {error.colno}); a row is a JSON object") from error
    if not isinstance(row, dict):
        raise CorpusError(f"{where}: {shown(row)} is no row; a row is a JSON object")
    return row


def _is_gold(row: Json) -> bool:
    lines = row.get("lines")
    return bool(lines) and isinstance(lines, list) and isinstance(lines[0], dict)


def _is_text(row: Json) -> bool:
    return bool(row.get("topics")) and "lines" not in row


def _is_plain(row: Json) -> bool:
    return isinstance(row.get("lines"), list) and not _is_gold(row)


def _unless_empty(name: str) -> Callable[[Json], bool]:
    """Whether a row of a file that holds no others is to be read: not where the field is there, and empty."""
    return lambda row: bool(row.get(name, True))


def _teaser_text(page: LabelledPage, number: int, topics: tuple[str, ...]) -> LabelledText:
    def joined(field: str) -> str:
        return " ".join(line.text for line in page.lines if line.teaser == number and line.field == field)

    where = f"{page.id}/teaser/{number}"
    return LabelledText(where, page.publisher, page.source, "teaser", joined("title"), joined("blurb"), topics)


def _story_text(page: LabelledPage, topics: tuple[str, ...]) -> LabelledText:
    headline = next((line.text for line in page.lines if line.role is Role.HEADLINE), "")
    body = "\n\n".join(line.text for line in page.lines if line.role is Role.STORY)
    return LabelledText(f"{page.id}/story", page.publisher, page.source, "story", headline, body, topics)
