"""The figures that have a floor, of the shipped models, as `newsieve evaluate` computes them."""

from pathlib import Path
from typing import Any

from boilerplate_lines import share_unchanged

from models import corpus as corpora
from models import store
from models.splitter.measure import measure as measure_splitter
from models.topics.measure import measure as measure_topics
from scripts.evaluate import verdicts

SPLITTER = (
    "role_accuracy", "role_macro_f1", "story_word_f1", "inside_story_rejection", "headline_exact", "teaser_item_f1",
    "teaser_exact_of_gold",
)  # fmt: skip
TOPICS = ("accept", "strict", "ece", "coverage_at_90_percent_precision")
LABELS = Path(__file__).parents[1] / "golden" / "labels.jsonl"
"""The project's own sample pages, labelled by hand."""


def of_samples() -> tuple[dict[str, float], dict[str, str]]:
    """Figures on the sample pages, and their digest."""
    splitter, classifier = (store.load(name)[0] for name in ("splitter", "topics"))
    found = named("samples", splitter_figures(LABELS, splitter) | topic_figures(LABELS, classifier, ("accept",)))
    return found, {"samples": corpora.digest(corpora.rows_of(LABELS, ""))}


def of_shared(folder: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Figures on the dev files of the folder of labelled data, and the digest of each file."""
    splitter, classifier = (store.load(name)[0] for name in ("splitter", "topics"))
    found = named("dev", splitter_figures(folder, splitter) | topic_figures(folder, classifier, TOPICS))
    names = ("gold-pages-dev", "pages/dev", "topics/modern-dev")
    return found, {name: corpora.digest(corpora.rows_of(folder, name)) for name in names}


def named(corpus: str, figures: dict[str, float]) -> dict[str, float]:
    """The figures under the name of what they were measured on."""
    return {f"{corpus} {name}": value for name, value in figures.items()}


def splitter_figures(corpus: Path, splitter: Any) -> dict[str, float]:
    """Figures of lines, stories and teasers, and of the text of stories in each style where there are such pages."""
    measured = measure_splitter(corpus, splitter)
    figures = measured.figures
    found = {name: figures["labelled"][name] for name in SPLITTER}
    for name, (right, pages) in (
        ("no_story_pages", figures["labelled"]["no_story_pages_right"]),
        ("listings_without_a_story", figures["listings_right"]),
    ):
        found[name] = round(right / pages, 4)
    found["stories_unmoved_by_a_boilerplate_line"] = share_unchanged(measured.pages, splitter)
    stories = figures["stories"] or {"by_style": {}}
    found |= {f"stories {style} f1": scores["f1"] for style, scores in stories["by_style"].items()}
    return found | ({"stories style_gap": stories["style_gap"]} if stories["by_style"] else {})


def topic_figures(corpus: Path, classifier: Any, names: tuple[str, ...]) -> dict[str, float]:
    """Figures of the topics of each set of texts."""
    sets = measure_topics(corpus, lambda texts: verdicts(texts, classifier))
    summaries = {kind: measured.figures()["summary"] for kind, measured in sets.items()}
    return {f"topics {kind} {name}": summary[name] for kind, summary in summaries.items() for name in names}
