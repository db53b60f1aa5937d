"""Pages as the teacher sees them: lines, and what is known of their labels."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from models import corpus as corpora
from models.errors import CorpusError
from models.page import lines_of
from models.splitter import lessons
from models.splitter.labels import lines_and_labels
from models.splitter.train import OTHER_PAGES

_ROUND = re.compile(r"^w\d+-")  # of labelling, before the name of a page


@dataclass
class Sheet:
    """A page in one flattening style; `key` names the page whatever its style.

    `labels` are those given by hand, `weak` whether each line was matched with the article's text; None where unknown.
    """

    key: str
    source: str
    publisher: str
    lines: list[str]
    labels: list[str] | None = None
    weak: list[bool] | None = None

    @cached_property
    def digest(self) -> int:
        """Names the page by its lines, as `Lessons` do."""
        return lessons.digest(self.lines)


def sheets_of(corpus: Path) -> list[Sheet]:
    """Unrestricted pages of a corpus folder: those labelled by hand, then the others in every flattening style.

    Raises `CorpusError` when there are none of either kind.
    """
    gold = [
        Sheet(page_key(page.id), page.source, page.publisher, *lines_and_labels(page))
        for page in corpora.unrestricted(corpora.gold_pages(corpus, "train"))
    ]
    others = [sheet for sheet in _others(corpus) if sheet.lines] if corpus.is_dir() else []
    for some, name in ((gold, "gold-pages-train"), (others, " or ".join(OTHER_PAGES))):
        if not some:
            raise CorpusError(f"{corpus}: no page to teach with ({name})")
    return gold + others


def _others(corpus: Path) -> Iterator[Sheet]:
    for name in OTHER_PAGES:
        for page in corpora.unrestricted(corpora.plain_pages(corpus, name)):
            lines, weak = filled(page.lines, page.weak)
            yield Sheet(page_key(page.id), page.source, page.publisher, lines, weak=weak)


def filled(lines: Sequence[str], weak: Sequence[bool] | None) -> tuple[list[str], list[bool] | None]:
    """The lines that hold something, as the splitter takes them, each with its weak label.

    >>> filled(["Menu ", " ", "It rained."], [False, False, True])
    (['Menu', 'It rained.'], [False, True])
    """
    kept = [(line.text, number) for number, text in enumerate(lines) for line in lines_of(text)]
    return [text for text, _ in kept], None if weak is None else [weak[number] for _, number in kept]


def page_key(page_id: str) -> str:
    """Name of a page, whatever its style and the round in which it was labelled.

    >>> page_key("w2-site/page#full") == page_key("site/page#alt")
    True
    """
    return _ROUND.sub("", page_id.split("#")[0])
