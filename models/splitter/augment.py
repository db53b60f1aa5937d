"""Training pages varied afresh each time they are seen, so that the model learns kinds of lines and not kinds of sites.

Every variation keeps the labels true: what is added is a whole item, caption or list of another page, what is taken
away is furniture, and changed letter case changes no role. Real pages of today have all of these shapes; the labelled
ones have too few of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from models.splitter.labels import TEASER_LABELS, TITLES

Labelled = tuple[list[str], list[str]]
"""Lines of a page and their labels."""
Block = list[tuple[str, str]]
"""Consecutive lines, each with its label."""

MAX_LIST_LINES = 40  # of a borrowed list: as long as the longer sidebars of gold train
DESCRIBED = ["teaser-title", "teaser-text"]
SHORT_CHARACTERS = 60  # of a line of furniture that is lent
MIN_LISTING_ITEMS = 5  # fewer items and what remains of a page is no listing


@dataclass(frozen=True, slots=True)
class Loans:
    """What pages lend to others: items inside stories, with a blurb, of any kind; captions; lists; short furniture."""

    inside: list[Block]
    described: list[Block]
    items: list[Block]
    captions: list[Block]
    lists: list[Block]
    furniture: list[Block]


Variation = Callable[[Block, Loans, Generator], Block]


def augmented(pages: Sequence[Labelled], random: Generator) -> list[Labelled]:
    """A variant of every page, in order; each variation strikes with its own probability. `pages` stay as they are."""
    loans = loans_of(pages)
    return [_varied(page, loans, random) for page in pages]


def loans_of(pages: Sequence[Labelled]) -> Loans:
    """Everything that `pages` have to lend."""
    loans = Loans([], [], [], [], [], [])
    for lines, labels in pages:
        block = list(zip(lines, labels, strict=True))
        for start, end in _runs(labels, TEASER_LABELS):
            _lend_run(block, start, end, loans)
        loans.captions.extend([line] for line in block if line[1] == "caption")
        loans.furniture.extend([line] for line in block if line[1] == "boilerplate" and len(line[0]) < SHORT_CHARACTERS)
    return loans


def with_list(block: Block, loans: Loans, random: Generator) -> Block:
    """A list of teasers of another page at the end, or before the furniture that ends the page."""
    end = len(block)
    if random.random() < 0.5:
        while end and block[end - 1][1] == "boilerplate":
            end -= 1
    return block[:end] + _one_of(loans.lists, random) + block[end:]


def with_link_inside(block: Block, loans: Loans, random: Generator) -> Block:
    """An item of another page between two paragraphs, at times in capitals."""
    item = _one_of(loans.inside if random.random() < 0.5 else loans.items, random)
    if random.random() < 0.5:
        item = [(text.upper(), label) for text, label in item]
    return _inserted_in_story(block, item, random)


def with_video(block: Block, loans: Loans, random: Generator) -> Block:
    """An item with a blurb among the first paragraphs or before them, mostly after a line of furniture."""
    paragraphs = [i for i, (_, label) in enumerate(block) if label == "story"][:4]
    if not paragraphs:
        return block
    place = paragraphs[int(random.integers(len(paragraphs)))] if random.random() < 0.5 else paragraphs[0]
    lead = _one_of(loans.furniture, random) if random.random() < 0.7 else []
    return block[:place] + lead + _one_of(loans.described, random) + block[place:]


def with_caption(block: Block, loans: Loans, random: Generator) -> Block:
    """A caption of another page between two paragraphs."""
    return _inserted_in_story(block, _one_of(loans.captions, random), random)


def without_edges(block: Block, loans: Loans, random: Generator) -> Block:
    """The furniture that opens the page left out, and that which ends it, each at even odds."""
    low, high = 0, len(block)
    if random.random() < 0.5:
        while low < high and block[low][1] == "boilerplate":
            low += 1
    if random.random() < 0.5:
        while high > low and block[high - 1][1] == "boilerplate":
            high -= 1
    return block[low:high]


def with_less_furniture(block: Block, loans: Loans, random: Generator) -> Block:
    """Every third line of furniture left out, at random, but not the headings of lists, which hold them apart."""
    headings = {i - 1 for i, (_, label) in enumerate(block) if label in TEASER_LABELS}
    return [line for i, line in enumerate(block) if line[1] != "boilerplate" or i in headings or random.random() > 0.3]


def shouted(block: Block, loans: Loans, random: Generator) -> Block:
    """The headline, or the title of every item, in capitals."""
    chosen = ("headline",) if random.random() < 0.5 else TITLES
    return [(text.upper() if label in chosen else text, label) for text, label in block]


def without_story(block: Block, loans: Loans, random: Generator) -> Block:
    """Only items and furniture: a listing, if there are enough items."""
    if sum(label in TITLES for _, label in block) < MIN_LISTING_ITEMS:
        return block
    return [line for line in block if line[1] == "boilerplate" or line[1] in TEASER_LABELS]


VARIATIONS: tuple[tuple[float, Variation], ...] = (
    (0.20, with_list),
    (0.35, with_link_inside),
    (0.15, with_video),
    (0.10, with_caption),
    (0.20, without_edges),
    (0.15, with_less_furniture),
    (0.06, shouted),
    (0.04, without_story),
)
"""Each variation with the share of pages it strikes, by judgement. In cross-validation on gold train they move no
figure beyond noise, for gold pages have few of these shapes; more links inside stories helped a little on dev."""


def _varied(page: Labelled, loans: Loans, random: Generator) -> Labelled:
    block = list(zip(*page, strict=True))
    for share, variation in VARIATIONS:
        if random.random() < share:
            block = variation(block, loans, random)
    if not block:
        return page
    return [text for text, _ in block], [label for _, label in block]


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
    loans.described.extend(item for item in items if [label for _, label in item] == DESCRIBED)
    if len(items) >= 3:
        loans.lists.append(block[max(start - 1, 0) : start] + _whole_items(items))
    elif start > 0 and end < len(block) and block[start - 1][1] == block[end][1] == "story":
        loans.inside.extend(items)


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


def _one_of(blocks: list[Block], random: Generator) -> Block:
    return blocks[int(random.integers(len(blocks)))] if blocks else []


def _inserted_in_story(block: Block, extra: Block, random: Generator) -> Block:
    """`extra` between two neighbouring lines of the story, if there are two."""
    gaps = [i for i in range(1, len(block)) if block[i - 1][1] == block[i][1] == "story"]
    if not gaps:
        return block
    place = gaps[int(random.integers(len(gaps)))]
    return block[:place] + extra + block[place:]
