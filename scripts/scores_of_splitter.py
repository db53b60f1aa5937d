"""Figures of the splitter as tables of 80 columns, and the pages it got most wrong, line by line.

All text of pages goes through `printable`, and into rich as `Text`, where square brackets are no markup.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from models.splitter.evaluate import JudgedPage
from scripts.printable import printable
from scripts.tables import Cell, cell, count, heading, table

Figures = Mapping[str, Any]

ROLE_STYLES = {
    "headline": "bold cyan",
    "dek": "cyan",
    "meta": "magenta",
    "story": "green",
    "caption": "yellow",
    "teaser": "dodger_blue1",
    "boilerplate": "bright_black",
}

SUMMARY = {
    "role_accuracy": ("roles", "lines of the right role"),
    "role_macro_f1": ("", "mean F1 of the seven roles"),
    "story_word_f1": ("story", "words of the story, F1"),
    "inside_story_rejection": ("inside", "lines inside the story, not of it, kept out"),
    "outside_story_rejection": ("", "lines around the story, kept out"),
    "headline_exact": ("head", "headline exact"),
    "teaser_item_f1": ("items", "teasers found, F1"),
    "teaser_item_precision": ("", "teasers found, precision"),
    "teaser_item_recall": ("", "teasers found, recall"),
    "teaser_exact_of_gold": ("exact", "teasers with every line on its field"),
}
"""Figure → its short name, where it heads a column of the tables of groups, and what it says."""

CONTEXT_LINES = 2  # shown on either side of a wrong line; what lies further off and is right is counted
LINE_LETTERS = 400  # of a line of a page; a terminal's line cuts it before, a wide one shows a paragraph's start


def tables(found: Figures) -> Iterator[RenderableType]:
    """All figures: a summary, by role, confusion, by source and by language, and text of stories by style."""
    labelled = found["labelled"]
    yield heading(f"{count(labelled['pages'], 'labelled page')}, {count(labelled['lines'], 'line')}")
    yield _summary(found)
    yield heading("By role")
    yield _by_role(labelled)
    yield heading("Lines of each role (rows), and what they were taken for")
    yield _confusion(labelled["confusion"])
    for name in ("source", "language"):
        yield heading(f"By {name}")
        yield _by_group(found[f"by_{name}"], name)
    if found["stories"]:
        yield heading("Text of the story, runs of four words, by how HTML was made into lines")
        yield _stories(found["stories"])


def page_block(judged: JudgedPage) -> RenderableType:
    """A page's wrong lines among their neighbours: number, labelled role, found role where another, and text."""
    page = judged.page
    wrong = f"{judged.wrong} of {count(len(page.lines), 'line')} wrong"
    name = Text(f"{wrong}  {printable(page.id)}", style="bold", no_wrap=True, overflow="ellipsis")
    source = Text(printable(f"{page.source}  {page.url}"), style="bright_black", no_wrap=True, overflow="ellipsis")
    return Group(Text(), Rule(style="bright_black"), name, source, _lines(judged))


def page_fields(judged: JudgedPage) -> dict[str, Any]:
    """A page with its wrong lines, for JSON: `line` counts from 1 among the labelled lines."""
    rows = zip(judged.page.lines, judged.found, strict=True)
    wrong = [
        {"line": number, "labelled": line.role.value, "found": found, "text": line.text}
        for number, (line, found) in enumerate(rows, 1)
        if line.role.value != found
    ]
    return {"id": judged.page.id, "source": judged.page.source, "lines": len(judged.page.lines), "wrong": wrong}


def _summary(found: Figures) -> Table:
    columns = {"all": found["labelled"], "English": found["english"]}
    folds = found.get("cross_validation")
    if folds:
        columns[f"{folds['folds']} folds"] = folds
    rows: list[list[Cell]] = [
        [short, said, *(cell(f[name]) for f in columns.values())] for name, (short, said) in SUMMARY.items()
    ]
    none = ["/".join(map(str, figures["no_story_pages_right"])) for figures in columns.values()]
    rows.append(["", "pages without a story, seen as such", *none])
    made = "/".join(map(str, found["listings_right"]))
    rows.append(["", "listings made of them, no story seen", made, *[""] * (len(columns) - 1)])
    rows.append(["", "pages", *(str(figures["pages"]) for figures in columns.values())])
    return table(["", "", *columns], rows, texts=2)


def _by_role(labelled: Figures) -> Table:
    names = ("role_precision", "role_recall", "role_f1", "role_lines")
    rows: list[list[Cell]] = [[_role(role), *(cell(labelled[name][role]) for name in names)] for role in ROLE_STYLES]
    return table(["role", "precision", "recall", "F1", "lines"], rows)


def _confusion(confusion: Mapping[str, Mapping[str, int]]) -> Table:
    rows: list[list[Cell]] = [
        [_role(role), *(cell(confusion[role].get(other), strong=role == other) for other in ROLE_STYLES)]
        for role in ROLE_STYLES
    ]
    return table(["", *(Text(role[:8], style=style) for role, style in ROLE_STYLES.items())], rows)


def _by_group(groups: Mapping[str, Figures], name: str) -> Table:
    shown = {figure: short for figure, (short, _) in SUMMARY.items() if short}
    most_first = sorted(groups, key=lambda group: -groups[group]["pages"])
    rows: list[list[Cell]] = [
        [Text(printable(group)), cell(groups[group]["pages"]), *(cell(groups[group][figure]) for figure in shown)]
        for group in most_first
    ]
    return table([name, "pages", *shown.values()], rows)


def _stories(stories: Figures) -> Table:
    rows: list[list[Cell]] = [
        [style, *(cell(figures[name]) for name in ("precision", "recall", "f1", "pages"))]
        for style, figures in {**stories["by_style"], "all": stories["all"]}.items()
    ]
    gap: list[Cell] = ["best style less worst", "", "", cell(stories["style_gap"]), ""]
    return table(["style", "precision", "recall", "F1", "pages"], [*rows, gap])


def _role(role: str) -> Text:
    return Text(role, style=ROLE_STYLES[role])


def _lines(judged: JudgedPage) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    for justify in ("right", "left", "left", "left"):
        grid.add_column(justify=justify, no_wrap=True, overflow="ellipsis")
    grid.columns[-1].ratio = 1
    skipped = 0
    for number, near in enumerate(_near_mistakes(judged)):
        if near and skipped:
            grid.add_row("", "", Text(f"… {skipped} right", style="bright_black"), "")
        skipped = 0 if near else skipped + 1
        if near:
            grid.add_row(*_line(judged, number))
    if skipped:
        grid.add_row("", "", Text(f"… {skipped} right", style="bright_black"), "")
    return grid


def _line(judged: JudgedPage, number: int) -> Sequence[RenderableType]:
    line, found = judged.page.lines[number], judged.found[number]
    wrong = line.role.value != found
    roles = Text(" → ").join([_role(line.role.value), *([_role(found)] if wrong else [])])
    text = Text(printable(line.text, LINE_LETTERS), style=ROLE_STYLES[line.role.value])
    return Text(str(number + 1), style="bright_black"), Text("✗" if wrong else " ", style="bold red"), roles, text


def _near_mistakes(judged: JudgedPage) -> list[bool]:
    wrong = [line.role.value != found for line, found in zip(judged.page.lines, judged.found, strict=True)]
    return [any(wrong[max(0, n - CONTEXT_LINES) : n + CONTEXT_LINES + 1]) for n in range(len(wrong))]
