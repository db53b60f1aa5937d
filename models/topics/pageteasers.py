"""Teasers that the splitter finds on pages whose lines nobody labelled: more texts for a teacher to label.

Training finds them again, by the same splitter or a later one: of those that it cuts otherwise there is no lesson.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from models import corpus as corpora
from models import language
from models.page import Page, Text
from models.splitter.train import OTHER_PAGES
from models.tagger import SERVED_LANGUAGES, PageSplitter

PAGES_AT_ONCE = 64
SHORTEST_CHARACTERS = 8  # of a headline: less is a section's name
_DOMAIN = re.compile(r"^www\.|(\.(co|com|org|net))?\.[a-z]{2,4}$")
_WORD = re.compile(r"\w+")


def page_teasers(corpus: Path, splitter: PageSplitter, taken: Iterable[Text] = ()) -> list[Text]:
    """English teasers on the pages without labels of a corpus folder, each headline once, with its longest blurb.

    Restricted sources are left out, and publishers and headlines of dev, that figures on dev stay honest; and so are
    headlines of `taken`. A single JSONL has no such pages.
    """
    if not corpus.is_dir():
        return []
    known = {headline_key(text.headline) for text in taken} | _dev_headlines(corpus)
    found: dict[str, Text] = {}
    for text in _all_teasers(list(_pages(corpus)), splitter):
        key = headline_key(text.headline)
        if len(key) >= SHORTEST_CHARACTERS and key not in known:
            found[key] = max(found.get(key, text), text, key=lambda other: len(other.text))
    return list(found.values())


def headline_key(headline: str) -> str:
    """The words of a headline, whatever its case and punctuation.

    >>> headline_key("Rain, at last!") == headline_key("rain at last")
    True
    """
    return " ".join(_WORD.findall(headline.lower()))


def publisher_key(publisher: str) -> str:
    """Name of a publisher, whether it is written out or a domain.

    >>> publisher_key("www.ferry-times.co.uk") == publisher_key("Ferry Times")
    True
    """
    return "".join(_WORD.findall(_DOMAIN.sub("", publisher.lower())))


def _pages(corpus: Path) -> Iterator[Page]:
    others = _dev_publishers(corpus)
    for name in OTHER_PAGES:
        for row in corpora.unrestricted_rows(corpus, name):
            if publisher_key(row.get("publisher") or "") not in others:
                yield Page(row["id"], row.get("url") or "", "\n".join(row["lines"]))


def _all_teasers(pages: list[Page], splitter: PageSplitter) -> Iterator[Text]:
    languages = language.detect([page.text for page in pages])
    served = [page for page, code in zip(pages, languages, strict=True) if code in SERVED_LANGUAGES]
    for start in range(0, len(served), PAGES_AT_ONCE):
        for split in splitter.split(served[start : start + PAGES_AT_ONCE]):
            yield from (Text("teaser", teaser.headline, teaser.text) for teaser in split.teasers)


def _dev_headlines(corpus: Path) -> set[str]:
    parts = corpora.page_texts(corpora.gold_pages(corpus, "dev"))
    return {headline_key(text.headline) for text in (*parts, *corpora.texts(corpus, "modern-dev", "dev"))}


def _dev_publishers(corpus: Path) -> set[str]:
    names = {text.publisher for text in corpora.texts(corpus, "modern-dev")}
    names |= {page.publisher for page in corpora.gold_pages(corpus, "dev")}
    names |= {row.get("publisher") or "" for row in corpora.rows_of(corpus, "pages/dev")}
    return {publisher_key(name) for name in names} - {""}
