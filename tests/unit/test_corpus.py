"""The corpus reader: folder or single file, plain or gzip, and a bad row is named by file and line."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from models import corpus
from models.errors import CorpusError
from models.labelled import LabelledLine, LabelledPage, LabelledText, PlainPage
from models.page import Role

LINES: list[dict[str, Any]] = [
    {"text": "Cup final", "role": "headline"}, {"text": "It was long.", "role": "story"},
    {"text": "It ended.", "role": "story"}, {"text": "Moon lander", "role": "teaser", "teaser": 1, "field": "title"},
    {"text": "lands", "role": "teaser", "teaser": 1, "field": "title"},
    {"text": "2h", "role": "teaser", "teaser": 1, "field": "age"},
    {"text": "It did.", "role": "teaser", "teaser": 1, "field": "blurb"},
    {"text": "Rain", "role": "teaser", "teaser": 2, "field": "title"}, {"text": "Imprint", "role": "boilerplate"},
]  # fmt: skip
GOLD = {"id": "g", "publisher": "example.org", "source": "web:ours", "url": "u", "language": "de", "lines": LINES,
        "story_topics": ["sport", "society"], "teaser_topics": {"1": ["science"]}}  # fmt: skip
TEXT = {
    "id": "t",
    "publisher": "example.com",
    "source": "ours",
    "kind": "story",
    "title": "A",
    "body": "B",
    "topics": ["sport"],
}


def write(path: Path, *rows: Any) -> Path:
    """Rows as JSON lines, gzip when the name says so; bytes are written as they are."""
    content = b"".join((row if isinstance(row, bytes) else orjson.dumps(row)) + b"\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def test_a_labelled_page_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path / "gold-pages-train.jsonl", GOLD)
    (page,) = corpus.gold_pages(tmp_path)
    assert (page.id, page.publisher, page.source, page.language) == ("g", "example.org", "web:ours", "de")
    assert page.lines[3] == LabelledLine("Moon lander", Role.TEASER, 1, "title")
    assert (page.story_topics, page.teaser_topics) == (("sport", "society"), {1: ("science",)})


def test_a_labelled_text_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path / "topics" / "modern.jsonl", TEXT)
    assert corpus.texts(tmp_path, "modern") == [LabelledText("t", "example.com", "ours", "story", "A", "B", ("sport",))]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_folder_and_single_file_plain_and_gzip_hold_the_same(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / "folder" / f"gold-pages-train{suffix}", GOLD, GOLD)
    write(tmp_path / "folder" / "topics" / f"modern{suffix}", TEXT)
    single = write(tmp_path / f"all{suffix}", GOLD, TEXT, GOLD)
    assert corpus.gold_pages(tmp_path / "folder") == corpus.gold_pages(single) != []
    assert corpus.texts(tmp_path / "folder", "modern") == corpus.texts(single, "modern", "silver") != []


def test_a_split_and_names_pick_their_files(tmp_path: Path) -> None:
    write(tmp_path / "gold-pages-dev.jsonl", GOLD)
    write(tmp_path / "topics" / "a.jsonl", TEXT)
    write(tmp_path / "topics" / "b.jsonl", TEXT | {"id": "2"})
    assert (len(corpus.gold_pages(tmp_path)), len(corpus.gold_pages(tmp_path, "dev"))) == (0, 1)
    assert [text.id for text in corpus.texts(tmp_path, "b", "a", "none")] == ["2", "t"]


def test_rows_without_labels_are_left_out(tmp_path: Path) -> None:
    rows = [
        {"id": "x"},
        TEXT | {"topics": []},
        TEXT | {"topics": None},
        GOLD | {"lines": []},
        {"id": "w", "lines": ["a", "b"]},
    ]
    path = write(tmp_path / "all.jsonl", *rows, b"", b"  ")
    assert corpus.gold_pages(path) == []
    assert corpus.texts(path) == []


def test_a_page_without_story_or_topics_is_a_page(tmp_path: Path) -> None:
    row = {"id": 5, "lines": LINES, "story_topics": None, "teaser_topics": None}
    (page,) = corpus.gold_pages(write(tmp_path / "all.jsonl", row))
    assert (page.id, page.publisher, page.language, page.story_topics, page.teaser_topics) == ("5", "", "en", None, {})


def test_missing_files_count_as_empty(tmp_path: Path) -> None:
    assert corpus.gold_pages(tmp_path) == []
    assert corpus.texts(tmp_path, "modern") == []
    assert list(corpus.plain_pages(tmp_path, "pages/train")) == []


def test_rows_of_a_file_come_as_they_are_in_order(tmp_path: Path) -> None:
    write(tmp_path / "pages" / "train.jsonl.gz", {"id": "1"}, {"id": "2"})
    assert list(corpus.rows_of(tmp_path, "pages/train")) == [{"id": "1"}, {"id": "2"}]


def test_pages_of_a_packed_file_come_in_order(tmp_path: Path) -> None:
    write(tmp_path / "pages" / "train.jsonl.gz", {"id": "1", "lines": ["a"]}, {"id": "2", "lines": ["b"]})
    assert [page.id for page in corpus.plain_pages(tmp_path, "pages/train")] == ["1", "2"]


@pytest.mark.parametrize(
    ("source", "kept"),
    [("mind", False), ("page:l3sgn1", False), ("a:b:agnews_test", False), ("dragnet", False), ("", True),
     ("mindful", True), ("mind:web", True), ("page:mind2", True), ("web:ours", True)],
)  # fmt: skip
def test_restricted_sources_are_left_out_by_the_part_after_the_last_colon(source: str, kept: bool) -> None:
    text = LabelledText("t", "p", source, "story", "A", "B", ("sport",))
    assert corpus.unrestricted([text]) == ([text] if kept else [])


def line(**fields: Any) -> dict[str, Any]:
    """A labelled page with one line."""
    return GOLD | {"lines": [{"text": "a", "role": "teaser", "teaser": 1} | fields]}


BAD_PAGES: list[tuple[Any, str]] = [
    (b"{", "not JSON: unexpected end of data (column 2); a row is a JSON object"),
    (b'"\xff"', "not JSON"),
    ([], "[] is no row; a row is a JSON object"),
    (None, "None is no row"),
    ("row", "'row' is no row"),
    ({"id": "g"}, "`lines` is None; it must be a list of objects with `text` and `role`"),
    (GOLD | {"lines": "text"}, "`lines` is 'text'; it must be a list of objects"),
    (GOLD | {"lines": [LINES[0], "text"]}, "line 2 of the page: 'text' must be an object with `text` and `role`"),
    (line(role="video"), "line 1 of the page: `role` is 'video'; it must be one of headline, dek, "),
    (line(role=[]), "line 1 of the page: `role` is []; it must be one of "),
    (line(text=5), "line 1 of the page: `text` is 5; it must be text"),
    (line(field="headline"), "line 1 of the page: `field` is 'headline'; it must be one of title, blurb, age, meta"),
    (line(teaser="1"), "line 1 of the page: `teaser` is '1'; it must be a whole number"),
    (line(teaser=True), "line 1 of the page: `teaser` is True; it must be a whole number"),
    (GOLD | {"lines": [{"role": "story"}]}, "line 1 of the page: `text` is missing; it must be text"),
    (GOLD | {"lines": [{"text": "a"}]}, "line 1 of the page: `role` is missing; it must be one of "),
    (GOLD | {"source": 5}, "`source` is 5; it must be text"),
    (GOLD | {"url": ["u"]}, "`url` is ['u']; it must be text"),
    (GOLD | {"language": 5}, "`language` is 5; it must be text"),
    (GOLD | {"teaser_topics": [["sport"]]}, "`teaser_topics` is [['sport']]; it must be an object"),
    (GOLD | {"teaser_topics": {"first": ["sport"]}}, "`teaser_topics` is {'first': ['sport']}; it must be an object"),
    (GOLD | {"teaser_topics": {"1": "sport"}}, "`1` is 'sport'; it must be a list of texts"),
    (GOLD | {"story_topics": "sport"}, "`story_topics` is 'sport'; it must be a list of texts"),
    (GOLD | {"story_topics": 5}, "`story_topics` is 5; it must be a list of texts"),
]


def refusal(read: Callable[[], object]) -> str:
    """The line it is refused with."""
    with pytest.raises(CorpusError) as error:
        read()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("row", "said"), BAD_PAGES, ids=[said for _, said in BAD_PAGES])
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_bad_page_row_is_told_by_file_line_and_what_is_wanted(
    tmp_path: Path, row: Any, said: str, suffix: str
) -> None:
    path = write(tmp_path / f"gold-pages-train{suffix}", GOLD, b"", b"null" if row is None else row)
    assert refusal(lambda: corpus.gold_pages(tmp_path)).startswith(f"{path}:3: {said}")


BAD_TEXTS: list[tuple[Any, str]] = [
    *((TEXT | {"topics": wrong}, f"`topics` is {wrong!r}; it must be a list of texts")
      for wrong in ("sport", 5, {"sport": 1}, [1], [["sport"]])),
    ({"id": "t", "title": "A"}, "`topics` is missing; it must be a list of texts"),
    (TEXT | {"title": 5}, "`title` is 5; it must be text"),
    (TEXT | {"body": ["B"]}, "`body` is ['B']; it must be text"),
    (TEXT | {"source": {}}, "`source` is {}; it must be text"),
    (TEXT | {"publisher": True}, "`publisher` is True; it must be text"),
    (TEXT | {"kind": "article"}, "`kind` is 'article'; it must be one of story, teaser"),
    ({"topics": ["sport"], "headline": "A"}, "`title` and `body` are missing; one of them must be there, as text"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "said"), BAD_TEXTS, ids=[said for _, said in BAD_TEXTS])
def test_a_bad_text_row_is_told_by_file_line_and_what_is_wanted(tmp_path: Path, row: Any, said: str) -> None:
    path = write(tmp_path / "topics" / "modern.jsonl", TEXT, row)
    assert refusal(lambda: corpus.texts(tmp_path, "modern")) == f"{path}:2: {said}"


PLAIN = {"id": "p", "source": "ours", "lines": ["Menu", "It rained."], "weak": [0, 1], "story": "It rained."}


def test_a_page_without_labels_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path / "pages" / "train.jsonl", PLAIN, {"lines": []})
    assert list(corpus.plain_pages(tmp_path, "pages/train")) == [
        PlainPage("p", "", "ours", "", ("Menu", "It rained."), "", (False, True), "It rained."),
        PlainPage("", "", "", "", (), "", None, None),
    ]


def test_of_a_single_file_the_rows_whose_lines_are_texts_are_pages_without_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", GOLD, TEXT, PLAIN)
    assert [page.id for page in corpus.plain_pages(path, "pages/dev")] == ["p"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "p"}, "`lines` is missing; it must be a list of texts"),
        (PLAIN | {"lines": ["a", 5]}, "`lines` is ['a', 5]; it must be a list of texts"),
        (PLAIN | {"weak": [1]}, "`weak` is [1]; it must be a list of 0 and 1, one for each of 2 lines"),
        (PLAIN | {"story": 5}, "`story` is 5; it must be text"),
    ],
)
def test_a_bad_row_of_a_page_without_labels_is_told(tmp_path: Path, row: Any, said: str) -> None:
    path = write(tmp_path / "pages" / "train.jsonl", row)
    assert refusal(lambda: list(corpus.plain_pages(tmp_path, "pages/train"))) == f"{path}:1: {said}"


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"{}" * 50, mtime=0)[:-12], gzip.compress(b"{}", mtime=0)[:10] + b"\xff" * 9]
)
def test_a_damaged_gzip_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gold-pages-train.jsonl.gz"
    path.write_bytes(content)
    assert refusal(lambda: corpus.gold_pages(tmp_path)).startswith(f"{path}: cannot be read: ")


def page() -> LabelledPage:
    lines = tuple(LabelledLine(row["text"], Role(row["role"]), row.get("teaser"), row.get("field")) for row in LINES)
    return LabelledPage("g", "example.org", "web:ours", "u", "en", lines, ("sport",), {1: ("science",)})


def test_the_true_parts_of_a_page_are_texts() -> None:
    assert list(corpus.page_texts([page()])) == [
        LabelledText("g/teaser/1", "example.org", "web:ours", "teaser", "Moon lander lands", "It did.", ("science",)),
        LabelledText(
            "g/story", "example.org", "web:ours", "story", "Cup final", "It was long.\n\nIt ended.", ("sport",)
        ),
    ]


def test_a_teaser_without_topics_is_no_text() -> None:
    bare = replace(page(), story_topics=(), teaser_topics={1: (), 2: ("science",)})
    assert [text.id for text in corpus.page_texts([bare])] == ["g/teaser/2"]


def test_the_digest_names_rows_and_their_order() -> None:
    rows = [page(), LabelledText("t", "p", "s", "story", "A", "B", ("sport",))]
    assert corpus.digest(rows) == corpus.digest(iter(rows))
    assert len({corpus.digest(rows), corpus.digest(rows[::-1]), corpus.digest(rows[:1]), corpus.digest([])}) == 4
