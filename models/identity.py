"""Deterministic ids: the same page gives the same ids, whichever worker, run or model tagged it."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from models.page import Kind, Page, Story, Teaser

ID_LETTERS = 32
"""Length of an id: 128 bits in hex, far from any collision among the parts of a feed."""

HEADLINE_LETTERS = 500
"""Of a headline, what names an item: to sort a long run of combining marks takes quadratic time."""

_NOT_WORD = re.compile(r"\W+")
_RANK = re.compile(r"^\W*\d{1,3}[.)]\s+(?=\D)")


def hash_of(*fields: str) -> str:
    """Hash of the fields in their order, as `ID_LETTERS` hex digits; no two lists of fields share an input."""
    total = hashlib.sha256()
    for field in fields:
        encoded = field.encode("utf8", "surrogatepass")
        total.update(len(encoded).to_bytes(8, "big") + encoded)
    return total.hexdigest()[:ID_LETTERS]


def page_id(url: str, text: str) -> str:
    """Id of a page that came without one."""
    return hash_of("page", url, text)


def part_ids(page: Page, parts: Sequence[Story | Teaser]) -> list[str]:
    """Ids of the parts of one page, in their order; equal parts are told apart by their number among equals."""
    text_digest = hash_of(page.text)
    names = [_name(page, part) for part in parts]
    return [hash_of("part", page.id, text_digest, *name, str(nth)) for name, nth in _number_among_equals(names)]


def item_id(url: str, headline: str, part_id: str) -> str:
    """Id of the item a teaser points to: equal on every page of the publisher that shows the same headline.

    A teaser without a word in its headline is an item of its own, else all of these would be one.
    """
    name = normalised(headline)
    return hash_of("item", host(url), name) if name else part_id


def host(url: str) -> str:
    """Host of the publisher, in lower case and without `www.`; empty where the url has none.

    >>> host("https://WWW.Example.org:8080/a"), host("file:///tmp/a.txt"), host("http://[bad")
    ('example.org', '', '')
    """
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def normalised(headline: str) -> str:
    """The headline without its rank in a list, case, punctuation or spacing, so that two printings of it are equal.

    >>> normalised("Storm  hits COAST – live…"), normalised("3. Storm hits coast: live"), normalised("3.5 per cent")
    ('storm hits coast live', 'storm hits coast live', '3 5 per cent')
    """
    words = _RANK.sub("", unicodedata.normalize("NFKC", headline[:HEADLINE_LETTERS]).casefold())
    return _NOT_WORD.sub(" ", words).strip()


def kind_of(part: Story | Teaser) -> Kind:
    """`story` or `teaser`."""
    return "story" if isinstance(part, Story) else "teaser"


def _name(page: Page, part: Story | Teaser) -> tuple[str, ...]:
    """A page has one story, so its kind names it; a teaser is named by its first headline line, else its first line."""
    if isinstance(part, Story):
        return ("story",)
    return "teaser", part.headline or _first_line(page, part)


def _first_line(page: Page, part: Teaser) -> str:
    numbers = [number for field in part.lines.values() for number in field]
    return page.text.split("\n")[min(numbers) - 1].strip() if numbers else ""


def _number_among_equals(names: Sequence[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], int]]:
    seen: Counter[tuple[str, ...]] = Counter()
    for name in names:
        yield name, seen[name]
        seen[name] += 1
