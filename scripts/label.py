"""`newsieve label`: corrects the topic of a part."""

import asyncio
import getpass
import os
import re
import sys
from collections.abc import Iterable, Sequence

import click
import orjson

from models import store
from models.errors import SettingsError
from models.identity import ID_LETTERS
from scripts.options import broker_option, check_text, models_folder, models_option, say, settings_of, slugs_of
from streams.clock import now
from streams.delivery import Delivery
from streams.kafka_admin import wait_for_topics
from streams.kafka_topics import LABELS_TOPIC, UNCLEAR
from streams.records import Record
from streams.settings import Settings

STDIN = "-"


def you() -> str:
    """The user's name; the user's number where it has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@click.command
@click.argument("part_id", metavar="PART_ID|-")
@click.argument("topic", required=False)
@click.option("--by", default=you, show_default="you", help="Who says so.")
@broker_option
@models_option
def command(part_id: str, topic: str | None, by: str, **options: object) -> None:
    """Say that the part PART_ID (its "id") is about TOPIC; the last label of a part counts.

    TOPIC is one of the models' topics, or "unclear" for what is none of them. With - in place of both, each line of
    standard input is a PART_ID, a space and a TOPIC.
    """
    check_text("--by", by)
    settings = settings_of(**options)
    pairs = [(part_id, topic or "")] if part_id != STDIN else pairs_of(_lines())
    _check(pairs, [*slugs_of(settings), UNCLEAR])
    folder = models_folder(settings)
    versions = {name: store.version_of(store.read_card(name, folder)) for name in ("splitter", "topics")}
    said = {"by": by, "at": now(), "models": versions}
    labels = [(part, orjson.dumps({"part_id": part, "topic": about} | said)) for part, about in pairs]
    asyncio.run(deliver(settings, [Record(LABELS_TOPIC, part.encode(), label) for part, label in labels]))
    say(f"{part_id} is about {topic}" if part_id != STDIN else f"{len(pairs)} parts labelled")


def _lines() -> list[str]:
    if sys.stdin is None:
        raise SettingsError("standard input is closed; name a PART_ID and a TOPIC")
    try:
        return sys.stdin.read().split("\n")
    except UnicodeDecodeError as error:
        raise SettingsError(
            "standard input is not UTF-8; each of its lines is a PART_ID, a space and a TOPIC"
        ) from error


def pairs_of(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The id and the topic on each line that is not blank.

    >>> pairs_of(["0a sport", "", "0b  unclear"])
    [('0a', 'sport'), ('0b', 'unclear')]
    """
    found = (line.strip().partition(" ") for line in lines if line.strip())
    return [(part, about.strip()) for part, _, about in found]


def _check(pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> None:
    """Raise `SettingsError` unless all ids look like a part's, and all topics are known."""
    for part, topic in pairs:
        if not re.fullmatch(f"[0-9a-f]{{{ID_LETTERS}}}", part):
            raise SettingsError(
                f"{part!r} is no part's id: that is the {ID_LETTERS} hex digits which `subscribe` shows"
            )
        if topic not in known:
            raise SettingsError(f"no topic {topic!r}; topics are {', '.join(known)}")


async def deliver(settings: Settings, labels: Sequence[Record]) -> None:
    """Put the labels on their Kafka topic."""
    await wait_for_topics(settings, [LABELS_TOPIC], say)
    delivery = Delivery(settings, now)
    async with delivery:
        await delivery.send(labels)
