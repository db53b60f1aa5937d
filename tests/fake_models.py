"""Models that read marks in a page: they stand for the trained ones, and can be stored as artifacts.

A page for `MarkSplitter` marks its lines: `# ` the story's headline, `* ` a teaser's title, `~ ` its blurb, `@ ` its
age; any other line is the story's, and `-` is boilerplate. The marks stay in the text, for a headline is a line of the
page as it stands. Nothing here imports a Kafka client.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from models.page import Guess, Line, Page, Split, Story, Teaser, Text, Verdict, lines_of
from models.tagger import Tagger

SPORT = Guess("sport", "medtop:15000000", 0.9)
SCIENCE = Guess("science", "medtop:13000000", 0.4)
EXPLODES = "this page makes the model fail"


@dataclass(frozen=True)
class MarkSplitter:
    """Cuts a page by the marks of its lines; raises on a page that says `EXPLODES`."""

    def split(self, pages: Sequence[Page]) -> list[Split]:
        return [_split(page) for page in pages]


def _split(page: Page) -> Split:
    if EXPLODES in page.text:
        raise RuntimeError(f"cannot split {page.id}")
    lines = [line for line in lines_of(page.text) if line.text != "-"]
    own = [line for line in lines if line.text[:2] not in ("* ", "~ ", "@ ")]
    starts = [at for at, line in enumerate(lines) if line.text.startswith("* ")]
    teasers = tuple(_teaser(lines[at:end]) for at, end in itertools.pairwise([*starts, len(lines)]))
    return Split(_story(own) if own else None, teasers)


def _story(lines: Sequence[Line]) -> Story:
    headline = [line for line in lines if line.text.startswith("# ")][:1]
    body = [line for line in lines if line not in headline]
    claimed = {"headline": tuple(line.number for line in headline), "text": tuple(line.number for line in body)}
    text = "\n\n".join(line.text for line in body)
    return Story("".join(line.text for line in headline), text, lines={k: v for k, v in claimed.items() if v})


def _teaser(lines: Sequence[Line]) -> Teaser:
    def marked(mark: str) -> list[Line]:
        return [line for line in lines if line.text.startswith(mark)]

    claimed = {name: tuple(line.number for line in marked(mark)) for name, mark in _MARKS.items()}
    blurb, age = (" ".join(line.text for line in marked(mark)) for mark in "~@")
    return Teaser(
        lines[0].text,
        blurb,
        age.removeprefix("@ "),
        lines={name: numbers for name, numbers in claimed.items() if numbers},
    )


_MARKS = {"headline": "* ", "text": "~ ", "age": "@ "}


@dataclass(frozen=True)
class WordClassifier:
    """`sport`, and a little `science`, where the text says "match"; unclear where it does not."""

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        return [_verdict(f"{text.headline} {text.text}") for text in texts]


def _verdict(words: str) -> Verdict:
    return (
        Verdict("sport", (SPORT, SCIENCE), also=("science",))
        if "match" in words.casefold()
        else Verdict("unclear", (SCIENCE,))
    )


@dataclass(frozen=True)
class EvenLanguages:
    """English, but for pages that say "Spiel"."""

    def detect(self, texts: Sequence[str]) -> list[str]:
        return ["de" if "Spiel" in text else "en" for text in texts]


def mark_tagger() -> Tagger:
    """The project's own tagger over the models above."""
    return Tagger(MarkSplitter(), WordClassifier(), EvenLanguages(), {"splitter": "marks", "topics": "words"})
