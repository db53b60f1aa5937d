"""The label of each line, from which a page's parts can be read back, and which label may follow which.

Six labels are roles of the page itself. The others spell out items. An item that opens with its title has a
`teaser-title` and then other `teaser-…` lines; one that is led by other lines has `next-…` lines, a `led-title` and
`led-…` lines. So two items that touch are told apart by the labels alone, and the chain can learn that a list rarely
mixes the two kinds.
"""

import numpy as np
from numpy.typing import NDArray

from models.labelled import LabelledPage
from models.page import Role, lines_of

PAGE_LABELS = ("boilerplate", "headline", "dek", "meta", "story", "caption")
BEFORE_TITLE = ("next-text", "next-age", "next-meta")
TITLES = ("teaser-title", "led-title")
CONTINUATIONS = ("teaser-continuation", "led-continuation")
AFTER_TITLE = (
    *CONTINUATIONS,
    *("teaser-text", "teaser-age", "teaser-meta"),
    *("led-text", "led-age", "led-meta"),
)
LABELS: tuple[str, ...] = (*PAGE_LABELS, *TITLES, *AFTER_TITLE, *BEFORE_TITLE)
"""Every label; a label's code is its place here."""

LISTING_ITEMS = 5  # on a page: from so many on, it may be a list of other pages without a story of its own

CODE = {label: code for code, label in enumerate(LABELS)}
TEASER_LABELS = frozenset((*TITLES, *AFTER_TITLE, *BEFORE_TITLE))

_FIELD_NAMES = {"blurb": "text", "age": "age", "meta": "meta", "title": "meta"}  # a second title apart is a detail


def role_of(label: str) -> str:
    """Role of a line with this label: the label itself, or `teaser`.

    >>> role_of("next-age"), role_of("dek")
    ('teaser', 'dek')
    """
    return Role.TEASER.value if label in TEASER_LABELS else label


def field_of(label: str) -> str:
    """Field of a teaser that a line with this label fills.

    >>> field_of("led-continuation"), field_of("next-age")
    ('headline', 'age')
    """
    field = label.partition("-")[2]
    return "headline" if field in ("title", "continuation") else field


def may_follow() -> NDArray[np.bool_]:
    """Matrix [from, to]: whether a line with label `to` may follow one with label `from`."""
    return np.array([[_may_follow(first, then) for then in LABELS] for first in LABELS])


def _may_follow(first: str, then: str) -> bool:
    if first in BEFORE_TITLE:
        return then in BEFORE_TITLE or then == "led-title"
    if then == "led-title":
        return False
    if then in CONTINUATIONS:
        return first in (then, then.replace("continuation", "title"))
    if then in AFTER_TITLE:
        return first in TEASER_LABELS and first.partition("-")[0] == then.partition("-")[0]
    return True


def may_start() -> NDArray[np.bool_]:
    """Per label: whether the first line of a page may have it."""
    return np.array([label not in (*AFTER_TITLE, "led-title") for label in LABELS])


def may_end() -> NDArray[np.bool_]:
    """Per label: whether the last line of a page may have it."""
    return np.array([label not in BEFORE_TITLE for label in LABELS])


def labels_of(page: LabelledPage) -> list[str]:
    """Labels of a labelled page, one per line, always a sequence that `may_follow` allows.

    A line of an item that does not touch the item's title (under 1 % of them) counts as boilerplate.
    """
    labels = [line.role.value if line.role is not Role.TEASER else "boilerplate" for line in page.lines]
    for number, start in _titles(page).items():
        led = _label_before(page, number, start, labels)
        _label_after(page, number, start, labels, "led" if led else "teaser")
    return labels


def lines_and_labels(page: LabelledPage) -> tuple[list[str], list[str]]:
    """Lines of a labelled page as they are read from its text, and their labels; lines that hold nothing have none."""
    labels = labels_of(page)
    lines = lines_of(page.text)
    return [line.text for line in lines], [labels[line.number - 1] for line in lines]


def _titles(page: LabelledPage) -> dict[int, int]:
    """Number of each item → the index of its first title line."""
    found: dict[int, int] = {}
    for index, line in enumerate(page.lines):
        if line.teaser is not None and line.field == "title":
            found.setdefault(line.teaser, index)
    return found


def _label_before(page: LabelledPage, number: int, start: int, labels: list[str]) -> bool:
    """Label the lines that lead up to an item's title; whether there is one."""
    index = start - 1
    while index >= 0 and page.lines[index].teaser == number:
        labels[index] = "next-" + _FIELD_NAMES[page.lines[index].field or "meta"]
        index -= 1
    return index < start - 1


def _label_after(page: LabelledPage, number: int, start: int, labels: list[str], kind: str) -> None:
    labels[start] = f"{kind}-title"
    in_title = True
    for index in range(start + 1, len(labels)):
        line = page.lines[index]
        if line.teaser != number:
            return
        in_title = in_title and line.field == "title"
        labels[index] = f"{kind}-continuation" if in_title else f"{kind}-{_FIELD_NAMES[line.field or 'meta']}"
