"""Augmentation: training pages varied afresh in each epoch, so that the model learns kinds of lines and not of sites.

A variation takes a page as a block of (line, label) pairs, what other pages lend (`loans`) and a random generator, and
returns a block whose labels are still true: lines that it adds bring the labels that they had on the page that lends
them, lines that it takes away leave those of the others as they were, and a line in capitals keeps its role. Here
*furniture* is what is labelled boilerplate: menus, buttons, small print. `VARIATIONS` lists all variations, with the
share of pages that each strikes; `augmented` applies them. Pages of today have all these shapes, labelled ones too
seldom.
"""

from collections.abc import Callable, Sequence

from numpy.random import Generator

from models.splitter.discussion import thread
from models.splitter.flattening import bulleted, shouted, with_joined_menus, with_markup
from models.splitter.labels import AFTER_TITLE, LISTING_ITEMS, TEASER_LABELS, TITLES
from models.splitter.loans import Block, Labelled, Loans, edges, loans_of

PLAIN_SHARE = 0.4  # of pages, seen as they are
MOST_PARAGRAPHS = 3  # of a story cut short: a brief

Variation = Callable[[Block, Loans, Generator], Block]
"""From a page, what other pages lend, and randomness, to the page varied; the block that is given stays as it is."""


def augmented(pages: Sequence[Labelled], random: Generator) -> list[Labelled]:
    """A variant of every page, in order, in which they also lend to each other. `pages` stay as they are.

    A share of `PLAIN_SHARE` comes unvaried; on the others each of `VARIATIONS` strikes in turn, or does not.
    """
    loans = loans_of(pages)
    return [_varied(page, loans, random) for page in pages]


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
    return block[:place] + lead + _one_of(loans.items_with_blurb, random) + block[place:]


def with_caption(block: Block, loans: Loans, random: Generator) -> Block:
    """A caption of another page between two paragraphs."""
    return _inserted_in_story(block, _one_of(loans.captions, random), random)


def with_discussion(block: Block, loans: Loans, random: Generator) -> Block:
    """What readers say about it, somewhere below the story: lent by another page, or made up.

    The story may be a brief then, as it is where the discussion is what people come for.
    """
    block = with_short_story(block, loans, random) if random.random() < 0.4 else block
    paragraphs = [i for i, (_, label) in enumerate(block) if label == "story"]
    below = [i for i in range(1, len(block)) if block[i - 1][1] == "boilerplate" and paragraphs and i > paragraphs[-1]]
    if not paragraphs:
        return block
    place = (*below, len(block))[int(random.integers(len(below) + 1))]
    if random.random() < 0.2:
        return block[:place] + _one_of(loans.discussions, random) + block[place:]
    lines = thread(loans.voices, random)
    return block[:place] + [(line, "boilerplate") for line in lines] + block[place:]


def with_short_story(block: Block, loans: Loans, random: Generator) -> Block:
    """A story of one to `MOST_PARAGRAPHS` paragraphs: those after them left out."""
    keep = int(random.integers(1, MOST_PARAGRAPHS + 1))
    paragraphs = [i for i, (_, label) in enumerate(block) if label == "story"]
    dropped = set(paragraphs[keep:])
    return [line for i, line in enumerate(block) if i not in dropped]


def without_edges(block: Block, loans: Loans, random: Generator) -> Block:
    """The furniture that opens the page left out, and that which ends it, each at even odds."""
    low, high = edges(block)
    return block[low if random.random() < 0.5 else 0 : high if random.random() < 0.5 else len(block)]


def with_navigation(block: Block, loans: Loans, random: Generator) -> Block:
    """The menus above, or the furniture below, of another page as well."""
    if random.random() < 0.7:
        return _one_of(loans.menus, random) + block
    return block + _one_of(loans.footers, random)


def with_less_furniture(block: Block, loans: Loans, random: Generator) -> Block:
    """Every third line of furniture left out, at random, but not the headings of lists, which hold them apart."""
    headings = {i - 1 for i, (_, label) in enumerate(block) if label in TEASER_LABELS}
    return [line for i, line in enumerate(block) if line[1] != "boilerplate" or i in headings or random.random() > 0.3]


