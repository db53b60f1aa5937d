"""The list of topics: slug, qcode and name of each, read from TOML so that anyone can train with a list of their own.

`Taxonomy.parse` takes text, not a path: reading files is left to those who may.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from models import fields
from models.errors import CorpusError

MEDIA_TOPICS = Path(__file__).with_name("media-topics.toml")
"""The 19 topics that newsieve ships: IPTC Media Topics' top level, and two of its second level."""

UNCLEAR = "unclear"
"""What a part is tagged whose topic is not certain enough; also the class of texts no editor could place."""

PROMO = "promo"
"""Class of texts that only sell or ask for a click; learned like a topic, published as `unclear`."""

NOT_TOPICS = frozenset({UNCLEAR, PROMO})


SLUG_LETTERS = 243
"""At most, of a slug: Kafka's topics have names of at most 249, and that of its parts starts with `parts.`."""

_NAMES_A_KAFKA_TOPIC = re.compile(rf"[a-zA-Z0-9._-]{{1,{SLUG_LETTERS}}}")

WANTED = "a list of topics is TOML, two `[[topic]]` tables or more, each with a `slug`"


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
        """Read `[[topic]]` tables with `slug`, and `qcode` and `name` where wanted.

        Raises `CorpusError`, also for slugs that cannot name the Kafka topics of their parts.

        >>> Taxonomy.parse("topic = [{slug = 'chess'}, {slug = 'go', name = 'The game of go'}]").slugs
        ('chess', 'go')
        """
        try:
            rows = tomllib.loads(toml).get("topic")
        except tomllib.TOMLDecodeError as error:
            raise CorpusError(f"not TOML: {error}; {WANTED}") from error
        if not isinstance(rows, list) or len(rows) < 2:
            raise CorpusError(f"fewer than two topics; {WANTED}")
        topics = tuple(_topic(number, row) for number, row in enumerate(rows, 1))
        _check_apart(topics)
        return cls(topics)

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """Slugs in the order of the list."""
        return tuple(topic.slug for topic in self.topics)

    @cached_property
    def qcodes(self) -> dict[str, str]:
        """Slug → qcode."""
        return {topic.slug: topic.qcode for topic in self.topics}


def _topic(number: int, row: Any) -> Topic:
    try:
        if not isinstance(row, dict):
            raise ValueError(f"{fields.shown(row)} is no table; {WANTED}")
        slug = _checked(fields.text(row, "slug"))
        return Topic(slug, fields.text(row, "qcode", slug), fields.text(row, "name", slug))
    except ValueError as error:
        raise CorpusError(f"topic {number}: {error}") from error


def _checked(slug: str) -> str:
    """The slug; raises ValueError for one that no Kafka topic may be named after, or that newsieve needs itself."""
    if not _NAMES_A_KAFKA_TOPIC.fullmatch(slug):
        raise ValueError(
            f"`slug` is {fields.shown(slug)}; it names a Kafka topic, and so must be 1 to {SLUG_LETTERS} of the "
            "letters a-z, A-Z, 0-9, `.`, `_` and `-`"
        )
    if slug in NOT_TOPICS:
        raise ValueError(f"`slug` is {slug!r}, which newsieve keeps for texts that are of no topic; choose another")
    return slug


def _check_apart(topics: tuple[Topic, ...]) -> None:
    """Refuse slugs that are one to Kafka: it takes a dot and an underscore in the names of topics for the same."""
    numbers: dict[str, int] = {}
    for number, topic in enumerate(topics, 1):
        first = numbers.setdefault(topic.slug.replace(".", "_"), number)
        if first != number:
            also = topics[first - 1].slug
            raise CorpusError(f"topic {number}: `slug` is {topic.slug!r}, topic {first} has {also!r}; Kafka needs two")
