"""The command `newsieve`: finds the verb, imports it alone, and turns errors into one line and an exit code."""

import importlib
import io
import logging.config
import os
import sys
from typing import Any, TextIO

import click

from models.errors import ArtifactError, CorpusError, NewsieveError, SettingsError
from streams.logs import logging_config
from streams.settings import misnamed
from streams.supervisor import SUPERVISOR

logger = logging.getLogger("newsieve")

VERBS = {
    "demo": "Start Kafka, a worker and a subscriber, and watch sample pages come out as tagged parts.",
    "tag": "Split and tag page texts, without Kafka.",
    "classify": "Tell the topics of headlines and texts, without Kafka.",
    "broker": "Start and stop a real Kafka on this machine.",
    "topics": "Make the Kafka topics.",
    "worker": "Tag what arrives on pages.raw, until stopped.",
    "feed": "Put pages on pages.raw.",
    "subscribe": "Print parts as they come.",
    "dead": "List dead letters, and put them back.",
    "label": "Correct the topic of a part.",
    "export": "Write pages, parts and labels from Kafka as a corpus to train on.",
    "train": "Train the models from a corpus.",
    "evaluate": "Say how good the models are, on labelled pages and texts.",
}


class Verbs(click.Group):
    """A group whose commands are modules, imported when they are called: `tag` must not wait for Faust."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order in which a new user meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"scripts.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb, after a word on variables that nobody reads.

        That the reader of our output has enough is no failure; click would make exit code 1 of it.
        """
        if SUPERVISOR not in os.environ:  # which said so already
            for line in misnamed(os.environ):
                logger.warning(line)
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with a line each, without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="newsieve", message="%(prog)s %(version)s")
def command() -> None:
    """Split news pages into their story and teasers, and tag each by topic."""


def main() -> None:
    """Run the command line: exit code 0 when done, 1 when something failed, 2 on wrong use."""
    _speak_utf8(sys.stdout)
    _speak_utf8(sys.stderr)
    logging.config.dictConfig(logging_config("info", _form()))
    try:
        command(prog_name="newsieve", standalone_mode=True)
    except (ArtifactError, CorpusError, SettingsError) as error:  # what was given cannot be used as it is
        _leave(error, 2)
    except (NewsieveError, OSError) as error:
        _leave(error, 1)


def _speak_utf8(stream: TextIO) -> None:
    """JSON lines are UTF-8 whatever the locale; a terminal shows what it can."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=None if stream.isatty() else "utf8", errors="replace")


def _form() -> str:
    """How to log until the settings are read, which refuse what is neither."""
    return "json" if os.environ.get("NEWSIEVE_LOG_FORMAT", "").strip().lower() == "json" else "text"


def _leave(error: Exception, code: int) -> None:
    if _form() == "json":
        logger.critical("%s", error)
    else:
        print(f"newsieve: {error}", file=sys.stderr)
    sys.exit(code)
