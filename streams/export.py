"""Pages, parts and labels read back from Kafka as rows of a corpus, which `newsieve train` takes.

The parts of the retained pages are held in memory while it runs: some 1 KB a part.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

import orjson

from models.errors import PageError
from models.identity import host
from models.page import Line, Page, lines_of
from streams.backlog import backlog, raw_record
from streams.kafka_topics import LABELS_TOPIC, PAGES_TOPIC, parts_topic
from streams.records import decode
from streams.settings import Settings
from streams.subscribe import Fields, read_part

LABELLED, UNLABELLED, PAGES = "topics/labelled", "topics/unlabelled", "pages/machine"
"""Files of the corpus: texts with a person's topic, texts without, and pages whose lines the splitter labelled."""

UNMATCHED = "topics/unmatched-labels"
"""Labels of parts that Kafka does not hold, or not any more."""

SOURCE = "newsieve"

_ROLE = {"headline": "headline", "dek": "dek", "text": "story", "captions": "caption"}
_TEASER_FIELD = {"headline": "title", "text": "blurb", "age": "age", "meta": "meta"}

Row = dict[str, Any]
Taggings = dict[tuple[str, bytes], dict[str, Fields]]
"""Parts of a page by their ids, of each time that it was tagged: when, and by which models."""


async def rows(settings: Settings, slugs: Iterable[str]) -> AsyncIterator[tuple[str, Row]]:
    """Yield (file, row): a text for every part, once; labels that none of them bears; then the tagged pages."""
    labels = await read_labels(settings)
    seen: set[str] = set()
    of_page: dict[str, Taggings] = {}
    async for record in backlog(settings, *map(parts_topic, slugs)):
        fields = read_part(record.value)
        if not fields:
            continue
        of_page.setdefault(fields["page_id"], {}).setdefault(_tagging(fields), {})[fields["id"]] = fields
        if fields["id"] not in seen:
            seen.add(fields["id"])
            yield text_row(fields, labels.get(fields["id"]))
    for part_id in labels.keys() - seen:
        yield UNMATCHED, {"part_id": part_id, "topic": labels[part_id]}
    async for record in backlog(settings, PAGES_TOPIC):
        page = _page(record, settings)
        row = page and newest_row(page, of_page.get(page.id, {}), labels)
        if row:
            yield PAGES, row


async def read_labels(settings: Settings) -> dict[str, str]:
    """Topic of each labelled part, by its id; the last label wins."""
    labels: dict[str, str] = {}
    async for record in backlog(settings, LABELS_TOPIC):
        try:
            label = orjson.loads(record.value or b"")
            labels[str(label["part_id"])] = str(label["topic"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            continue  # anyone may write to a topic
    return labels


def text_row(fields: Fields, topic: str | None) -> tuple[str, Row]:
    """The file and row of a part's text."""
    row = {
        "id": fields["id"],
        "source": SOURCE,
        "publisher": host(fields["url"]),
        "kind": fields["kind"],
        "title": fields["headline"],
        "body": fields["text"],
        "date": fields.get("fetched_at"),
    }
    return (LABELLED, row | {"topics": [topic]}) if topic else (UNLABELLED, row)


def newest_row(page: Page, taggings: Taggings, labels: dict[str, str]) -> Row | None:
    """The row of this version of a page as it was cut last; takes all taggings of this version away.

    The same page may have been tagged again, changed or by other models, and then its parts are others.
    """
    lines = lines_of(page.text)
    ours = [tagging for tagging, parts in taggings.items() if all(_fits(part, lines) for part in parts.values())]
    found = {tagging: list(taggings.pop(tagging).values()) for tagging in ours}
    return page_row(page, found[max(found)], labels) if found else None


def page_row(page: Page, parts: Sequence[Fields], labels: dict[str, str]) -> Row | None:
    """The row of a page as the splitter cut it; None when its parts are of another version of it."""
    lines = lines_of(page.text)
    if not parts or not all(_fits(part, lines) for part in parts):
        return None
    stories = [part for part in parts if part["kind"] == "story"]
    teasers = sorted((part for part in parts if part["kind"] == "teaser"), key=_first_line)
    roles = dict(_story_roles(stories)) | dict(_teaser_roles(teasers))
    return {
        "id": page.id,
        "source": SOURCE,
        "publisher": host(page.url),
        "url": page.url,
        "language": parts[0]["language"],
        "lines": [{"text": line.text, **roles.get(line.number, {"role": "boilerplate"})} for line in lines],
        "story_topics": _topics(stories[0], labels) if stories else None,
        "teaser_topics": {str(n): _topics(teaser, labels) for n, teaser in enumerate(teasers, 1)},
    }


def _page(record: Any, settings: Settings) -> Page | None:
    try:
        return decode(raw_record(record), settings.max_page_bytes)
    except PageError:
        return None


def _tagging(part: Fields) -> tuple[str, bytes]:
    return part.get("tagged_at") or "", orjson.dumps(part.get("models"), option=orjson.OPT_SORT_KEYS)


def _topics(part: Fields, labels: dict[str, str]) -> list[str]:
    return [labels.get(part["id"]) or part["topic"]]


def _first_line(part: Fields) -> int:
    return min((number for numbers in part["lines"].values() for number in numbers), default=0)


def _fits(part: Fields, lines: Sequence[Line]) -> bool:
    """Whether the part's headline stands where it says: else it was cut from another version of the page."""
    text_of = {line.number: line.text for line in lines}
    numbers = part["lines"].get("headline") or []
    known = all(number in text_of for field in part["lines"].values() for number in field)
    return known and (not numbers or text_of[numbers[0]] == part["headline"])


def _story_roles(stories: Iterable[Fields]) -> Iterator[tuple[int, Row]]:
    for story in stories:
        for field, numbers in story["lines"].items():
            for number in numbers:
                yield number, {"role": _ROLE.get(field, "meta")}


def _teaser_roles(teasers: Iterable[Fields]) -> Iterator[tuple[int, Row]]:
    for count, teaser in enumerate(teasers, 1):
        for field, numbers in teaser["lines"].items():
            for number in numbers:
                yield number, {"role": "teaser", "teaser": count, "field": _TEASER_FIELD.get(field, "meta")}
