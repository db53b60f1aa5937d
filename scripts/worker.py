"""`newsieve worker`: tags what arrives on pages.raw."""

import click

from models.tagger import load_tagger
from scripts.options import broker_option, models_folder, models_option, settings_of, slugs_of


@click.command
@broker_option
@click.option("--group", metavar="NAME", help="Consumer group of the workers [NEWSIEVE_GROUP, newsieve].")
@models_option
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="[NEWSIEVE_LOG_LEVEL, info]"
)
def command(**options: object) -> None:
    """Tag what arrives on pages.raw, until SIGTERM or Ctrl-C.

    Any number of workers share the partitions of pages.raw. A worker waits for Kafka and for its topics; it leaves with
    exit code 1 when delivery stays impossible, so let something restart it.
    """
    settings = settings_of(**options)
    slugs, tagger = slugs_of(settings), load_tagger(models_folder(settings))
    from streams import worker  # Faust is slow to import, and a refused model must be told at once

    worker.run(settings, tagger, slugs)
