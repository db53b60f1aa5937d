"""Made-up discussions below a story: what readers wrote, told from the story by how the thread is built.

A comment reads like a paragraph of a story; what gives it away is the frame that the comments of a thread share: who,
when, votes, buttons. Labelled pages have few discussions, so threads are put together from what other pages lend.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

Lines = list[str]

MOST_COMMENTS = 100  # in a thread: it is then many times longer than its story, as real ones are
MEAN_COMMENTS = (6, 30)  # of a quiet and of a busy thread
BUSY_SHARE = 0.3
MOST_PARAGRAPHS = 3  # in a comment
CUT = (20, 600)  # characters: the shortest and longest a comment's paragraph is cut to
MOST_BUTTONS = 3
LOOSE_SHARE = 0.5  # of threads, in which each part of the frame is missing from some comments

SIGNATURES = (
    *("{name}",) * 4,
    *("{name} {when}", "{name} on {when}", "{name} • {when}", "{name}, {when}", "{name} | {when}", "{when} by {name}"),
    *("by {name}", "by {name} ({n})", "by {name} ({n}) on {when} (#{n})", "Posted by {name} at {when}", "{n}. {name}"),
    *("{name} says:", "{name} wrote:", "{name} schrieb:", "{name} dice:", "{name} a écrit :", "{name} ({n}) {when}"),
)
"""How a comment says who wrote it: some of the forms in use on the web, by judgement."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the comments of a thread have around them; a part that is empty is not there."""

    signature: str
    titled: bool
    dated: bool
    signed_last: bool
    voted: bool
    first: Lines
    last: Lines
    missing: float
    """Share of comments without a given part of the frame."""


@dataclass(frozen=True, slots=True)
class Voices:
    """What threads are made of: paragraphs, names, times as printed, and buttons."""

    paragraphs: Lines
    names: Lines
    ages: Lines
    buttons: Lines


def thread(voices: Voices, random: Generator) -> Lines:
    """Lines of a discussion whose comments share a frame; nothing where there is nothing to say or nobody to say it."""
    if not (voices.paragraphs and voices.names and voices.ages and voices.buttons):
        return []
    frame = _frame(voices, random)
    mean = MEAN_COMMENTS[random.random() < BUSY_SHARE]
    count = min(1 + int(random.exponential(mean)), MOST_COMMENTS)
    return [line for _ in range(count) for line in _comment(voices, frame, random)]


def _frame(voices: Voices, random: Generator) -> Frame:
    return Frame(
        signature=_any(SIGNATURES, random),
        titled=random.random() < 0.2,
        dated=random.random() < 0.6,
        signed_last=random.random() < 0.2,
        voted=random.random() < 0.2,
        first=[_any(voices.buttons, random)] if random.random() < 0.1 else [],
        last=[_any(voices.buttons, random) for _ in range(int(random.integers(MOST_BUTTONS + 1)))],
        missing=float(random.uniform(0, 0.5)) if random.random() < LOOSE_SHARE else 0,
    )


def _comment(voices: Voices, frame: Frame, random: Generator) -> Lines:
    said = _said(voices.paragraphs, random)
    when, name = _any(voices.ages, random), _name(voices, random)
    signed = [frame.signature.format(name=name, when=when, n=random.integers(1_000_000))]
    dated = [when] if frame.dated and "{when}" not in frame.signature else []
    title = [_cut(said[0][:60], random)] if frame.titled else []
    votes = [str(random.integers(50))] if frame.voted else []
    around = [*signed, *dated]
    parts = [title, frame.first, [] if frame.signed_last else around, said, around if frame.signed_last else [], votes]
    kept = [part for part in (*parts, frame.last) if part is said or random.random() >= frame.missing]
    return [line for part in kept for line in part]


def _name(voices: Voices, random: Generator) -> str:
    """A name that signs some page, or a word with or without a number, as readers call themselves."""
    if random.random() < 0.5:
        return _any(voices.names, random)
    word = _any(_any(voices.paragraphs, random).split() or ["reader"], random)
    return word + (str(random.integers(100)) if random.random() < 0.4 else "")


def _said(paragraphs: Sequence[str], random: Generator) -> Lines:
    """One to `MOST_PARAGRAPHS` paragraphs, mostly cut short, for comments are shorter than stories."""
    count = 1 + int(random.random() < 0.3) * int(random.integers(1, MOST_PARAGRAPHS))
    return [_cut(_any(paragraphs, random), random) for _ in range(count)]


def _cut(paragraph: str, random: Generator) -> str:
    limit = int(random.integers(*CUT))
    if len(paragraph) <= limit:
        return paragraph
    end = paragraph.rfind(" ", 0, limit)
    return paragraph[: end if end > 0 else limit].rstrip(",;: ") + _any(("", ".", ".", "!", "?", "..."), random)


def _any(of: Sequence[str], random: Generator) -> str:
    return of[int(random.integers(len(of)))]
