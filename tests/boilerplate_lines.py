"""A boilerplate line more or less on a page, which should leave its story alone, and on how many pages it does."""

from collections.abc import Iterator, Sequence

from models.labelled import LabelledPage
from models.page import Page, Role, Split
from models.tagger import PageSplitter

LINES = ("We use cookies to make this site better for you. Accept all", "Share this", "Subscribe")


def share_unchanged(pages: Sequence[LabelledPage], splitter: PageSplitter) -> float:
    """Share of the changed pages whose story has the headline and the text that it has on the page as it is."""
    same = [is_same for page in pages for is_same in unchanged(page, splitter)]
    return round(sum(same) / len(same), 4)


def unchanged(page: LabelledPage, splitter: PageSplitter) -> list[bool]:
    """Whether the story stays what it is, for each changed page."""
    versions = [[line.text for line in page.lines], *changed(page)]
    splits = splitter.split([Page(page.id, page.url, "\n".join(lines)) for lines in versions])
    return [told(split) == told(splits[0]) for split in splits[1:]]


def changed(page: LabelledPage) -> Iterator[list[str]]:
    """The page's lines with one more at its start, at its end and between boilerplate lines, and without such a line.

    The place between is the middle one of those where two boilerplate lines touch; the first and last such line go.
    """
    lines = [line.text for line in page.lines]
    boilerplate = [number for number, line in enumerate(page.lines) if line.role is Role.BOILERPLATE]
    gaps = [number for number in boilerplate if number - 1 in boilerplate]
    for place in (0, len(lines), *gaps[len(gaps) // 2 :][:1]):
        yield from ([*lines[:place], line, *lines[place:]] for line in LINES)
    for place in {*boilerplate[:1], *boilerplate[-1:]}:
        yield lines[:place] + lines[place + 1 :]


def told(split: Split) -> tuple[str, str] | None:
    """Headline and text of the story; None where there is none."""
    return (split.story.headline, split.story.text) if split.story else None
