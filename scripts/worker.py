"""`newsieve worker`: tags what arrives on pages.raw."""

import logging.config
import os
import sys

import click

from models.errors import SettingsError
from scripts.options import broker_option, end_when_told, models_folder, models_option, settings_of, slugs_of
from streams import supervisor
from streams.logs import logging_config
from streams.settings import PREFIX

LAST_PORT = 65535


@click.command
@broker_option
@click.option("--group", metavar="NAME", help="Consumer group of the workers [NEWSIEVE_GROUP, newsieve].")
@models_option
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="[NEWSIEVE_LOG_LEVEL, info]"
)
@click.option("--metrics", metavar="[HOST:]PORT", help="Serve /metrics, /healthz and /readyz [NEWSIEVE_METRICS_PORT].")
@click.option("--supervise", type=click.IntRange(1), metavar="N", help="Run N workers, and start again those that end.")
def command(metrics: str | None, supervise: int | None, **options: object) -> None:
    """Tag what arrives on pages.raw, until SIGTERM or Ctrl-C.

    Any number of workers share the partitions of pages.raw. A worker waits for Kafka and for its topics; it leaves with
    exit code 1 when it cannot go on, so let something restart it: --supervise N does, with a process and a port for
    metrics of its own for each worker.
    """
    end_when_told()
    given = options | address(metrics)
    settings = settings_of(**given)
    slugs = slugs_of(settings)
    if supervise:
        if settings.metrics_port + supervise - 1 > LAST_PORT:
            raise SettingsError(f"--metrics {metrics}: --supervise {supervise} takes as many ports from there on")
        environ = {PREFIX + name.upper(): str(value) for name, value in given.items() if value is not None}
        served = (settings.metrics_host, settings.metrics_port) if settings.metrics_port else None
        logging.config.dictConfig(logging_config(settings.log_level, settings.log_format))
        sys.exit(supervisor.supervise(supervise, environ, served))
    from models.tagger import load_tagger  # for a worker alone: a supervisor of many stays small

    tagger = load_tagger(models_folder(settings))
    from streams import worker  # Faust is slow to import, and a refused model must be told at once

    supervisor.end_with_supervisor(os.environ)
    worker.run(settings, tagger, slugs, int(os.environ.get(supervisor.RESTARTS, "0")))


def address(metrics: str | None) -> dict[str, object]:
    """The settings that an address stands for.

    >>> address("0.0.0.0:9464"), address("9464"), address(None)
    ({'metrics_host': '0.0.0.0', 'metrics_port': '9464'}, {'metrics_host': None, 'metrics_port': '9464'}, {})
    """
    host, _, port = (metrics or "").rpartition(":")
    return {"metrics_host": host or None, "metrics_port": port} if metrics else {}
