"""The pages that a run feeds, drawn from its seed: good ones, later versions, the same again, and poison. Pure."""

import random
from collections.abc import Callable

import orjson

from streams.kafka_topics import PAGES_TOPIC
from streams.records import Headers, Record
from tests.fake_models import EXPLODES

MAX_PAGE_BYTES = 20_000
"""NEWSIEVE_MAX_PAGE_BYTES of the workers: what is too large here is still small to send."""

HEADERS: Headers = (("trace", b"1"), ("trace", b"2"), ("none", None), ("bytes", b"\xff\x00"))
"""Headers that a reader may lose: one that comes twice, one without a value, one that is no text."""

PLAIN: Headers = (("content-type", b"text/plain; charset=utf-8"), *HEADERS)


def pages_of(seed: int, count: int) -> list[Record]:
    """`count` records for `pages.raw`, in the order in which they are to be sent."""
    draw = random.Random(f"pages {seed}")
    records: list[Record] = []
    for number in range(count):
        chance = draw.random()
        if chance < 0.07:
            records.append(draw.choice(POISON)(f"https://poison.example/{seed}/{number}", draw))
        elif chance < 0.10 and records:
            records.append(draw.choice(records))
        else:
            page = draw.randrange(number) if chance < 0.20 and number else number
            records.append(good(f"https://news.example/{seed}/{page}", f"{seed}-{page}", number, draw))
    return records


def good(url: str, page_id: str, version: int, draw: random.Random) -> Record:
    """A page with a story and some teasers; `version` tells it from others with the same id."""
    teasers = [
        f"* Match {draw.randrange(40)}\n~ {draw.choice(['They won the match.', 'Nobody knows.'])}\n@ 2 hours ago"
    ]
    lines = [f"# Story {version}", *(f"The match went on, {n}." for n in range(draw.randint(1, 12)))]
    text = "\n\n".join([*lines, *teasers * draw.randint(0, 3)])
    return json_page(url, text, page_id)


def json_page(url: str, text: str, page_id: str | None = None) -> Record:
    """A page as JSON, keyed by its url."""
    fields = {"url": url, "text": text} | ({"id": page_id} if page_id else {})
    return Record(PAGES_TOPIC, url.encode(), orjson.dumps(fields))


def _record(value: Callable[[str, random.Random], bytes | None], headers: Headers = HEADERS) -> "Poison":
    return lambda url, draw: Record(PAGES_TOPIC, url.encode(), value(url, draw), headers)


Poison = Callable[[str, random.Random], Record]
POISON: list[Poison] = [
    _record(lambda url, draw: b'{"url": "\xff\xfe"}'),
    _record(lambda url, draw: b'{"url": "https://a.example/x", "text": '),
    _record(lambda url, draw: b"null"),
    _record(lambda url, draw: b""),
    _record(lambda url, draw: None),
    _record(lambda url, draw: draw.randbytes(300), PLAIN),
    _record(lambda url, draw: b"A line of a plain page.\n\nThe match was long.", PLAIN),
    _record(lambda url, draw: b"x" * draw.randint(MAX_PAGE_BYTES, 6 * MAX_PAGE_BYTES)),
    lambda url, draw: json_page(url, f"{EXPLODES} {draw.random()}"),
    lambda url, draw: json_page(url, "\n \n"),
    lambda url, draw: json_page(url, "<!doctype html><p>A</p>"),
    lambda url, draw: json_page(url, "-\n-"),
]
