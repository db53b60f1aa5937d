"""Rows exported from Kafka: what `newsieve train` reads of them is what was on the page, as it was labelled."""

from pathlib import Path

import orjson
from fake_models import mark_tagger

from models import corpus
from models.page import Page, Role
from streams.export import newest_row, page_row, text_row
from streams.records import part_fields
from streams.sieve import Fields

TEXT = (
    "- \n# Cup final\nThe match was long.\n\nIt ended.\n-\n* Moon lander lands\n~ It did.\n@ 2 hours ago\n* Match off"
)
PAGE = Page("p", "https://www.example.org/a", TEXT, "2026-01-05T10:00:00Z")
PARTS = [part_fields(part, "2026-01-05T10:00:00Z") for part in mark_tagger().tag([PAGE])[0]]
STORY, MOON, OFF = PARTS


def read_back(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def test_a_page_comes_back_with_the_role_of_each_line(tmp_path: Path) -> None:
    (page,) = corpus.gold_pages(read_back(tmp_path, page_row(PAGE, PARTS, {})))
    assert (page.id, page.publisher, page.url, page.language) == ("p", "example.org", PAGE.url, "en")
    assert [line.text for line in page.lines] == [line.strip() for line in TEXT.split("\n") if line.strip()]
    assert [(line.role, line.teaser, line.field) for line in page.lines[1:]] == [
        (Role.HEADLINE, None, None), (Role.STORY, None, None), (Role.STORY, None, None), (Role.BOILERPLATE, None, None),
        (Role.TEASER, 1, "title"), (Role.TEASER, 1, "blurb"), (Role.TEASER, 1, "age"), (Role.TEASER, 2, "title"),
    ]  # fmt: skip


def test_parts_come_in_any_order_and_teasers_are_numbered_as_on_the_page() -> None:
    assert page_row(PAGE, [OFF, MOON, STORY], {}) == page_row(PAGE, PARTS, {})


def test_a_label_replaces_the_topic_that_the_model_gave(tmp_path: Path) -> None:
    (page,) = corpus.gold_pages(read_back(tmp_path, page_row(PAGE, PARTS, {MOON["id"]: "technology"})))
    assert page.story_topics == ("sport",)
    assert page.teaser_topics == {1: ("technology",), 2: ("sport",)}


def test_a_page_without_story_has_no_story_topics() -> None:
    row = page_row(PAGE, [MOON], {})
    assert row is not None
    assert row["story_topics"] is None


def test_parts_of_another_version_of_the_page_give_no_row() -> None:
    changed = Page("p", PAGE.url, TEXT.replace("Moon", "Mars"))
    shorter = Page("p", PAGE.url, "# Cup final")
    assert page_row(changed, PARTS, {}) is None
    assert page_row(shorter, PARTS, {}) is None
    assert page_row(PAGE, [], {}) is None


def test_each_version_of_a_page_comes_back_as_it_was_tagged_last() -> None:
    """A page may be tagged again after a change, by other models, or after a worker that died: parts never mix."""
    changed = Page("p", PAGE.url, TEXT.replace("Moon lander lands", "Rain in the north"))

    def tagging(page: Page, at: str, only: slice = slice(None)) -> tuple[tuple[str, bytes], dict[str, Fields]]:
        parts = [part_fields(part, at) for part in mark_tagger().tag([page])[0]]
        return (at, b"{}"), {part["id"]: part for part in parts[only]}

    taggings = dict([tagging(PAGE, "01", slice(2)), tagging(changed, "02"), tagging(PAGE, "03")])
    row, row_of_changed = newest_row(PAGE, taggings, {}), newest_row(changed, taggings, {})
    assert row == page_row(PAGE, PARTS, {})
    assert row_of_changed is not None
    assert next(line["text"] for line in row_of_changed["lines"] if line.get("teaser") == 1) == "* Rain in the north"
    assert newest_row(PAGE, taggings, {}) is None, "the same version is one page, however often it was fed"


def test_a_part_with_a_label_is_a_labelled_text(tmp_path: Path) -> None:
    file, row = text_row(MOON, "technology")
    (text,) = corpus.texts(read_back(tmp_path, row))
    assert file == "topics/labelled"
    assert (text.id, text.publisher, text.source) == (MOON["id"], "example.org", "newsieve")
    assert (text.kind, text.headline, text.text) == ("teaser", "* Moon lander lands", "~ It did.")
    assert text.topics == ("technology",)


def test_a_part_without_a_label_is_an_unlabelled_text(tmp_path: Path) -> None:
    file, row = text_row(STORY, None)
    assert file == "topics/unlabelled"
    assert "topics" not in row
    assert corpus.texts(read_back(tmp_path, row)) == []
    assert corpus.unrestricted(corpus.texts(read_back(tmp_path, text_row(STORY, "sport")[1])))
