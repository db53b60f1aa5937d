"""Fields of a JSON row, each of the type that is wanted; else a ValueError says in one line what it is and is to be."""

from collections.abc import Collection, Mapping
from typing import Any

Row = Mapping[str, Any]

SHOWN_LETTERS = 60  # of a wrong value: enough to find it again in its line of the file


def text(row: Row, name: str, default: str | None = None) -> str:
    """The text of a field; `default`, where there is one, for a field that is missing or null.

    >>> text({"title": "Rain"}, "title"), text({"body": None}, "body", "")
    ('Rain', '')
    """
    value = row.get(name, default)
    value = default if value is None else value
    if not isinstance(value, str):
        raise _wrong(row, name, "text")
    return value


def texts(row: Row, name: str) -> tuple[str, ...]:
    """The texts of a list.

    >>> texts({"topics": "sport"}, "topics")
    Traceback (most recent call last):
    ...
    ValueError: `topics` is 'sport'; it must be a list of texts
    """
    values = row.get(name)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _wrong(row, name, "a list of texts")
    return tuple(values)


def whole_number(row: Row, name: str) -> int | None:
    """The whole number of a field, None where it is missing or null."""
    value = row.get(name)
    if value is not None and type(value) is not int:  # in Python, true is an int as well
        raise _wrong(row, name, "a whole number")
    return value


def one_of(row: Row, name: str, allowed: Collection[str]) -> str:
    """The text of a field that may be one of a few."""
    value = row.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise _wrong(row, name, f"one of {', '.join(allowed)}")
    return value


def _wrong(row: Row, name: str, wanted: str) -> ValueError:
    return ValueError(f"`{name}` is {shown(row[name]) if name in row else 'missing'}; it must be {wanted}")


def shown(value: object) -> str:
    """A value on one line, cut where it is long.

    >>> shown("two\\nlines"), shown("a" * 100)[-4:]
    ("'two\\\\nlines'", 'aaa…')
    """
    written = repr(value)
    return written if len(written) <= SHOWN_LETTERS else written[: SHOWN_LETTERS - 1] + "…"
