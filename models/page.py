"""The vocabulary: a page, the roles of its lines, and the parts it is made of.

A `Page` is cut into a `Split`: at most one `Story` and any number of `Teaser`s. Each of them names the page lines it
came from; a line that no part names was boilerplate. Once classified, each becomes a `Part`, ready to be published.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

Kind = Literal["story", "teaser"]
LineNumbers = Mapping[str, tuple[int, ...]]
"""Field of a part → the 1-based page lines it came from, ascending; a field without lines is absent."""

INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
"""Characters that take no room: soft hyphens, zero-width spaces and joiners, marks of direction, byte order marks."""

_SPACES = (  # what `str.strip` takes for white space
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_EDGES = _SPACES + INVISIBLE

STORY_FIELDS = ("headline", "dek", "section", "byline", "date", "text", "captions", "tags")
TEASER_FIELDS = ("headline", "text", "age", "meta")


class Role(StrEnum):
    """What one line is on its page."""

    HEADLINE = "headline"
    DEK = "dek"
    META = "meta"
    STORY = "story"
    CAPTION = "caption"
    TEASER = "teaser"
    BOILERPLATE = "boilerplate"


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it came in: `text` is its lines separated by `\\n` and nothing else."""

    id: str
    url: str
    text: str
    fetched_at: str | None = None


class Line(NamedTuple):
    """A line that holds something: its 1-based number among all lines of the page, and its text, stripped.

    A tuple, for a worker makes a hundred thousand of them a second.
    """

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """The page's own story; `text` is its body paragraphs joined by a blank line, empty fields were not found."""

    headline: str
    text: str
    dek: str = ""
    section: str = ""
    byline: str = ""
    date: str = ""
    captions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    lines: LineNumbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Teaser:
    """A pointer to some other item: its headline, blurb (`text`) and age as printed; empty where there was none."""

    headline: str
    text: str = ""
    age: str = ""
    lines: LineNumbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """A page cut into its parts; teasers stand in page order. Both may be missing: then the page was empty."""

    story: Story | None
    teasers: tuple[Teaser, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """What the topic classifier reads of a part; `text` is a story's body or a teaser's blurb."""

    kind: Kind
    headline: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """One of the taxonomy's topics with the calibrated probability that an editor would accept it."""

    topic: str
    qcode: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a part is about: `topic` is a slug or `unclear`; `guesses` are at most three topics, best first.

    `also` are the other topics that are certain enough to be published to as well.
    """

    topic: str
    guesses: tuple[Guess, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def confidence(self) -> float:
        """Confidence of the best guess; 0 where there is none."""
        return self.guesses[0].confidence if self.guesses else 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """A story or a teaser with its ids, language and topic: all that is published but the time of tagging."""

    id: str
    item_id: str
    page: Page
    kind: Kind
    content: Story | Teaser
    language: str
    verdict: Verdict
    published_at: str | None
    models: Mapping[str, str]


def lines_of(text: str) -> list[Line]:
    r"""Lines of a page that hold something, in order; numbers count every line, blank ones included.

    A line of white space and of characters that take no room holds nothing, and no line begins or ends with such.

    >>> [(line.number, line.text) for line in lines_of("\ufeffA\n\n  B \r\n\u00a0\u200b\u00a0")]
    [(1, 'A'), (3, 'B')]
    """
    stripped = [line.strip(_EDGES) for line in text.split("\n")]
    return [Line(number, line) for number, line in enumerate(stripped, 1) if line]
