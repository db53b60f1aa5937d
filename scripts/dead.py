"""`newsieve dead`: lists dead letters, and puts them back."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.age import rfc3339
from models.errors import SLUGS
from scripts.options import broker_option, say, settings_of
from scripts.printable import printable
from streams.batching import BATCH_BYTES
from streams.clock import now
from streams.deadletters import DeadLetter, Mark, letters
from streams.delivery import Delivery
from streams.settings import Settings

BATCH_LETTERS = 100
SHOWN_BYTES = 60
"""How much of a dead page is shown in a row."""

AS_LOGGED = re.compile(r"(.+)\[(\d+)\]@(\d+)")

Chosen = Callable[[DeadLetter], bool]


@click.command
@click.argument("sources", nargs=-1, metavar="[SOURCE…]")
@broker_option
@click.option("--error", type=click.Choice(SLUGS), help="Only letters that died of this.")
@click.option("--replay", is_flag=True, help="Put them back on pages.raw.")
@click.option("--all", "of_all", is_flag=True, help="Also those that were put back already.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines on a terminal too.")
def command(
    sources: tuple[str, ...], error: str | None, replay: bool, of_all: bool, as_json: bool, **options: object
) -> None:
    """List dead letters, or put them back on pages.raw as they came.

    SOURCE is where a page came from: topic/partition/offset as listed, or topic[partition]@offset as logged. Only
    letters that were not put back yet are listed or put back, unless they are named by SOURCE, or --all is given. A
    page that dies again is a new letter, with one attempt more. Two --replay at once, or one that is killed, may put
    some back twice.
    """
    settings = settings_of(**options)
    sources = tuple(map(as_source, sources))
    again, unknown = bool(sources) or of_all, set(sources)

    def chosen(letter: DeadLetter) -> bool:
        unknown.discard(letter.source)
        return (not sources or letter.source in sources) and (not error or letter.error == error)

    count = refused = 0
    if replay:
        count, refused = asyncio.run(put_back(settings, chosen, again, some=bool(sources or error)))
        say(f"{count} pages put back on pages.raw")
    else:
        asyncio.run(list_letters(settings, chosen, again, as_json or not sys.stdout.isatty()))
    for source in sorted(unknown):
        say(f"no dead letter of {printable(source)}; `newsieve dead` lists those that there are")
    sys.exit(1 if unknown or refused or (replay and sources and not count) else 0)


async def list_letters(settings: Settings, chosen: Chosen, again: bool, as_json: bool) -> None:
    """Print the chosen letters, and of each whether it was put back; unless `again`, those that were not.

    Of each only its row is kept: letters may be large, and many.
    """
    rows = table()
    async with Mark(settings) as mark:
        async for letter in letters(settings):
            if not chosen(letter):
                continue
            passed = letter.is_whole and await mark.passed(letter.letter)
            if passed and not again:
                continue
            if as_json:
                sys.stdout.write(orjson.dumps(fields(letter, passed)).decode() + "\n")
            else:
                rows.add_row(*map(Text, cells(letter, passed)))
    if not as_json:
        Console().print(rows if rows.row_count else "no dead letters")


async def put_back(settings: Settings, chosen: Chosen, again: bool, some: bool) -> tuple[int, int]:
    """Deliver the chosen letters to pages.raw; unless `again`, those not put back before.

    Returns how many were delivered, and how many refused. Where the choice is of `some`, these are noted one by one.
    """
    count = refused = forgotten = 0
    delivery = Delivery(settings, now)
    async with delivery, Mark(settings) as mark:
        async for found in in_batches(letters(settings)):
            due = [letter for letter in found if chosen(letter) and (again or not await mark.passed(letter.letter))]
            batch = whole(due)
            too_large = await delivery.send([letter.replay() for letter in batch])
            for index in sorted(too_large):
                say(f"{batch[index].source} is larger than pages.raw takes; raise its max.message.bytes")
            replayed = [letter.letter for index, letter in enumerate(batch) if index not in too_large]
            count, refused = count + len(replayed), refused + len(too_large)
            if some or refused:  # else what was refused would be passed over
                forgotten += await mark.add(replayed)
            else:
                await mark.move(replayed)
    if forgotten:
        say(f"{forgotten} of them are too many to remember one by one: --replay alone would put them back again")
    return count, refused


def whole(due: list[DeadLetter]) -> list[DeadLetter]:
    """Those letters that hold their page; says of the others what to do."""
    for letter in due:
        if not letter.is_whole:
            say(f"{letter.source} was too large to be kept: feed it again from where it came")
    return [letter for letter in due if letter.is_whole]


def as_source(name: str) -> str:
    """A record's place as letters have it.

    >>> as_source("pages.raw[6]@40"), as_source("pages.raw/6/40")
    ('pages.raw/6/40', 'pages.raw/6/40')
    """
    logged = AS_LOGGED.fullmatch(name)
    return "/".join(logged.groups()) if logged else name


async def in_batches(found: AsyncIterator[DeadLetter]) -> AsyncIterator[list[DeadLetter]]:
    """Letters in lists of a bounded size."""
    batch: list[DeadLetter] = []
    async for letter in found:
        batch.append(letter)
        if sum(len(letter.letter.value or b"") for letter in batch) > BATCH_BYTES or len(batch) == BATCH_LETTERS:
            yield batch
            batch = []
    yield batch


def fields(letter: DeadLetter, replayed: bool) -> dict[str, object]:
    """A letter as JSON values; the page itself stays in Kafka."""
    return {
        "source": letter.source,
        "error": letter.error,
        "detail": letter.detail,
        "at": moment(letter.at_ms),
        "key": None if letter.letter.key is None else letter.letter.key.decode("utf8", "replace"),
        "bytes": len(letter.letter.value or b""),
        "attempts": letter.attempts,
        "replayed": replayed,
    }


def moment(at_ms: int) -> str | None:
    """When that was; None where a record says what no calendar has.

    >>> moment(0), moment(-62_135_596_800_001)
    ('1970-01-01T00:00:00Z', None)
    """
    try:
        return rfc3339(datetime.fromtimestamp(at_ms / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def table() -> Table:
    """A table for letters, with no row yet."""
    shown = Table(box=None, header_style="bold")
    for heading in ("source", "error", "detail", "attempts", "put back", "page"):
        shown.add_column(heading, overflow="fold")
    return shown


def cells(letter: DeadLetter, replayed: bool) -> tuple[str, ...]:
    """A letter for a person; control characters of a page show as escapes."""
    start = repr((letter.letter.value or b"")[:SHOWN_BYTES])[2:-1]
    words = map(printable, (letter.source, letter.error, letter.detail))
    return (*words, str(letter.attempts), "yes" if replayed else "", start)
