"""What becomes of each raw record: its page tagged, empty, repeated or dead. Never raises, whatever the bytes."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from models.errors import PageError, TaggerError
from models.page import Page, Part
from streams import records
from streams.kafka_topics import DEAD_TOPIC, DONE_TOPIC, parts_topic
from streams.records import Outcome, RawRecord, Record

DETAIL_LETTERS = 500
"""How much of an unforeseen error's message is kept: it may quote the whole page."""


Stage = Callable[[str], AbstractContextManager[object]]
"""Times what is done in a stage of that name."""


def untimed(stage: str) -> AbstractContextManager[object]:
    """Time nothing."""
    return nullcontext()


IsRepeat = Callable[[RawRecord, Page], bool]
"""Whether a page was published a while ago; asked once of each page, in order."""


class PageTagger(Protocol):
    """What the pipeline needs of `models.tagger.Tagger`."""

    def tag(self, pages: Sequence[Page]) -> list[list[Part]]:
        """Parts of each page, in order."""


@dataclass(frozen=True, slots=True)
class Result:
    """One raw record and what became of it: `page` is its page, or the error that made it dead."""

    raw: RawRecord
    page: Page | PageError
    parts: tuple[Part, ...] = ()
    repeated: bool = False
    """Whether the page was published a while ago and is not published again."""

    @property
    def outcome(self) -> Outcome:
        """The one word that `pages.done`, metrics, logs and tests share."""
        if isinstance(self.page, PageError):
            return "dead"
        if self.repeated:
            return "repeated"
        return "tagged" if self.parts else "empty"

    def records(self, at: str) -> list[Record]:
        """What is to be delivered before the outcome: the parts on each of their topics, or the dead letter."""
        if isinstance(self.page, PageError):
            return [records.dead_record(DEAD_TOPIC, self.raw, self.page)]
        return [
            records.part_record(parts_topic(slug), part, at)
            for part in self.parts
            for slug in (part.verdict.topic, *part.verdict.also)
        ]

    def done(self, at: str) -> Record:
        """The record for `pages.done`."""
        return records.done_record(DONE_TOPIC, self.raw, self.outcome, at, self.page, self.parts)

    def dead(self, error: PageError) -> "Result":
        """The same record as a dead one."""
        return Result(self.raw, error)


def results_of(
    raws: Sequence[RawRecord],
    tagger: PageTagger,
    max_page_bytes: int,
    is_repeat: IsRepeat = lambda raw, page: False,
    stage: Stage = untimed,
) -> list[Result]:
    """One result per raw record, in order; the pages are tagged together, and apart when that fails."""
    with stage("decode"):
        read = [Result(raw, _decoded(raw, max_page_bytes)) for raw in raws]
    told = [_told(result, is_repeat) for result in read]
    pages = [result.page for result in told if isinstance(result.page, Page) and not result.repeated]
    tagged = iter(tag_each(pages, tagger))
    return settled(
        [
            _result(result.raw, result.page, next(tagged))
            if isinstance(result.page, Page) and not result.repeated
            else result
            for result in told
        ]
    )


def settled(results: Sequence[Result]) -> list[Result]:
    """The results, but a repeat of a page that died in the same batch is dead as well: nothing of it was published."""
    errors = {result.page.page_id: result.page for result in results if isinstance(result.page, PageError)}
    return [
        result.dead(errors[result.page.id])
        if result.repeated and isinstance(result.page, Page) and result.page.id in errors
        else result
        for result in results
    ]


def tag_each(pages: Sequence[Page], tagger: PageTagger) -> list[list[Part] | PageError]:
    """Parts of each page, in order; a `bug` error for a page that the tagger cannot take, the others unharmed.

    Raises `TaggerError` when it takes none.
    """
    if not pages:
        return []
    try:
        return [parts for _, parts in zip(pages, tagger.tag(pages), strict=True)]
    except TaggerError:
        raise
    except Exception as error:  # noqa: BLE001 -- one page must never take its batch along
        if len(pages) == 1:
            return [PageError("bug", _one_line(error), pages[0].id, pages[0].url)]
    return [result for page in pages for result in tag_each([page], tagger)]


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}"[:DETAIL_LETTERS].split())


def _decoded(raw: RawRecord, max_page_bytes: int) -> Page | PageError:
    try:
        return records.decode(raw, max_page_bytes)
    except PageError as error:
        return error


def _told(result: Result, is_repeat: IsRepeat) -> Result:
    if isinstance(result.page, Page) and is_repeat(result.raw, result.page):
        return Result(result.raw, result.page, repeated=True)
    return result


def _result(raw: RawRecord, page: Page, found: list[Part] | PageError) -> Result:
    return Result(raw, found) if isinstance(found, PageError) else Result(raw, page, tuple(found))
