"""`newsieve train`: trains the models from a corpus."""

from pathlib import Path
from typing import Any

import click

from models import store
from models.topics.taxonomy import MEDIA_TOPICS, Taxonomy
from scripts.options import say, talk

corpus_option = click.option(
    "--corpus",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Folder of labelled data, or one JSONL of its rows.",
)
to_option = click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=store.SHIPPED,
    help="Folder for the model and its card [those that come with newsieve].",
)
seed_option = click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same model.")


@click.group
def command() -> None:
    """Train the models from a corpus; a worker with NEWSIEVE_MODELS set to their folder uses them."""


@command.command
@corpus_option
@to_option
@seed_option
def splitter(corpus: Path, folder: Path, seed: int) -> None:
    """Learn to split pages, from pages whose every line is labelled."""
    from models.splitter.train import train

    with talk.status("reading the corpus …") as status:
        model, card = train(corpus, seed, status.update)
    _save("splitter", model, card, folder)


@command.command
@corpus_option
@to_option
@seed_option
@click.option(
    "--taxonomy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=MEDIA_TOPICS,
    help="Your own topics, as TOML [IPTC Media Topics' top level].",
)
def topics(corpus: Path, folder: Path, seed: int, taxonomy: Path) -> None:
    """Learn the topics of stories and teasers, from texts with topics."""
    from models.topics.train import train

    with talk.status("reading the corpus …") as status:
        model, card = train(corpus, Taxonomy.parse(taxonomy.read_text("utf8")), seed, status.update)
    _save("topics", model, card, folder)


def _save(name: str, model: object, card: dict[str, Any], folder: Path) -> None:
    card_path = store.save(name, model, card, folder)
    binary = card_path.with_suffix(".joblib")
    say(f"{binary} ({binary.stat().st_size / 1e6:.1f} MB) and its card {card_path}")
