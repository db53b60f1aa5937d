"""The list of topics: slug, qcode and name of each, read from TOML so that anyone can train with a list of their own.

`Taxonomy.parse` takes text, not a path: reading files is left to those who may.
"""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from models.errors import CorpusError

MEDIA_TOPICS = Path(__file__).with_name("media-topics.toml")
"""The 19 topics that newsieve ships: IPTC Media Topics' top level, and two of its second level."""

UNCLEAR = "unclear"
"""What a part is tagged whose topic is not certain enough; also the class of texts no editor could place."""

PROMO = "promo"
"""Class of texts that only sell or ask for a click; learned like a topic, published as `unclear`."""

NOT_TOPICS = frozenset({UNCLEAR, PROMO})


@dataclass(frozen=True, slots=True)
class Topic:
    """A news subject: its slug in records, its qcode (`medtop:…` in IPTC Media Topics) and its name for people."""

    slug: str
    qcode: str
    name: str


@dataclass(frozen=True)
class Taxonomy:
    """Topics in the order of their list; no two share a slug."""

    topics: tuple[Topic, ...]

    @classmethod
    def parse(cls, toml: str) -> Self:
        """Read `[[topic]]` tables with `slug`, and `qcode` and `name` where wanted; raises `CorpusError`.

        >>> Taxonomy.parse("topic = [{slug = 'chess'}, {slug = 'go', name = 'The game of go'}]").slugs
        ('chess', 'go')
        """
        try:
            rows = tomllib.loads(toml)["topic"]
            topics = tuple(_topic(row) for row in rows)
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise CorpusError(f"not a list of topics, which is `[[topic]]` tables with a `slug`: {error}") from error
        return cls(_checked(topics))

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """Slugs in the order of the list."""
        return tuple(topic.slug for topic in self.topics)

    @cached_property
    def qcodes(self) -> dict[str, str]:
        """Slug → qcode."""
        return {topic.slug: topic.qcode for topic in self.topics}


def _topic(row: dict[str, Any]) -> Topic:
    slug = row["slug"]
    if not isinstance(slug, str) or not slug:
        raise TypeError(f"a slug must be text, this is {slug!r}")
    return Topic(slug, str(row.get("qcode", slug)), str(row.get("name", slug)))


def _checked(topics: tuple[Topic, ...]) -> tuple[Topic, ...]:
    slugs = [topic.slug for topic in topics]
    if len(slugs) < 2 or len(set(slugs)) < len(slugs) or NOT_TOPICS & set(slugs):
        raise CorpusError("a list of topics needs two or more slugs, each once, none of them `promo` or `unclear`")
    return topics
