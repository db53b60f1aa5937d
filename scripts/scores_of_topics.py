"""Figures of the topic classifier as tables of 80 columns, and its most confident mistakes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from models.labelled import LabelledText
from scripts.printable import printable
from scripts.tables import Cell, cell, heading, share, table

Figures = Mapping[str, Any]
Mistakes = Mapping[str, Sequence[tuple[LabelledText, dict[str, Any]]]]

SETS = {
    "teasers": ("true teasers of English labelled pages", "gold-pages-dev"),
    "stories": ("true stories of English labelled pages", "gold-pages-dev"),
    "headlines": ("labelled texts", "topics/modern-dev"),
}
"""Set of texts → what they are, and the file of a corpus folder that holds them."""

SUMMARY = {
    "accept": ("accept", "best guess is acceptable"),
    "strict": ("strict", "best guess is the primary topic"),
    "macro_f1": ("", "mean F1 of topics"),
    "macro_f1_of_frequent": ("", "mean F1 of topics of 15 texts or more"),
    "ece": ("ECE", "calibration error"),
    "ece_by_chance": ("", "what chance alone makes it"),
    "answered": ("", "answered, not unclear"),
    "accept_when_answered": ("", "acceptable where answered"),
    "coverage_at_90_percent_precision": ("", "most confident share, 90 % acceptable"),
    "abstained_rightly": ("", "promotion or of no topic, seen as unclear"),
    "texts": ("", "texts that have a topic"),
}
"""Figure → its short name, if it goes by one, and what it says."""

LEFT_OUT = ("text", "publisher", "collection", "drop", "texts")
CONFUSIONS = 10  # of each set; the JSON form holds twenty
HEADLINE_LETTERS = 200  # of a text's headline: two or three lines of a terminal


def tables(found: Figures, corpus: Path) -> Iterator[RenderableType]:
    """All figures of a corpus: a summary, calibration, by set topics and the commonest mistakes; folds at the end."""
    sets = {name: found[name] for name in SETS if name in found}
    folds = found.get("cross_validation")
    for name in sets:
        said, file = SETS[name]
        yield Text(f"{name}: {said}, {printable(str(corpus if corpus.is_file() else corpus / file))}")
    yield _summary({name: figures["summary"] for name, figures in sets.items()})
    yield heading("Calibration: of texts whose best guess is so sure, the share that is accepted")
    yield _calibration({name: figures["calibration"] for name, figures in sets.items()})
    for name, figures in sets.items():
        yield from _topics(f"{name.capitalize()}", figures)
    if folds:
        yield from _folds(folds)


def mistakes_tables(mistakes: Mistakes) -> Iterator[RenderableType]:
    """The most confident mistakes of each set: confidence, guess, acceptable topics, and the headline."""
    for name, rows in mistakes.items():
        yield heading(f"{name.capitalize()}: the most confident mistakes")
        for text, row in rows:
            said = f"{share(row['confidence'])} {row['guess']}, not {' or '.join(row['topics'])}"
            yield Text(printable(said))
            headline = Text(printable(text.headline or text.text, HEADLINE_LETTERS), style="bright_black")
            yield Padding(headline, (0, 0, 0, 5))


def mistake_fields(mistakes: Mistakes) -> dict[str, list[dict[str, Any]]]:
    """The most confident mistakes of each set, for JSON."""
    return {name: [row | {"headline": text.headline} for text, row in rows] for name, rows in mistakes.items()}


def _summary(columns: Mapping[str, Figures]) -> Table:
    rows: list[list[Cell]] = [
        [short, said, *(_figure(figures.get(name)) for figures in columns.values())]
        for name, (short, said) in SUMMARY.items()
    ]
    return table(["", "", *columns], rows, texts=2)


def _figure(value: Any) -> Text:
    return Text("/".join(map(str, value))) if isinstance(value, list) else cell(value)


def _calibration(columns: Mapping[str, Sequence[Mapping[str, float]]]) -> Table:
    """A row for each step of confidence in any set; for each set the texts, their mean confidence, share accepted."""
    steps = sorted({(row["from"], row["to"]) for rows in columns.values() for row in rows})
    by_step = {name: {row["from"]: row for row in rows} for name, rows in columns.items()}
    names = ("texts", "confidence", "accepted")
    rows: list[list[Cell]] = [
        [f"{low:.2f}–{high:.2f}", *(cell(by_step[name].get(low, {}).get(of)) for name in columns for of in names)]
        for low, high in steps
    ]
    return table(["sure", *(head for name in columns for head in (name, "sure", "right"))], rows)


def _topics(name: str, figures: Figures) -> Iterator[RenderableType]:
    columns = ("precision", "recall", "f1", "texts")
    topics: list[list[Cell]] = [
        [slug, *(cell(row[of]) for of in columns)] for slug, row in figures["per_topic"].items()
    ]
    yield heading(f"{name} by topic")
    yield table(["topic", "precision", "recall", "F1", "texts"], topics)
    yield heading(f"{name}: commonest mistakes")
    mistakes = [[wanted, said, str(texts)] for wanted, said, texts in figures["confusion"][:CONFUSIONS]]
    yield table(["topic", "taken for", "texts"], mistakes, texts=2)


def _folds(folds: Figures) -> Iterator[RenderableType]:
    kinds = {name: folds[name]["summary"] for name in ("all", "teaser", "story")}
    yield heading(f"Labelled texts by models that had not seen their publisher, {folds['folds']} folds")
    yield _summary(kinds)
    yield from _topics("Folds", folds["all"])
    drop = folds.get("leave_source_out")
    if drop:
        yield heading("Acceptable, by what was left out of training")
        rows = [
            [Text(printable(name)), *(cell(row[of]) for of in LEFT_OUT)]
            for name, row in {**drop["by_source"], "all": drop["all"]}.items()
        ]
        yield table(["texts of", *LEFT_OUT], rows)
