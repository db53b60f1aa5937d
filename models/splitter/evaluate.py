"""Figures of the splitter against labelled pages. Pure: pages and what was made of them go in, numbers come out."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from models.labelled import LabelledPage
from models.page import Role, Split
from models.splitter.tally import Tally, f1, roles_of, tally, total

ROLES: tuple[str, ...] = tuple(role.value for role in Role)
DIGITS = 4  # 0.0001 of the 15,769 lines of the dev pages is two lines

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """A labelled page with the role that each of its lines was found to have; `wrong` of them differ."""

    page: LabelledPage
    found: tuple[str, ...]
    wrong: int


def report(pages: Sequence[LabelledPage], splits: Sequence[Split]) -> Figures:
    """All figures of `splits`, each made of `tally.as_page(page)`; raises ValueError for no pages.

    Those of `figures`, `by_source` (role accuracy) and `confusion` (labelled role → found role → lines).
    """
    if not pages:
        raise ValueError("no labelled page to evaluate on")
    whole = total(map(tally, pages, splits))
    by_source = breakdown(pages, splits, lambda page: page.source)
    return figures(whole) | {
        "by_source": {source: row["role_accuracy"] for source, row in by_source.items()},
        "confusion": _confusion(whole.roles),
    }


def breakdown(
    pages: Sequence[LabelledPage], splits: Sequence[Split], group_of: Callable[[LabelledPage], str]
) -> dict[str, Figures]:
    """`figures` of each group of pages, in order of the groups' names."""
    groups: dict[str, list[Tally]] = defaultdict(list)
    for page, split in zip(pages, splits, strict=True):
        groups[group_of(page)].append(tally(page, split))
    return {name: figures(total(groups[name])) for name in sorted(groups)}


def figures(counted: Tally) -> Figures:
    """Figures of the pages of a tally, rounded; None where there was nothing to count.

    - `role_accuracy`, `role_macro_f1` and, per role, `role_precision`, `role_recall`, `role_f1`, `role_lines`.
    - `story_word_f1`: mean over pages of the F1 of the story's words; standfirsts count neither way.
    - `inside_story_rejection`, `outside_story_rejection`: share of the lines between a story's first and last
      paragraph, and around it, that are no story (standfirsts aside) and were not taken for story.
    - `headline_exact`, of the pages with a story and a headline; `no_story_pages_right`: [right, pages].
    - `teaser_item_f1`, `…_precision`, `…_recall`: items matched by the line their title starts on;
      `teaser_exact_of_gold`: share of the labelled items that were found with every line on its field.
    """
    n = counted.counts
    return {
        "pages": n["pages"],
        "lines": counted.roles.total(),
        **_role_figures(counted.roles),
        "story_word_f1": round(statistics.mean(counted.story_f1), DIGITS) if counted.story_f1 else None,
        "inside_story_rejection": _share(n["inside_rejected"], n["inside"]),
        "outside_story_rejection": _share(n["outside_rejected"], n["outside"]),
        "headline_exact": _share(n["headlines_exact"], n["headlines"]),
        "no_story_pages_right": [n["no_story_right"], n["no_story"]],
        "teaser_item_f1": _share(2 * n["items_right"], n["items"] + n["items_found"]),
        "teaser_item_precision": _share(n["items_right"], n["items_found"]),
        "teaser_item_recall": _share(n["items_right"], n["items"]),
        "teaser_exact_of_gold": _share(n["items_exact"], n["items"]),
    }


def worst_pages(pages: Sequence[LabelledPage], splits: Sequence[Split], count: int) -> list[JudgedPage]:
    """The `count` pages with the most lines of a wrong role, worst first; pages without one are left out."""
    judged = [_judged(page, split) for page, split in zip(pages, splits, strict=True)]
    return sorted((page for page in judged if page.wrong), key=lambda page: -page.wrong)[:count]


def _judged(page: LabelledPage, split: Split) -> JudgedPage:
    found = roles_of(split, len(page.lines))
    wrong = sum(line.role.value != role for line, role in zip(page.lines, found, strict=True))
    return JudgedPage(page, tuple(found), wrong)


def _role_figures(roles: Counter[tuple[str, str]]) -> Figures:
    right = {role: roles[role, role] for role in ROLES}
    wanted, found = (
        {role: sum(lines for pair, lines in roles.items() if pair[side] == role) for role in ROLES} for side in (0, 1)
    )
    scores = {
        role: round(f1(right[role], found[role] - right[role], wanted[role] - right[role]), DIGITS) for role in ROLES
    }
    return {
        "role_accuracy": _share(sum(right.values()), roles.total()),
        "role_macro_f1": round(statistics.mean(scores.values()), DIGITS),
        "role_f1": scores,
        "role_precision": {role: _share(right[role], found[role]) for role in ROLES},
        "role_recall": {role: _share(right[role], wanted[role]) for role in ROLES},
        "role_lines": wanted,
    }


def _confusion(roles: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    return {role: {other: roles[role, other] for other in ROLES if roles[role, other]} for role in ROLES}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, DIGITS) if whole else None
