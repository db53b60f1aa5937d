"""`newsieve label`: corrects the topic of a part."""

import asyncio
import getpass
import re

import click
import orjson

from models import store
from models.errors import SettingsError
from models.identity import ID_LETTERS
from scripts.options import broker_option, models_folder, models_option, say, settings_of, slugs_of
from streams.clock import now
from streams.delivery import Delivery
from streams.kafka_admin import wait_for_topics
from streams.kafka_topics import LABELS_TOPIC, UNCLEAR
from streams.records import Record
from streams.settings import Settings


@click.command
@click.argument("part_id")
@click.argument("topic")
@click.option("--by", default=getpass.getuser, show_default="you", help="Who says so.")
@broker_option
@models_option
def command(part_id: str, topic: str, by: str, **options: object) -> None:
    """Say that the part PART_ID (its "id") is about TOPIC; the last label of a part counts.

    TOPIC is one of the models' topics, or "unclear" for what is none of them.
    """
    settings = settings_of(**options)
    if not re.fullmatch(f"[0-9a-f]{{{ID_LETTERS}}}", part_id):
        raise SettingsError(f"{part_id!r} is no part's id: that is the {ID_LETTERS} hex digits which `subscribe` shows")
    known = [*slugs_of(settings), UNCLEAR]
    if topic not in known:
        raise SettingsError(f"no topic {topic!r}; topics are {', '.join(known)}")
    folder = models_folder(settings)
    versions = {name: store.version_of(store.read_card(name, folder)) for name in ("splitter", "topics")}
    label = {"part_id": part_id, "topic": topic, "by": by, "at": now(), "models": versions}
    asyncio.run(deliver(settings, Record(LABELS_TOPIC, part_id.encode(), orjson.dumps(label))))
    say(f"{part_id} is about {topic}")


async def deliver(settings: Settings, record: Record) -> None:
    """Put the label on its Kafka topic."""
    await wait_for_topics(settings, [LABELS_TOPIC], say)
    delivery = Delivery(settings, now)
    async with delivery:
        await delivery.send([record])
