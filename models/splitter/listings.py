"""Pages without a story, made from labelled pages: home pages and lists are rare among those that people label."""

from collections.abc import Iterable, Sequence

from models.labelled import LabelledPage
from models.page import Page, Role
from models.splitter.labels import LISTING_ITEMS
from models.tagger import PageSplitter


def listings_of(pages: Iterable[LabelledPage]) -> list[Page]:
    """The teasers and the furniture of each labelled page with `LISTING_ITEMS`: a list of other pages in its menus."""
    return [_without_story(page) for page in pages if _items(page) >= LISTING_ITEMS]


def right_of(pages: Sequence[LabelledPage], splitter: PageSplitter) -> list[int]:
    """[right, pages]: on how many of the listings made of `pages` no story was found."""
    splits = splitter.split(listings_of(pages))
    return [sum(split.story is None for split in splits), len(splits)]


def _items(page: LabelledPage) -> int:
    return len({line.teaser for line in page.lines} - {None})


def _without_story(page: LabelledPage) -> Page:
    kept = [line.text for line in page.lines if line.role in (Role.TEASER, Role.BOILERPLATE)]
    return Page(page.id, page.url, "\n".join(kept))
