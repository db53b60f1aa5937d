"""Progress of long work, on stderr, where a person waits at a terminal."""

import contextlib
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scripts.options import talk
from streams.records import RawRecord


def tracked(records: Iterable[RawRecord], verb: str, total_bytes: int | None) -> Iterator[RawRecord]:
    """The records as they are; meanwhile a bar shows how many pages and bytes went through."""
    with progress(verb, total_bytes) as note:
        for record in records:
            yield record
            note(record)


@contextlib.contextmanager
def progress(verb: str, total_bytes: int | None) -> Iterator[Callable[[RawRecord], None]]:
    """A bar, and what is to be told of each record that is done.

    There is no bar where stderr is no terminal, or where the terminal shows the output itself.
    """
    if sys.stdout.isatty() or not talk.is_terminal:
        yield lambda record: None
        return
    pages = TextColumn("{task.fields[pages]} pages")
    with Progress(
        TextColumn(verb), BarColumn(), pages, TimeElapsedColumn(), TimeRemainingColumn(), console=talk
    ) as bar:
        task = bar.add_task(verb, total=total_bytes, pages=0)
        numbers = itertools.count(1)
        yield lambda record: bar.update(task, advance=len(record.value or b"") + 1, pages=next(numbers))
