"""The sample pages' labels, made by hand, and how much of what the models say agrees with them."""

from collections import Counter
from pathlib import Path
from typing import Any

from models import corpus
from models.labelled import LabelledPage
from models.page import Page, Role, lines_of
from models.topics.taxonomy import UNCLEAR

FOLDER = Path(__file__).parent

ROLE_OF_FIELD = {"headline": Role.HEADLINE, "dek": Role.DEK, "text": Role.STORY, "captions": Role.CAPTION}
"""Role of the lines of a story's field; those not named hold meta lines."""

FIELD_OF_LABEL = {"title": "headline", "blurb": "text", "age": "age", "meta": "meta"}
"""What the labels call a teaser's fields → what the record calls them."""

Parts = list[dict[str, Any]]
Lines = dict[str, list[int]]


def read_labels() -> dict[str, LabelledPage]:
    """Labelled pages by the name of their sample."""
    return {page.id: page for page in corpus.gold_pages(FOLDER / "labels.jsonl")}


def right(label: LabelledPage, page: Page, parts: Parts) -> Counter[str]:
    """How many lines, teasers, stories and topics of a page are right, and how many there are (`… of`)."""
    numbers = [line.number for line in lines_of(page.text)]
    counts: Counter[str] = Counter()
    found, teasers = roles_of(parts), [part for part in parts if part["kind"] == "teaser"]
    for number, line in zip(numbers, label.lines, strict=True):
        count(counts, "lines", found.get(number, Role.BOILERPLATE) == line.role)
    for key, lines in true_teasers(label, numbers).items():
        part = next((part for part in teasers if content(part["lines"]) == content(lines)), None)
        count(counts, "teasers", part is not None)
        count_topic(counts, "teaser topics", label, part, label.teaser_topics[key])
    if label.story_topics:
        story = next((part for part in parts if part["kind"] == "story"), None)
        body = [number for number, line in zip(numbers, label.lines, strict=True) if line.role is Role.STORY]
        count(counts, "stories", story is not None and story["lines"].get("text") == body)
        count_topic(counts, "story topics", label, story, label.story_topics)
    return counts


def roles_of(parts: Parts) -> dict[int, Role]:
    """Line number → role, of all lines that a part claims."""
    return {
        number: Role.TEASER if part["kind"] == "teaser" else ROLE_OF_FIELD.get(field, Role.META)
        for part in parts
        for field, numbers in part["lines"].items()
        for number in numbers
    }


def true_teasers(label: LabelledPage, numbers: list[int]) -> dict[int, Lines]:
    """Number of each labelled teaser → the page lines of its fields."""
    teasers: dict[int, Lines] = {}
    for number, line in zip(numbers, label.lines, strict=True):
        if line.teaser is not None and line.field is not None:
            teasers.setdefault(line.teaser, {}).setdefault(FIELD_OF_LABEL[line.field], []).append(number)
    return teasers


def content(lines: Lines) -> Lines:
    """Fields that a teaser must have on the right lines to be right: all but `meta`, which is no one's text."""
    return {field: numbers for field, numbers in lines.items() if field != "meta" and numbers}


def count(counts: Counter[str], what: str, is_right: bool) -> None:
    """Add one to what there is, and to what is right where it is."""
    counts[f"{what} of"] += 1
    counts[what] += is_right


def count_topic(
    counts: Counter[str], what: str, label: LabelledPage, part: dict[str, Any] | None, accepted: tuple[str, ...]
) -> None:
    """A topic is right when it is one that an editor would accept; only English pages have topics."""
    if label.language == "en":
        best = [guess["topic"] for guess in part["topics"][:1]] if part else []
        told = [part["topic"]] if part and accepted[0] == UNCLEAR else best
        count(counts, what, bool(told) and told[0] in accepted)
