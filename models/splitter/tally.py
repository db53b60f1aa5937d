"""What is counted on labelled pages once they are split. Tallies of pages add up, so any group of pages has figures."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from models.labelled import LabelledPage
from models.page import Page, Role, Split, Teaser

WORD = re.compile(r"\w+")

_ROLE_OF_FIELD = {"headline": Role.HEADLINE, "dek": Role.DEK, "text": Role.STORY, "captions": Role.CAPTION}
"""Role of the lines of a story's fields; those not named hold meta lines."""

_FIELD_OF_LABEL = {"title": "headline", "blurb": "text", "age": "age"}
"""What labelled pages call the fields of a teaser that must be right → what a `Teaser` calls them."""

Spans = dict[str, list[int]]
"""Field of a teaser → the places of its lines among the page's lines, from 0."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted on some pages."""

    roles: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(labelled role, found role) → lines."""
    counts: Counter[str] = field(default_factory=Counter)
    """Pages, items, headlines and lines around stories, by what they are called in `tally`."""
    story_f1: tuple[float, ...] = ()
    """F1 of the story's words, of each page that has a story."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.roles + other.roles, self.counts + other.counts, self.story_f1 + other.story_f1)


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies; of none, an empty one."""
    return sum(tallies, Tally())


def tally(page: LabelledPage, split: Split) -> Tally:
    """What is right and wrong about the `split` of `as_page(page)`."""
    wanted, found = [line.role.value for line in page.lines], roles_of(split, len(page.lines))
    counts = Counter(pages=1) + _items(page, split.teasers) + _around_story(wanted, found) + _whole_page(page, split)
    return Tally(Counter(zip(wanted, found, strict=True)), counts, _story_f1(page, wanted, found))


def as_page(labelled: LabelledPage) -> Page:
    """The labelled page as it would come in."""
    return Page(labelled.id, labelled.url, labelled.text)


def roles_of(split: Split, lines: int) -> list[str]:
    """Role of each of the page's `lines`, read back from its parts: a line that no part claims is boilerplate."""
    roles = [Role.BOILERPLATE.value] * lines
    for name, numbers in split.story.lines.items() if split.story else ():
        for number in numbers:
            roles[number - 1] = _ROLE_OF_FIELD.get(name, Role.META).value
    for teaser in split.teasers:
        for number in (number for numbers in teaser.lines.values() for number in numbers):
            roles[number - 1] = Role.TEASER.value
    return roles


def f1(right: int, wrong: int, missed: int) -> float:
    """Harmonic mean of precision and recall; 0 where nothing is right.

    >>> f1(1, 1, 0), f1(0, 0, 0)
    (0.6666666666666666, 0.0)
    """
    return 2 * right / (2 * right + wrong + missed) if right else 0.0


def _items(page: LabelledPage, found: Sequence[Teaser]) -> Counter[str]:
    """Items that were found, by the line on which their title starts, and those with every line on its field."""
    wanted = {min(spans["headline"]): spans for spans in _labelled_items(page) if spans.get("headline")}
    starts = [min(teaser.lines["headline"]) - 1 for teaser in found]
    both = [(wanted[start], teaser) for start, teaser in zip(starts, found, strict=True) if start in wanted]
    exact = sum(_same(spans, teaser) for spans, teaser in both)
    return Counter(items=len(wanted), items_found=len(found), items_right=len(both), items_exact=exact)


def _labelled_items(page: LabelledPage) -> Iterable[Spans]:
    items: dict[int | None, Spans] = {}
    for index, line in enumerate(page.lines):
        if line.role is Role.TEASER and line.field in _FIELD_OF_LABEL:
            items.setdefault(line.teaser, {}).setdefault(_FIELD_OF_LABEL[line.field], []).append(index)
    return items.values()


def _same(spans: Spans, teaser: Teaser) -> bool:
    claimed = ([number - 1 for number in teaser.lines.get(name, ())] for name in _FIELD_OF_LABEL.values())
    return all(lines == spans.get(name, []) for name, lines in zip(_FIELD_OF_LABEL.values(), claimed, strict=True))


def _around_story(wanted: Sequence[str], found: Sequence[str]) -> Counter[str]:
    """Lines that are no story, standfirsts aside, inside and outside of it, and how many were kept out of it."""
    paragraphs = [index for index, role in enumerate(wanted) if role == Role.STORY]
    counts: Counter[str] = Counter()
    for index, role in enumerate(wanted) if paragraphs else ():
        if role not in (Role.STORY, Role.DEK):
            where = "inside" if paragraphs[0] < index < paragraphs[-1] else "outside"
            counts.update({where: 1, f"{where}_rejected": found[index] != Role.STORY})
    return counts


def _whole_page(page: LabelledPage, split: Split) -> Counter[str]:
    """Whether the headline is exact, or a page without a story is seen as such."""
    if page.story_topics is None:
        return Counter(no_story=1, no_story_right=int(split.story is None))
    headlines = {line.text.strip().casefold() for line in page.lines if line.role is Role.HEADLINE}
    exact = split.story is not None and split.story.headline.strip().casefold() in headlines
    return Counter(headlines=1, headlines_exact=int(exact)) if headlines else Counter()


def _story_f1(page: LabelledPage, wanted: Sequence[str], found: Sequence[str]) -> tuple[float, ...]:
    """F1 of the story's words; those of standfirsts count neither way. Empty where the page has no story."""
    words: Counter[tuple[bool, bool]] = Counter()
    for line, want, got in zip(page.lines, wanted, found, strict=True):
        if want != Role.DEK:
            words[want == Role.STORY, got == Role.STORY] += len(WORD.findall(line.text))
    right, missed = words[True, True], words[True, False]
    return (f1(right, words[False, True], missed),) if right + missed else ()
