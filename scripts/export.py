"""`newsieve export`: writes pages, parts and labels from Kafka as a corpus to train on."""

import asyncio
import contextlib
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import orjson

from scripts.options import broker_option, models_option, say, settings_of, slugs_of, talk
from streams.export import LABELLED, PAGES, UNLABELLED, UNMATCHED, rows
from streams.kafka_topics import UNCLEAR
from streams.settings import Settings

FILES = (LABELLED, UNLABELLED, UNMATCHED, PAGES)


@click.command
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write."
)
@broker_option
@models_option
def command(folder: Path, **options: object) -> None:
    """Write what Kafka still holds as a corpus to train on.

    topics/labelled.jsonl.gz holds the parts that a person gave a topic, topics/unlabelled.jsonl.gz the others, and
    topics/unmatched-labels.jsonl.gz labels of parts that are not there any more, and
    pages/machine.jsonl.gz pages whose lines are labelled as the splitter cut them: correct these by hand before a
    splitter learns from them.
    """
    settings = settings_of(**options)
    counts = asyncio.run(write(settings, [*slugs_of(settings), UNCLEAR], folder))
    for name in FILES:
        say(f"{counts[name]:8d} rows  {folder / name}.jsonl.gz")


async def write(settings: Settings, slugs: list[str], folder: Path) -> Counter[str]:
    """Write the corpus and return how many rows each file has; files appear only once they are whole."""
    counts: Counter[str] = Counter()
    with contextlib.ExitStack() as stack, talk.status("reading Kafka …") as status:
        files = {name: stack.enter_context(_whole(folder / f"{name}.jsonl.gz")) for name in FILES}
        async for name, row in rows(settings, slugs):
            files[name].write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
            counts[name] += 1
            status.update(f"{counts.total()} rows written")
    return counts


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[gzip.GzipFile]:
    """A gzip file that takes its name once it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with gzip.open(partial, "wb", compresslevel=6) as file:
            yield file
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
