"""`newsieve evaluate`: says how good the models are, on labelled pages and texts."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models import store
from models.errors import CorpusError
from models.labelled import LabelledText
from models.page import Verdict
from scripts import classify, scores_of_splitter, scores_of_topics
from scripts.options import SEEDS, Screen, models_folder, models_option, say, settings_of, talk
from scripts.printable import printable
from scripts.tables import count

BESIDE_THE_CHECKOUT = Path("../shared/data")

corpus_option = click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    default=BESIDE_THE_CHECKOUT,
    show_default=True,
    help="Folder of labelled data, or one JSONL of its rows.",
)
worst_option = click.option(
    "--worst", type=click.IntRange(min=0), default=0, metavar="N", help="Show the N worst pages, or mistakes, too."
)
folds_option = click.option(
    "--folds",
    type=click.IntRange(min=0),
    default=0,
    metavar="K",
    help="Cross-validate by publisher too: train K times on the corpus, each time without a K-th of the publishers.",
)
seed_option = click.option("--seed", type=SEEDS, default=0, show_default=True, help="Of folds and of training in them.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")


@click.group
def command() -> None:
    """Say how good the models are, on labelled pages and texts of publishers they have not seen."""


@command.command
@corpus_option
@models_option
@worst_option
@folds_option
@seed_option
@json_option
def splitter(corpus: Path, models: Path | None, worst: int, folds: int, seed: int, as_json: bool) -> None:
    """Measure the splitter: the role of each line, the words of stories, whether each teaser is one item.

    On gold-pages-dev of the corpus; on pages/dev the text of stories, by the style in which HTML was made into lines.
    """
    from models.splitter.evaluate import worst_pages
    from models.splitter.measure import cross_validate, measure

    check(corpus, folds)
    model, _ = store.load("splitter", models_folder(settings_of(models=models)))
    with talk.status("splitting the corpus …"):
        measured = measure(corpus, model)
    found = dict(measured.figures)
    if folds:
        found["cross_validation"] = tracked(folds, lambda *steps: cross_validate(corpus, model, folds, seed, *steps))
    pages = worst_pages(measured.pages, measured.splits, worst)
    show(
        found | ({"worst": [scores_of_splitter.page_fields(page) for page in pages]} if worst else {}),
        [*scores_of_splitter.tables(found), *map(scores_of_splitter.page_block, pages)],
        as_json,
    )


@command.command
@corpus_option
@models_option
@worst_option
@folds_option
@click.option(
    "--leave-source-out",
    is_flag=True,
    help="With --folds: leave out texts, and the labelled texts of each large collection, in turn, too, "
    "and say what the latter costs.",
)
@seed_option
@json_option
def topics(
    corpus: Path, models: Path | None, worst: int, folds: int, leave_source_out: bool, seed: int, as_json: bool
) -> None:
    """Measure the topics of the true teasers and stories of gold-pages-dev, and of the headlines of topics/modern-dev.

    Each text is classified as `newsieve classify` would: by itself, its language detected. Labels that are no topics of
    the model are named, and the texts that have one in the first place left out.
    """
    from models.topics.measure import measure

    check(corpus, folds)
    if leave_source_out and not folds:
        raise click.UsageError("--leave-source-out needs --folds: the drop is against leaving out publishers alone")
    classifier, card = store.load("topics", models_folder(settings_of(models=models)))
    with talk.status("classifying the corpus …"):
        measured = measure(corpus, lambda texts: verdicts(texts, classifier))
    sets, unknown = of_known_topics(corpus, measured, card["topics"])
    found: dict[str, Any] = {name: one.figures() for name, one in sets.items()}
    found |= {"unknown_labels": unknown} if unknown else {}
    if folds:
        found["cross_validation"] = unseen(corpus, classifier.taxonomy, folds, leave_source_out, seed)
    mistakes = {name: one.worst(worst) for name, one in sets.items()}
    show(
        found | ({"worst": scores_of_topics.mistake_fields(mistakes)} if worst else {}),
        [*scores_of_topics.tables(found, corpus), *(scores_of_topics.mistakes_tables(mistakes) if worst else ())],
        as_json,
    )


def of_known_topics(corpus: Path, sets: dict[str, Any], known: Sequence[str]) -> tuple[dict[str, Any], dict[str, int]]:
    """The sets without texts of other topics than `known`, and how many texts bear each other label, which is said.

    Raises `CorpusError` when no text is left.
    """
    from models.topics.measure import unknown_labels

    unknown = unknown_labels((text for measured in sets.values() for text in measured.texts), known)
    parts = {name: measured.of_topics(known) for name, measured in sets.items()}
    kept = {name: part for name, part in parts.items() if part.texts}
    if unknown:
        named = ", ".join(f"{printable(label)} ({count(texts, 'text')})" for label, texts in unknown.items())
        if not kept:
            raise CorpusError(f"{corpus}: no text is of a topic that the model knows; it knows no {named}")
        left_out = sum(len(sets[name].texts) - len(part.texts) for name, part in parts.items())
        say(f"the model knows no {named}; left out, as this is their primary topic: {count(left_out, 'text')}")
    return kept, unknown


def verdicts(texts: Sequence[LabelledText], classifier: Any) -> list[Verdict]:
    """What `newsieve classify` says of the texts."""
    rows = [{"kind": text.kind, "headline": text.headline, "text": text.text} for text in texts]
    return list(classify.verdicts(rows, classifier))


def unseen(corpus: Path, taxonomy: Any, folds: int, leave_source_out: bool, seed: int) -> dict[str, Any]:
    """Figures of texts by classifiers that have not seen their publishers and, if wanted, their collections."""
    from models.topics import crossvalidation

    curriculum = crossvalidation.read_curriculum(corpus, taxonomy)
    publishers = crossvalidation.publishers_of(curriculum, folds)
    collections = crossvalidation.collections_of(curriculum) if leave_source_out else []

    def said(groups: Sequence[str], times: int, left_out: str) -> Sequence[Verdict]:
        with talk.status(
            f"training {times + 1} classifiers, {left_out} left out in turn; each takes a minute or two …"
        ):
            return curriculum.unseen(groups, times, seed)

    seen = said(publishers, folds, "publishers")
    found = {"folds": folds, "seed": seed, **crossvalidation.by_publisher(corpus, curriculum, seen)}
    if leave_source_out:
        texts = said([str(number) for number in range(len(publishers))], folds, "texts")
        left_out = said(collections, len(set(collections)), "collections")
        found["leave_source_out"] = crossvalidation.source_drop(curriculum, collections, texts, seen, left_out)
    return found


def check(corpus: Path, folds: int) -> None:
    """Refuse what cannot be evaluated, before a model is loaded."""
    if folds == 1:
        raise click.UsageError("--folds needs 2 or more: one fold leaves nothing to learn from")
    if not corpus.exists():
        raise CorpusError(f"{corpus}: no such corpus; name a folder of labelled data, or a JSONL of it, with --corpus")


def tracked(steps: int, work: Callable[[Callable[[str], None], Callable[[], None]], dict[str, Any]]) -> dict[str, Any]:
    """What `work` returns; meanwhile a bar on stderr shows its steps and what it says."""
    columns = (
        TextColumn("fold"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=talk, disable=not talk.is_terminal) as bar:
        task = bar.add_task("", total=steps, said="")
        return work(lambda said: bar.update(task, said=said), lambda: bar.advance(task))


def show(found: dict[str, Any], blocks: Sequence[RenderableType], as_json: bool) -> None:
    """Print the figures as one JSON object, or as tables."""
    if as_json:
        sys.stdout.write(orjson.dumps(found).decode() + "\n")
    else:
        screen = Screen(highlight=False)
        for block in blocks:
            screen.print(block)
