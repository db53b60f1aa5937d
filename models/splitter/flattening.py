"""Variations of how a page became lines: the same page, made into text by other tools or set in other type."""

from numpy.random import Generator

from models.splitter.labels import TEASER_LABELS, TITLES
from models.splitter.loans import SHORT_CHARACTERS, Block, Loans

SIGNS = ("+ ", "* ", "• ", "- ", "› ", "{}. ", "{}. ")  # that texts made from markup put before the items of a list
MARKUP = (
    '<script type="text/javascript" src="https://{0}.example.com/{1}/{2}.js?{3}={4}"></script>',
    '<a href="https://{0}.example.com/{1}?{2}={4}"><img src="https://{3}.example.com/{4}.gif" border="0"></a>',
    '<iframe src="https://{0}.example.com/{1}" width="{4}" height="60" frameborder="0" title="{2} {3}"></iframe>',
    'var {0} = document.getElementById("{1}"); {0}.{2}({4}); if (typeof {3} !== "undefined") {{ {3}.push({0}); }}',
    ".{0}-{1} {{ width: {4}px; margin: 0 auto; }} .{2} {{ display: none; }} #{3} {{ color: #333; }}",
)
"""Code of the kinds that slip into the text of pages."""
MIN_JOINED_LINES = 4  # of a menu or a choice


def bulleted(block: Block, loans: Loans, random: Generator) -> Block:
    """A sign or a number before each short line of furniture, or before the title of every item, as lists have."""
    sign = SIGNS[int(random.integers(len(SIGNS)))]
    titles = random.random() < 0.5

    def chosen(text: str, label: str) -> bool:
        return label in TITLES if titles else label == "boilerplate" and len(text) < SHORT_CHARACTERS

    places = [i for i, line in enumerate(block) if chosen(*line)]
    varied = list(block)
    for number, i in enumerate(places, 1):
        varied[i] = (sign.format(number) + block[i][0], block[i][1])
    return varied


def with_joined_menus(block: Block, loans: Loans, random: Generator) -> Block:
    """Runs of short lines of furniture joined to one long line each, as the choices of a form are in some texts."""
    joined: Block = []
    run: list[str] = []
    for text, label in [*block, ("", "")]:
        if label == "boilerplate" and len(text) < SHORT_CHARACTERS:
            run.append(text)
            continue
        long = len(run) >= MIN_JOINED_LINES and random.random() < 0.5
        joined += [(line, "boilerplate") for line in ([" ".join(run)] if long else run)]
        run = []
        joined.append((text, label))
    return joined[:-1]


def with_markup(block: Block, loans: Loans, random: Generator) -> Block:
    """A line of code that was meant for the browser, anywhere but within an item."""
    places = [i for i in range(len(block) + 1) if i in (0, len(block)) or block[i][1] not in TEASER_LABELS]
    place = places[int(random.integers(len(places)))]
    words = [word for line in loans.furniture[:200] for word in line[0][0].split()] or ["ad"]
    drawn = [words[int(random.integers(len(words)))].lower() for _ in range(4)]
    code = MARKUP[int(random.integers(len(MARKUP)))].format(*drawn, int(random.integers(10_000)))
    return [*block[:place], (code, "boilerplate"), *block[place:]]


def shouted(block: Block, loans: Loans, random: Generator) -> Block:
    """The headline, or the title of every item, in capitals."""
    chosen = ("headline",) if random.random() < 0.5 else TITLES
    return [(text.upper() if label in chosen else text, label) for text, label in block]
