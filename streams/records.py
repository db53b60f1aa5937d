"""Records at the edge: the bytes of a page in, the bytes of parts, outcomes and dead letters out. Pure, but for bytes.

A record's schema is `schema.json` beside this file.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from models import age, identity
from models.errors import PageError
from models.page import Page, Part, Story
from streams.markup import is_html

Headers = tuple[tuple[str, bytes | None], ...]
Outcome = Literal["tagged", "empty", "repeated", "dead"]

SCHEMA = "newsieve.part/1"

_BYTE_ORDER_MARK = "\ufeff"

MAX_NAME_LETTERS = 8192
"""Longest url or id of a page: more than any browser sends. Each of its parts and its outcome repeat them."""

MAX_HEADER_BYTES = 2**20 - 2**16
"""Most that a dead letter holds of its original headers: the room that `pages.dead` has above `pages.raw`."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record of `pages.raw` as Kafka gave it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def source(self) -> str:
        """Where it came from, as `topic/partition/offset`."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def place(self) -> str:
        """The same for a person, as `topic[partition]@offset`."""
        return f"{self.topic}[{self.partition}]@{self.offset}"

    def header(self, name: str) -> bytes:
        """Value of the last header of that name; empty when there is none."""
        return next((value or b"" for key, value in reversed(self.headers) if key.lower() == name), b"")


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be delivered."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def decode(raw: RawRecord, max_page_bytes: int) -> Page:
    """Return the page in a record; raises `PageError` with the slug that says why there is none."""
    if raw.value is None:
        raise PageError("no-value", "the record has no value (a tombstone)", url=_url_of_key(raw))
    if len(raw.value) > max_page_bytes:
        detail = f"{len(raw.value)} bytes, NEWSIEVE_MAX_PAGE_BYTES is {max_page_bytes}"
        raise PageError("too-large", detail, url=_url_of_key(raw))
    content_type = raw.header("content-type").split(b";")[0].strip().lower()
    if content_type == b"text/html":
        raise PageError("is-html", "content-type is text/html; send the page's text", url=_url_of_key(raw))
    if content_type == b"text/plain":
        return _plain(raw, raw.value)
    return page_of(_json(_utf8(raw.value, "the value", _url_of_key(raw)), _url_of_key(raw)), _url_of_key(raw))


def page_of(fields: object, url: str | None = None) -> Page:
    """Return the page that a JSON value describes; raises `PageError` when it describes none.

    `url` stands in errors when the value itself names no url.
    """
    if not isinstance(fields, dict):
        raise PageError("not-page", f"a JSON {_json_type(fields)}, not an object", url=url)
    values = {name: fields.get(name) for name in ("url", "text", "id", "fetched_at")}
    url = values["url"] if isinstance(values["url"], str) else url
    for name, value in values.items():
        if not isinstance(value, str) and (value is not None or name in ("url", "text")):
            fault = f"must be a string, not {_json_type(value)}" if name in fields else "is missing"
            raise PageError("not-page", f"{name!r} {fault}", url=url)
    page = make_page(values["url"] or "", values["text"] or "", values["id"], values["fetched_at"])
    if page.fetched_at and age.parse_rfc3339(page.fetched_at) is None:
        raise PageError("not-page", f"'fetched_at' is not RFC 3339: {page.fetched_at[:40]!r}", page.id, page.url)
    return page


def make_page(url: str, text: str, given_id: str | None = None, fetched_at: str | None = None) -> Page:
    """Return a page of this text; raises `PageError` when there is nothing to read in it, or HTML."""
    for name, value in (("url", url), ("id", given_id or "")):
        if len(value) > MAX_NAME_LETTERS:
            raise PageError("not-page", f"{name!r} has {len(value)} letters, at most {MAX_NAME_LETTERS}", url=url)
    text = text.removeprefix(_BYTE_ORDER_MARK)
    page = Page(given_id or identity.page_id(url, text), url, text, fetched_at or None)
    if not text.strip():
        raise PageError("no-text", "the page's text is empty", page.id, url)
    if is_html(text):
        raise PageError("is-html", "the text is HTML; send the page's text without markup", page.id, url)
    return page


def part_fields(part: Part, tagged_at: str) -> dict[str, Any]:
    """The wire record of a part as JSON values; what was not found is left out."""
    content, verdict = part.content, part.verdict
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "id": part.id,
        "item_id": part.item_id,
        "page_id": part.page.id,
        "url": part.page.url,
        "kind": part.kind,
        "headline": content.headline,
        "text": content.text,
        **_found(part),
        "lines": {name: [int(number) for number in numbers] for name, numbers in content.lines.items()},
        "language": part.language,
        "topic": verdict.topic,
        "confidence": round(float(verdict.confidence), 4),
        "topics": [
            {"topic": guess.topic, "qcode": guess.qcode, "confidence": round(float(guess.confidence), 4)}
            for guess in verdict.guesses
        ],
        "models": dict(part.models),
        "tagged_at": tagged_at,
    }
    return fields


def _found(part: Part) -> dict[str, Any]:
    """The fields that are absent when they were not found."""
    content = part.content
    if isinstance(content, Story):
        optional: dict[str, Any] = {name: getattr(content, name) for name in ("dek", "section", "byline", "date")}
        optional |= {"captions": list(content.captions), "tags": list(content.tags)}
    else:
        optional = {"age": content.age}
    optional |= {"fetched_at": part.page.fetched_at, "published_at": part.published_at}
    return {name: value for name, value in optional.items() if value}


def part_record(topic: str, part: Part, tagged_at: str) -> Record:
    """The record of a part, for one Kafka topic."""
    return Record(topic, _bytes(part.page.id), orjson.dumps(part_fields(part, tagged_at)))


def dead_record(topic: str, raw: RawRecord, error: PageError) -> Record:
    """The dead letter of a record: its bytes and key untouched, the reason and the original headers in headers.

    Headers that would make it larger than `pages.dead` takes are left out, and the detail says so.
    """
    original = orjson.dumps([[key, _base64(value)] for key, value in raw.headers])
    fits = len(original) <= MAX_HEADER_BYTES
    detail = error.detail if fits else f"{error.detail}; {len(raw.headers)} headers left out for their size"
    headers: Headers = (
        ("error", error.slug.encode()),
        ("detail", _bytes(detail)),
        ("source", raw.source.encode()),
        ("original-headers", original if fits else b"[]"),
    )
    return Record(topic, raw.key, raw.value, headers)


def emptied(letter: Record) -> Record:
    """A dead letter without its value, for one that is too large for any topic; `source` says where the page is."""
    headers = dict(letter.headers) | {"detail": b"too large for pages.dead: left where it came from"}
    return Record(letter.topic, letter.key, None, tuple(headers.items()))


def done_record(
    topic: str, raw: RawRecord, outcome: Outcome, at: str, page: Page | PageError, parts: Sequence[Part] = ()
) -> Record:
    """The one record that says what became of a page; `page` is the page, or the error that made it dead."""
    page_id, url = (page.id, page.url) if isinstance(page, Page) else (page.page_id, page.url)
    fields = {
        "page_id": page_id,
        "url": url and url[:MAX_NAME_LETTERS],
        "outcome": outcome,
        "parts": len(parts),
        "source": raw.source,
        "at": at,
    }
    if isinstance(page, PageError):
        fields["error"] = page.slug
    return Record(topic, _bytes(page_id or raw.source), orjson.dumps(fields))


def _plain(raw: RawRecord, value: bytes) -> Page:
    if raw.key is None:
        raise PageError("not-page", "a text/plain record without a key: the key is the page's url")
    url = _utf8(raw.key, "the key", None)
    return make_page(url, _utf8(value, "the value", url))


def _url_of_key(raw: RawRecord) -> str | None:
    return raw.key.decode("utf8", "replace") if raw.key is not None else None


def _utf8(data: bytes, what: str, url: str | None) -> str:
    try:
        return data.decode("utf8")
    except UnicodeDecodeError as error:
        raise PageError("not-utf8", f"{what} is not UTF-8 at byte {error.start}: {error.reason}", url=url) from error


def _json(text: str, url: str | None) -> object:
    try:
        return orjson.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        raise PageError("not-json", str(error), url=url) from error


def _json_type(value: object) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return text.encode("utf8", "replace")
