"""From labelled lines to the parts of a page: one story at most, and teasers in page order.

Any label sequence is accepted. A line that has lost what it belongs to (an age without a title) is boilerplate.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from models.page import STORY_FIELDS, TEASER_FIELDS, Line, LineNumbers, Split, Story, Teaser
from models.splitter.labels import BEFORE_TITLE, TEASER_LABELS, TITLES, field_of
from models.splitter.plain import plain
from models.splitter.wording import is_byline, is_date, is_tag_list, tags_in

Claims = dict[str, list[Line]]
MetaField = Literal["section", "byline", "date", "tags"]

_STORY_FIELD = {"headline": "headline", "dek": "dek", "story": "text", "caption": "captions", "meta": "meta"}
_TEASER_FIELD = {label: field_of(label) for label in TEASER_LABELS}


def assemble(lines: Sequence[Line], labels: Sequence[str]) -> Split:
    """Parts of a page from its `lines` and one label each; both empty gives a split without parts.

    A page has a story when a line is labelled `story` or, as on a page behind a paywall or around a video, `headline`;
    without one, its dek, captions and meta lines are claimed by nothing.
    """
    story = _story(zip(lines, labels, strict=True))
    return Split(story, tuple(_teaser(claims) for claims in _items(zip(lines, labels, strict=True))))


def meta_field(text: str, *, after_story: bool, after_headline: bool) -> MetaField:
    """Which field of the story a `meta` line is, by its look and its place.

    >>> meta_field("By Ann Lee", after_story=False, after_headline=True)
    'byline'
    >>> meta_field("World", after_story=False, after_headline=False)
    'section'
    """
    text = plain(text)
    if is_byline(text, alone=after_headline and not after_story):
        return "byline"
    if is_date(text):
        return "date"
    if after_story:
        return "tags" if is_tag_list(text) else "byline"
    return "section"


def _story(labelled: Iterable[tuple[Line, str]]) -> Story | None:
    claims: Claims = {}
    for line, label in labelled:
        field = _STORY_FIELD.get(label)
        if not field:
            continue
        if field == "meta":
            field = meta_field(line.text, after_story="text" in claims, after_headline="headline" in claims)
        claims.setdefault(field, []).append(line)
    return _told(claims) if "text" in claims or "headline" in claims else None


def _told(claims: Claims) -> Story:
    return Story(
        headline=claims["headline"][0].text if "headline" in claims else "",
        text="\n\n".join(_texts(claims, "text")),
        dek=" ".join(_texts(claims, "dek")),
        section=" ".join(_texts(claims, "section")),
        byline=" ".join(_texts(claims, "byline")),
        date=" ".join(_texts(claims, "date")),
        captions=tuple(_texts(claims, "captions")),
        tags=tuple(tag for text in _texts(claims, "tags") for tag in tags_in(text)),
        lines=_numbers(claims, STORY_FIELDS),
    )


def _items(labelled: Iterable[tuple[Line, str]]) -> list[Claims]:
    """Lines of each item by field, items in page order."""
    items: list[Claims] = []
    waiting: Claims = {}
    inside = False
    for line, label in labelled:
        field = _TEASER_FIELD.get(label)
        if label in TITLES:
            items.append(waiting)
            waiting, inside = {}, True
        elif field is None or (inside and label in BEFORE_TITLE):
            waiting, inside = {}, False
        if field and (inside or label in BEFORE_TITLE):
            claims = items[-1] if inside else waiting
            claims.setdefault(field, []).append(line)
    return items


def _teaser(claims: Claims) -> Teaser:
    return Teaser(
        headline=claims["headline"][0].text,
        text=" ".join(_texts(claims, "text")),
        age=" ".join(_texts(claims, "age")),
        lines=_numbers(claims, TEASER_FIELDS),
    )


def _texts(claims: Claims, field: str) -> list[str]:
    return [line.text for line in claims[field]] if field in claims else []


def _numbers(claims: Claims, fields: Sequence[str]) -> LineNumbers:
    return {field: tuple([line.number for line in claims[field]]) for field in fields if field in claims}
