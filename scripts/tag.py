"""`newsieve tag`: page files in, parts out, without Kafka."""

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import click
import orjson
from rich.console import Console

from models.errors import PageError
from models.tagger import load_tagger
from scripts import render, sources
from scripts.options import models_folder, models_option, say, settings_of
from scripts.printable import printable
from scripts.progress import tracked
from streams.clock import now
from streams.outcomes import Result, results_of
from streams.records import RawRecord, part_fields

Row = TypeVar("Row")

BATCH_PAGES = 64
"""Pages tagged together: enough for the models to work in bulk, few enough to see progress."""


@click.command
@click.argument("files", nargs=-1, metavar="[FILE…|-]")
@models_option
@click.option("--url", help="URL of a page that is plain text [its file URI].")
@click.option("--json", "as_json", is_flag=True, help="JSON lines on a terminal too.")
def command(files: tuple[str, ...], url: str | None, as_json: bool, **options: object) -> None:
    """Split and tag page texts.

    FILE is a page's text, or .jsonl of pages ({"url", "text", "id"?, "fetched_at"?}); - or nothing is standard input.
    Prints one part per line as JSON, the story first, then teasers in page order; on a terminal, for reading. A page
    that cannot be tagged becomes an error record on stderr, a file that cannot be read a line of it, the rest goes on,
    and the exit code is 1.
    """
    settings = settings_of(**options)
    tagger = load_tagger(models_folder(settings))
    readable = sys.stdout.isatty() and not as_json
    names = files or (sources.STDIN,)
    failed = found = False
    unread: list[str] = []
    pages = sources.raw_records(names, url, unread)
    for batch in batched(tracked(pages, "tagging", sources.count_bytes(names)), BATCH_PAGES):
        for result in results_of(batch, tagger, settings.max_page_bytes):
            failed, found = failed | show(result, readable), True
    if not found and not unread:
        say("no page in " + ", ".join(names))
    sys.exit(1 if failed or unread else 0)


def show(result: Result, readable: bool) -> bool:
    """Print the parts of a page, or its error; returns whether it failed."""
    if isinstance(result.page, PageError):
        print_error(result.raw, result.page)
        return True
    parts = [part_fields(part, now()) for part in result.parts]
    if readable:
        Console().print(
            render.page_panel(parts) if parts else f"{printable(result.page.url)}: no story and no teaser", markup=False
        )
    else:
        sys.stdout.write("".join(orjson.dumps(part).decode() + "\n" for part in parts))
    return False


def print_error(raw: RawRecord, error: PageError) -> None:
    """One JSON line on stderr that says which page failed and why."""
    fields = {"error": error.slug, "detail": error.detail, "source": raw.source, "page_id": error.page_id}
    print(orjson.dumps(fields).decode(), file=sys.stderr)


def batched(rows: Iterable[Row], size: int) -> Iterator[Sequence[Row]]:
    """Lists of up to `size` rows."""
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
