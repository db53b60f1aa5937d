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
_WORD = re.compile(r"\w+")


def page_teasers(corpus: Path, splitter: PageSplitter, taken: Iterable[Text] = ()) -> dict[Text, str]:
    """English teasers on the pages without labels of a corpus folder, each with its publisher's key.

    Each headline comes once, with its longest blurb.

    Restricted sources are left out, and publishers and headlines of dev, that figures on dev stay honest; and so are
    headlines of `taken`. A single JSONL has no such pages.
    """
    if not corpus.is_dir():
        return {}
    known = {headline_key(text.headline) for text in taken} | _dev_headlines(corpus)
    found: dict[str, tuple[Text, str]] = {}
    for text, publisher in _all_teasers(list(_pages(corpus)), splitter):
        key, owned = headline_key(text.headline), (text, publisher)
        if len(key) >= SHORTEST_CHARACTERS and key not in known:
            found[key] = max(found.get(key, owned), owned, key=lambda other: len(other[0].text))
    return dict(found.values())


def headline_key(headline: str) -> str:
    """The words of a headline, whatever its case and punctuation.

    >>> headline_key("Rain, at last!") == headline_key("rain at last")
    True
    """
    return " ".join(_WORD.findall(headline.lower()))


def _pages(corpus: Path) -> Iterator[tuple[Page, str]]:
    others = _dev_publishers(corpus)
    for name in OTHER_PAGES:
        for page in corpora.unrestricted(corpora.plain_pages(corpus, name)):
            publisher = corpora.publisher_key(page.publisher)
            if publisher not in others:
                yield Page(page.id, page.url, "\n".join(page.lines)), publisher


def _all_teasers(pages: list[tuple[Page, str]], splitter: PageSplitter) -> Iterator[tuple[Text, str]]:
    languages = language.detect([page.text for page, _ in pages])
    served = [page for page, code in zip(pages, languages, strict=True) if code in SERVED_LANGUAGES]
    for start in range(0, len(served), PAGES_AT_ONCE):
        some = served[start : start + PAGES_AT_ONCE]
        for split, (_, publisher) in zip(splitter.split([page for page, _ in some]), some, strict=True):
            yield from ((Text("teaser", teaser.headline, teaser.text), publisher) for teaser in split.teasers)


def _dev_headlines(corpus: Path) -> set[str]:
    parts = corpora.page_texts(corpora.gold_pages(corpus, "dev"))
    return {headline_key(text.headline) for text in (*parts, *corpora.texts(corpus, "modern-dev", "dev"))}


def _dev_publishers(corpus: Path) -> set[str]:
    names = {text.publisher for text in corpora.texts(corpus, "modern-dev")}
    names |= {page.publisher for page in corpora.gold_pages(corpus, "dev")}
    names |= {page.publisher for page in corpora.plain_pages(corpus, "pages/dev")}
    return {corpora.publisher_key(name) for name in names} - {""}