def without_story(block: Block, loans: Loans, random: Generator) -> Block:
    """Only items and furniture: a listing, if there are enough items."""
    if sum(label in TITLES for _, label in block) < LISTING_ITEMS:
        return block
    return [line for line in block if line[1] == "boilerplate" or line[1] in TEASER_LABELS]


def with_blurbs(block: Block, loans: Loans, random: Generator) -> Block:
    """A blurb of another page below each item that is a bare title and stands below the story, as in listings."""
    if not loans.blurbs:
        return block
    below = max((i for i, (_, label) in enumerate(block) if label == "story"), default=-1)
    varied: Block = []
    for i, (text, label) in enumerate(block):
        varied.append((text, label))
        alone = i + 1 == len(block) or block[i + 1][1] not in AFTER_TITLE
        if i > below and label == "teaser-title" and alone:
            varied.append((loans.blurbs[int(random.integers(len(loans.blurbs)))], "teaser-text"))
    return varied


def as_listing(block: Block, loans: Loans, random: Generator) -> Block:
    """The furniture of the page around lists of other pages, without a story; at even odds with blurbs."""
    low, high = edges(block)
    items = [line for _ in range(int(random.integers(1, 4))) for line in _one_of(loans.lists, random)]
    listing = block[:low] + items + block[high:]
    return with_blurbs(listing, loans, random) if random.random() < 0.5 else listing


def with_opening_picture(block: Block, loans: Loans, random: Generator) -> Block:
    """A caption, mostly after some buttons, between what stands below the headline and the first paragraph."""
    first = next((i for i, (_, label) in enumerate(block) if label == "story"), None)
    if first is None or not loans.captions or not loans.furniture:
        return block
    buttons = [line for _ in range(int(random.integers(0, 5))) for line in _one_of(loans.furniture, random)]
    caption = _one_of(loans.captions, random)
    added = buttons + caption if random.random() < 0.7 else caption + buttons
    return block[:first] + added + block[first:]


def with_more_furniture(block: Block, loans: Loans, random: Generator) -> Block:
    """A line of furniture of another page at the start, at the end, or beside other furniture; up to three of them."""
    for _ in range(int(random.integers(1, 4))):
        beside = [i for i in range(1, len(block)) if block[i - 1][1] == block[i][1] == "boilerplate"]
        places = (0, len(block), *beside)
        place = places[int(random.integers(len(places)))]
        block = block[:place] + _one_of(loans.furniture, random) + block[place:]
    return block


VARIATIONS: tuple[tuple[float, Variation], ...] = (
    (0.20, with_list),
    (0.35, with_link_inside),
    (0.15, with_video),
    (0.10, with_caption),
    (0.10, with_short_story),
    (0.20, with_discussion),
    (0.20, without_edges),
    (0.25, with_navigation),
    (0.15, bulleted),
    (0.10, with_joined_menus),
    (0.10, with_markup),
    (0.15, with_less_furniture),
    (0.25, with_more_furniture),
    (0.06, shouted),
    (0.04, without_story),
    (0.04, as_listing),
    (0.06, with_blurbs),
    (0.10, with_opening_picture),
)
"""Each variation with the share of pages it strikes, by judgement. Short stories and discussions taught the model to
leave out what readers write (story F1 on pages/dev from .90 to .93); the others move no figure beyond noise."""


def _varied(page: Labelled, loans: Loans, random: Generator) -> Labelled:
    if random.random() < PLAIN_SHARE:
        return page
    block = list(zip(*page, strict=True))
    for share, variation in VARIATIONS:
        if random.random() < share:
            block = variation(block, loans, random)
    if not block:
        return page
    return [text for text, _ in block], [label for _, label in block]


def _one_of(blocks: list[Block], random: Generator) -> Block:
    return blocks[int(random.integers(len(blocks)))] if blocks else []


def _inserted_in_story(block: Block, extra: Block, random: Generator) -> Block:
    """`extra` between two neighbouring lines of the story, if there are two."""
    gaps = [i for i in range(1, len(block)) if block[i - 1][1] == block[i][1] == "story"]
    if not gaps:
        return block
    place = gaps[int(random.integers(len(gaps)))]
    return block[:place] + extra + block[place:]
