"""The vocabulary: a page, the roles of its lines, and the parts it is made of.

A `Page` is cut into a `Split`: at most one `Story` and any number of `Teaser`s. Each of them names the page lines it
came from; a line that no part names was boilerplate. Once classified, each becomes a `Part`, ready to be published.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Kind = Literal["story", "teaser"]
LineNumbers = Mapping[str, tuple[int, ...]]
"""Field of a part → the 1-based page lines it came from, ascending; a field without lines is absent."""

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


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds something: its 1-based number among all lines of the page, and its text, stripped."""

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

    >>> [(line.number, line.text) for line in lines_of("A\n\n  B \r\n\u00a0")]
    [(1, 'A'), (3, 'B')]
    """
    stripped = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1))
    return [Line(number, line) for number, line in stripped if line]
