"""Figures of the splitter against labelled pages. Pure: labels go in, numbers come out."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sklearn.metrics import confusion_matrix, f1_score

from models.corpus import LabelledPage
from models.page import Role
from models.splitter.labels import TITLES, labels_of, role_of

ROLES: tuple[str, ...] = tuple(role.value for role in Role)


def evaluate(pages: Sequence[LabelledPage], found: Sequence[Sequence[str]]) -> dict[str, Any]:
    """All figures of the labels `found` on `pages`; raises ValueError for no pages.

    `role_accuracy`, `role_macro_f1`, `role_f1` (per role), `teaser_item_f1` (items matched by the line their title
    starts on), `inside_story_rejection` (lines between the first and last paragraph that are no story and were not
    taken for story), `by_source` (role accuracy) and `confusion` (gold role → found role → lines).
    """
    if not pages:
        raise ValueError("no labelled page to evaluate on")
    gold = [line.role.value for page in pages for line in page.lines]
    guessed = [role_of(label) for labels in found for label in labels]
    per_role = f1_score(gold, guessed, labels=ROLES, average=None, zero_division=0.0)
    return {
        "pages": len(pages),
        "lines": len(gold),
        "role_accuracy": _share(sum(g == f for g, f in zip(gold, guessed, strict=True)), len(gold)),
        "role_macro_f1": round(float(per_role.mean()), 4),
        "role_f1": {role: round(float(value), 4) for role, value in zip(ROLES, per_role, strict=True)},
        "teaser_item_f1": teaser_item_f1(pages, found),
        "inside_story_rejection": inside_story_rejection(pages, found),
        "by_source": accuracy_by_source(pages, found),
        "confusion": _confusion(gold, guessed),
    }


def accuracy_by_source(pages: Sequence[LabelledPage], found: Sequence[Sequence[str]]) -> dict[str, float]:
    """Share of lines with the right role on the pages of each source."""
    right: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for page, labels in zip(pages, found, strict=True):
        right[page.source] += sum(
            line.role.value == role_of(label) for line, label in zip(page.lines, labels, strict=True)
        )
        total[page.source] += len(page.lines)
    return {source: _share(right[source], total[source]) for source in sorted(total)}


def teaser_item_f1(pages: Sequence[LabelledPage], found: Sequence[Sequence[str]]) -> float:
    """F1 of teaser items; an item counts as found when a found item starts its title on the same line."""
    counts: Counter[str] = Counter()
    for page, labels in zip(pages, found, strict=True):
        want = {i for i, label in enumerate(labels_of(page)) if label in TITLES}
        got = {i for i, label in enumerate(labels) if label in TITLES}
        counts.update(both=len(want & got), either=len(want) + len(got))
    return _share(2 * counts["both"], counts["either"])


def inside_story_rejection(pages: Sequence[LabelledPage], found: Sequence[Sequence[str]]) -> float:
    """Share of the lines inside stories that are no story (standfirsts aside) and were not taken for story."""
    rejected = total = 0
    for page, labels in zip(pages, found, strict=True):
        roles = [line.role for line in page.lines]
        paragraphs = [i for i, role in enumerate(roles) if role is Role.STORY]
        for i in range(paragraphs[0], paragraphs[-1]) if paragraphs else ():
            if roles[i] not in (Role.STORY, Role.DEK):
                total += 1
                rejected += labels[i] != "story"
    return _share(rejected, total)


def worst_pages(pages: Sequence[LabelledPage], found: Sequence[Sequence[str]], count: int) -> list[tuple[int, int]]:
    """Index and number of wrong lines of the `count` pages with the most lines of a wrong role, worst first."""
    wrong = [
        sum(line.role.value != role_of(label) for line, label in zip(page.lines, labels, strict=True))
        for page, labels in zip(pages, found, strict=True)
    ]
    order = sorted(range(len(pages)), key=lambda i: -wrong[i])
    return [(i, wrong[i]) for i in order[:count]]


def _confusion(gold: Sequence[str], guessed: Sequence[str]) -> dict[str, dict[str, int]]:
    table = confusion_matrix(gold, guessed, labels=ROLES)
    return {
        role: {other: int(n) for other, n in zip(ROLES, row, strict=True) if n}
        for role, row in zip(ROLES, table, strict=True)
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
