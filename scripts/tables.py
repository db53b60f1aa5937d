"""Tables of figures, for a terminal of 80 columns or a file."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Cell = RenderableType


def table(head: Sequence[str | Text], rows: Sequence[Sequence[Cell]], texts: int = 1) -> Table:
    """Rows under a head; the first `texts` columns hold text and give way when it gets narrow, the others figures."""
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for place, name in enumerate(head):
        if place < texts:
            made.add_column(name, overflow="ellipsis")
        else:
            made.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    return made


def heading(text: str) -> RenderableType:
    """A line above a table, apart from what stands before it."""
    return Group(Text(), Text(text, style="bold"))


def cell(value: float | None, *, strong: bool = False) -> Text:
    """A count as it is, a share to three places without its zero, a dash for what there is none of.

    >>> [cell(value).plain for value in (12, 0.9055, 1.0, None)]
    ['12', '.906', '1.000', '–']
    """
    if value is None:
        return Text("–", style="bright_black")
    return Text(str(value) if isinstance(value, int) else share(value), style="bold" if strong else "")


def share(value: float) -> str:
    """A share to three places, as tables of figures print it.

    >>> share(0.9055), share(1.0), share(-0.0121)
    ('.906', '1.000', '-.012')
    """
    places = Decimal(str(value)).quantize(Decimal("0.001"), ROUND_HALF_UP)  # 0.9055 is a little less, as a float
    return str(places).replace("0.", ".", 1)


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "page"), count(7604, "line")
    ('1 page', '7,604 lines')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"
