"""Pages on disk or standard input as raw records, so that files are read just as Kafka's records are."""

import codecs
import contextlib
import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click
import orjson

from models.errors import SettingsError
from scripts.options import check_text
from streams.records import Headers, RawRecord

PLAIN: Headers = (("content-type", b"text/plain"),)
STDIN = "-"
PAGE_NAMES = (".txt", ".text", ".md", ".json", ".jsonl", ".jsonl.gz")
SNIFF_BYTES = 64
"""How much of standard input is looked at to tell JSON lines from a page's text."""


def raw_records(names: Iterable[str], url: str | None = None, unread: list[str] | None = None) -> Iterator[RawRecord]:
    """Yield the pages of files, folders and `-`; a record's source is `file/line/0`, so that errors name the place.

    A `.jsonl` (also `.gz`) holds one JSON page a line, a `.json` is one, any other file is a page's text, with its file
    URI as url unless `url` is given; in a folder only files named like pages count (`PAGE_NAMES`). Standard input is
    JSON lines when it starts with `{`, else a page's text.

    A file that is missing or damaged is told in one line on stderr and in `unread`, and the next one follows; what
    stands before the damage is read. Without `unread` the first such file is the end: raises `ClickException`.
    Raises `SettingsError` where standard input is closed or the url is no text.
    """
    if url is not None:
        check_text("--url", url)
    for pages in _sources(names, url):
        try:
            yield from pages
        except click.ClickException as error:
            if unread is None:
                raise
            unread.append(error.message)
            error.show()


def count_bytes(names: Iterable[str]) -> int | None:
    """Bytes of all the files, for a progress bar; None when standard input is among them."""
    names = list(names)
    paths = (path for name in names if name != STDIN for path in _files(Path(name)))
    return None if STDIN in names else sum(path.stat().st_size for path in paths if path.is_file())


def _sources(names: Iterable[str], url: str | None) -> Iterator[Iterator[RawRecord]]:
    for name in names:
        if name == STDIN:
            yield _stdin(url)
        else:
            yield from (_file(path, url) for path in _files(Path(name)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    pages = (p for p in sorted(path.rglob("*")) if p.name.endswith(PAGE_NAMES) and p.is_file())
    return [p for p in pages if not any(part.startswith(".") for part in p.relative_to(path).parts)]


def _file(path: Path, url: str | None) -> Iterator[RawRecord]:
    names = path.suffixes[-2:]
    shown = os.fsencode(path).decode("utf8", "replace")
    with _told_of(path):
        if ".jsonl" in names:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                yield from _json_lines(file, shown)
        elif path.suffix == ".json":
            yield _json(path.read_bytes(), shown, 1)
        else:
            yield _plain(path.read_bytes(), shown, url or path.resolve().as_uri())


def _stdin(url: str | None) -> Iterator[RawRecord]:
    if sys.stdin is None:
        raise SettingsError("standard input is closed; name a file")
    given = sys.stdin.buffer  # one reader upon another would wait for 8 KB
    with _told_of("standard input"):
        stream = given if isinstance(given, io.BufferedReader) else io.BufferedReader(given)  # type: ignore[type-var]
        start = stream.peek(SNIFF_BYTES)[:SNIFF_BYTES]
        if start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
            yield from _json_lines(stream, "stdin")
        else:
            yield _plain(stream.read(), "stdin", url or "file:///dev/stdin")


@contextlib.contextmanager
def _told_of(name: object) -> Iterator[None]:
    """What goes wrong in reading, as one line that names what was read."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:  # the last two: a .gz cut short or damaged
        raise click.ClickException(f"{name}: {getattr(error, 'strerror', None) or error}") from error


def _json_lines(file: BinaryIO | gzip.GzipFile, name: str) -> Iterator[RawRecord]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield _json(line.rstrip(b"\r\n"), name, number)


def _json(value: bytes, name: str, number: int) -> RawRecord:
    return RawRecord(name, number, 0, _url(value), value)


def _plain(value: bytes, name: str, url: str) -> RawRecord:
    return RawRecord(name, 1, 0, url.encode(), value, PLAIN)


def _url(value: bytes) -> bytes | None:
    """The page's url as the record's key; whether the page is one is for the worker to say."""
    try:
        url = orjson.loads(value.removeprefix(codecs.BOM_UTF8))["url"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return None
    return url.encode("utf8", "replace") if isinstance(url, str) else None
