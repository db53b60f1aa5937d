"""A listing is a labelled page without its story, and is right when no story is found on it."""

from collections.abc import Sequence

from models.labelled import LabelledLine, LabelledPage
from models.page import Page, Role, Split, Story
from models.splitter.labels import LISTING_ITEMS
from models.splitter.listings import listings_of, right_of


def page(items: int) -> LabelledPage:
    lines = [
        LabelledLine("Menu", Role.BOILERPLATE),
        LabelledLine("Bridge is mended", Role.HEADLINE),
        LabelledLine("The town has its bridge again.", Role.STORY),
        LabelledLine("The bridge in May", Role.CAPTION),
        *(LabelledLine(f"Other news {n}", Role.TEASER, n, "title") for n in range(items)),
    ]
    return LabelledPage(f"p{items}", "", "", "", "en", tuple(lines), (), {})


class SeesStoriesOnLongPages:
    def split(self, pages: Sequence[Page]) -> list[Split]:
        return [Split(Story("", p.text) if p.text.count("\n") > LISTING_ITEMS else None, ()) for p in pages]


def test_a_listing_has_the_teasers_and_the_furniture_of_a_page_with_enough_items() -> None:
    [listing] = listings_of([page(LISTING_ITEMS), page(LISTING_ITEMS - 1)])
    assert listing.text.split("\n") == ["Menu", *(f"Other news {n}" for n in range(LISTING_ITEMS))]


def test_listings_on_which_a_story_is_found_are_not_right() -> None:
    assert right_of([page(LISTING_ITEMS), page(LISTING_ITEMS + 1)], SeesStoriesOnLongPages()) == [1, 2]
