"""Whether dead letters are the records that died, byte for byte. Pure."""

import base64
from collections import defaultdict
from collections.abc import Iterator, Sequence

import orjson

from models.errors import PageError
from streams.outcomes import Result
from streams.records import RawRecord


def by_source(letters: Sequence[RawRecord]) -> dict[str, list[RawRecord]]:
    """The letters of each source."""
    found: dict[str, list[RawRecord]] = defaultdict(list)
    for letter in letters:
        found[letter.header("source").decode("utf8", "replace")].append(letter)
    return found


def wrongs(result: Result, letters: Sequence[RawRecord], may_be_empty: bool) -> Iterator[str]:
    """What is wrong with the letters of a dead page; `may_be_empty` where Kafka refused them for their size."""
    if not letters:
        yield "is dead and has no letter"
    for letter in letters:
        if letter.key != result.raw.key:
            yield "the letter's key is not the page's"
        if letter.value != result.raw.value and not (may_be_empty and letter.value is None):
            yield "the letter's bytes are not the page's"
        if _headers(letter) != list(result.raw.headers):
            yield f"the letter's headers are not the page's: {_headers(letter)}"
        if isinstance(result.page, PageError) and letter.header("error").decode() != result.page.slug:
            yield f"the letter says {letter.header('error').decode()}, not {result.page.slug}"


def _headers(letter: RawRecord) -> list[tuple[str, bytes | None]]:
    pairs = orjson.loads(letter.header("original-headers") or b"[]")
    return [(key, None if value is None else base64.b64decode(value)) for key, value in pairs]
