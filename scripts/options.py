"""Options and settings that several verbs share."""

import dataclasses
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from models.errors import SettingsError
from streams.settings import Settings

talk = Console(stderr=True, highlight=False, soft_wrap=True)
"""Where everything is said that is not data."""


class Screen(Console):
    """Where data is shown for people, or in a pipe whose reader may leave before the end."""

    def on_broken_pipe(self) -> None:
        """Leave it to the command line, as with all other output; rich would end with exit code 1."""
        raise BrokenPipeError


broker_option = click.option("--broker", metavar="HOST:PORT", help="Kafka's address [NEWSIEVE_BROKER, localhost:9092].")
models_option = click.option(
    "--models",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the models [NEWSIEVE_MODELS; those that come with newsieve].",
)

SEEDS = click.IntRange(0, 2**32 - 1)
"""What numpy and scikit-learn take as a seed."""


def settings_of(**given: Any) -> Settings:
    """Settings of the environment, with those options on top that were given; raises `SettingsError`."""
    named = {name.upper(): str(value) for name, value in given.items() if value is not None}
    return Settings.from_env({**os.environ, **{f"NEWSIEVE_{name}": value for name, value in named.items()}})


def check_text(option: str, given: str) -> None:
    """Raise `SettingsError` when what was given for an option has bytes that are not UTF-8."""
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise SettingsError(f"{option} {given!r} is not UTF-8") from error


def models_folder(settings: Settings) -> Path:
    """Folder of the artifacts in use."""
    from models import store  # brings scikit-learn, which most verbs have no use for

    return settings.models or store.SHIPPED


def slugs_of(settings: Settings) -> list[str]:
    """News topics of the models in use, as their card lists them; raises `ArtifactError`."""
    from models import store

    return [str(slug) for slug in store.read_card("topics", models_folder(settings))["topics"]]


def end_when_told() -> None:
    """Have SIGTERM and Ctrl-C end the process with exit code 0, for as long as there is nothing to put in order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def say(message: str) -> None:
    """One line of talk, as it is."""
    talk.print(message, markup=False)


def replaced(settings: Settings, **changes: Any) -> Settings:
    """The settings with some of them changed."""
    return dataclasses.replace(settings, **changes)
