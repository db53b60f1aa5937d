"""What labelled pages lend to others when they are varied for training: whole items, lists, captions, furniture."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.splitter.discussion import Voices
from models.splitter.labels import TEASER_LABELS, TITLES
from models.splitter.wording import is_byline, is_date

Labelled = tuple[list[str], list[str]]
"""Lines of a page and their labels."""
Block = list[tuple[str, str]]
"""Consecutive lines, each with its label."""

MAX_LIST_LINES = 40  # of a borrowed list: as long as the longer sidebars of gold train
TITLE_AND_BLURB = ["teaser-title", "teaser-text"]
SHORT_CHARACTERS = 60  # of a line of furniture that is lent
LONG_CHARACTERS = 120  # of a comment, or a paragraph of a page's small print
MIN_LONG_LINES = 3  # of a stretch of furniture that may be a discussion


@dataclass(frozen=True, slots=True)
class Loans:
    """What pages lend to others: of each kind all that there is."""

    inside: list[Block] = field(default_factory=list)
    """Items, two at most, between two paragraphs of a story."""
    items_with_blurb: list[Block] = field(default_factory=list)
    """Items that are a title and one line of blurb, no more."""
    items: list[Block] = field(default_factory=list)
    """Items of any kind, those above among them."""
    captions: list[Block] = field(default_factory=list)
    blurbs: list[str] = field(default_factory=list)
    lists: list[Block] = field(default_factory=list)
    """Three items or more that follow each other, with the line above them, which is mostly their heading."""
    furniture: list[Block] = field(default_factory=list)
    """Single short lines of boilerplate."""
    menus: list[Block] = field(default_factory=list)
    footers: list[Block] = field(default_factory=list)
    """The boilerplate before the first other line of a page, and after the last."""
    discussions: list[Block] = field(default_factory=list)
    """Stretches of boilerplate with long lines below a story: mostly what readers wrote."""
    voices: Voices = field(default_factory=lambda: Voices([], [], [], []))
    """What further discussions are made up from."""


def loans_of(pages: Sequence[Labelled]) -> Loans:
    """Everything that `pages` have to lend."""
    loans = Loans()
    for lines, labels in pages:
        block = list(zip(lines, labels, strict=True))
        for start, end in _runs(labels, TEASER_LABELS):
            _lend_run(block, start, end, loans)
        low, high = edges(block)
        loans.menus.extend([block[:low]] if low else [])
        loans.footers.extend([block[high:]] if high < len(block) else [])
        loans.discussions.extend(_discussions(block))
        for text, label in block:
            _lend_line(text, label, loans)
    return loans


def _lend_line(text: str, label: str, loans: Loans) -> None:
    short = len(text) < SHORT_CHARACTERS
    if label == "caption":
        loans.captions.append([(text, label)])
    elif label in ("teaser-text", "led-text"):
        loans.blurbs.append(text)
    elif label == "story":
        loans.voices.paragraphs.append(text)
    elif label == "boilerplate" and short:
        loans.furniture.append([(text, label)])
        loans.voices.buttons.append(text)
    elif label in ("meta", "teaser-age") and short and is_date(text):
        loans.voices.ages.append(text)
    elif label == "meta" and short and is_byline(text, alone=True):
        loans.voices.names.append(text)


def _runs(labels: Sequence[str], chosen: frozenset[str]) -> list[tuple[int, int]]:
    """Start and end of each stretch of lines whose labels are among `chosen`."""
    runs: list[tuple[int, int]] = []
    for index, label in enumerate(labels):
        if label in chosen:
            if runs and runs[-1][1] == index:
                runs[-1] = (runs[-1][0], index + 1)
            else:
                runs.append((index, index + 1))
    return runs


def _lend_run(block: Block, start: int, end: int, loans: Loans) -> None:
    run = block[start:end]
    items = _items(run)
    loans.items.extend(items)
    loans.items_with_blurb.extend(item for item in items if [label for _, label in item] == TITLE_AND_BLURB)
    if len(items) >= 3:
        loans.lists.append(block[max(start - 1, 0) : start] + _whole_items(items))
    elif start > 0 and end < len(block) and block[start - 1][1] == block[end][1] == "story":
        loans.inside.extend(items)


def edges(block: Block) -> tuple[int, int]:
    """Where the furniture that opens a page ends, and where that which ends it begins."""
    kept = [i for i, (_, label) in enumerate(block) if label != "boilerplate"]
    return (kept[0], kept[-1] + 1) if kept else (0, len(block))


def _discussions(block: Block) -> list[Block]:
    """The stretch of furniture from the first to the last long line of it after the story, if there are a few."""
    end = max((i for i, (_, label) in enumerate(block) if label == "story"), default=len(block))
    long = [
        i for i in range(end + 1, len(block)) if block[i][1] == "boilerplate" and len(block[i][0]) > LONG_CHARACTERS
    ]
    if len(long) < MIN_LONG_LINES:
        return []
    return [[line for line in block[long[0] - 2 : long[-1] + 2] if line[1] == "boilerplate"]]


def _items(run: Block) -> list[Block]:
    """Items of a stretch of teaser lines: one begins at a title, or at the lines before it that belong to it."""
    items: list[Block] = []
    opened = False
    for line in run:
        begins = line[1].startswith("next-") or line[1] in TITLES
        if begins and not opened:
            items.append([])
        items[-1].append(line)
        opened = line[1].startswith("next-")
    return items


def _whole_items(items: list[Block]) -> Block:
    taken: Block = []
    for item in items:
        if len(taken) + len(item) > MAX_LIST_LINES:
            break
        taken += item
    return taken
