"""`newsieve topics`: makes the Kafka topics."""

import asyncio

import click

from models.errors import SettingsError
from scripts.options import broker_option, models_option, say, settings_of, slugs_of
from streams import kafka_admin, kafka_topics
from streams.settings import Settings

MOST_DAYS = 36_500


@click.group
def command() -> None:
    """Make the Kafka topics."""


@command.command
@broker_option
@models_option
@click.option("--partitions", type=click.IntRange(1), default=8, show_default=True, help="Of pages.raw: most workers.")
@click.option("--replication", type=click.IntRange(1), default=1, show_default=True, help="Copies of each partition.")
@click.option("--retention-days", type=click.FloatRange(0, min_open=True), default=7, show_default=True)
def create(partitions: int, replication: int, retention_days: float, **options: object) -> None:
    """Make the Kafka topics that are missing, once Kafka answers; those that exist stay as they are."""
    settings = settings_of(**options)
    if not retention_days <= MOST_DAYS:
        raise SettingsError(f"--retention-days {retention_days:g}: {MOST_DAYS} days are the most")
    wanted = kafka_topics.kafka_topics(slugs_of(settings), partitions, retention_days)
    made = asyncio.run(_create(settings, wanted, replication))
    for name in made:
        click.echo(name)
    there = len(wanted) - len(made)
    say(f"{len(made)} Kafka topics made" + (f"; {there} were there and stay as they are" if there else ""))


async def _create(settings: Settings, wanted: list[kafka_topics.KafkaTopic], replication: int) -> list[str]:
    await kafka_admin.wait_for_topics(settings, [], say)
    async with kafka_admin.admin_of(settings) as admin:
        return await kafka_admin.create(admin, wanted, replication)
