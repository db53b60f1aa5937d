"""The corpus reader: folder or single file, plain or gzip, and a bad row is named by file and line."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from models import corpus
from models.corpus import LabelledLine, LabelledPage, LabelledText
from models.errors import CorpusError
from models.page import Role

LINES = [
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
    assert list(corpus.rows_of(tmp_path, "pages/train")) == []


def test_rows_of_a_file_come_as_they_are_in_order(tmp_path: Path) -> None:
    write(tmp_path / "pages" / "train.jsonl.gz", {"id": "1"}, {"id": "2"})
    assert list(corpus.rows_of(tmp_path, "pages/train")) == [{"id": "1"}, {"id": "2"}]


@pytest.mark.parametrize(
    ("source", "kept"),
    [("mind", False), ("page:l3sgn1", False), ("a:b:agnews_test", False), ("dragnet", False), ("", True),
     ("mindful", True), ("mind:web", True), ("page:mind2", True), ("web:ours", True)],
)  # fmt: skip
def test_restricted_sources_are_left_out_by_the_part_after_the_last_colon(source: str, kept: bool) -> None:
    text = LabelledText("t", "p", source, "story", "A", "B", ("sport",))
    assert corpus.unrestricted([text]) == ([text] if kept else [])


BAD: list[tuple[str, Any]] = [
    ("not JSON", b"{"), ("not UTF-8", b'"\xff"'), ("a list", []), ("null", None), ("a string", "row"),
    ("a role that is none", GOLD | {"lines": [{"text": "a", "role": "video"}]}),
    ("a line without role", GOLD | {"lines": [{"text": "a"}]}),
    ("a line without text", GOLD | {"lines": [{"role": "story"}]}),
    ("a line that is a string", GOLD | {"lines": [LINES[0], "text"]}),
    ("teaser topics in a list", GOLD | {"teaser_topics": [["sport"]]}),
    ("teaser topics of no teaser", GOLD | {"teaser_topics": {"first": ["sport"]}}),
    ("a teaser topic that is a string", GOLD | {"teaser_topics": {"1": "sport"}}),
    ("a story topic that is a string", GOLD | {"story_topics": "sport"}),
    ("story topics that are none", GOLD | {"story_topics": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "row"), BAD, ids=[name for name, _ in BAD])
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_bad_page_row_is_named_by_file_and_line(tmp_path: Path, name: str, row: Any, suffix: str) -> None:
    path = write(tmp_path / f"gold-pages-train{suffix}", GOLD, b"", row)
    with pytest.raises(CorpusError) as error:
        corpus.gold_pages(tmp_path)
    assert str(error.value).startswith(f"{path}:3: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("topics", ["sport", 5, {"sport": 1}, [1], [["sport"]]])
def test_a_bad_text_row_is_named_by_file_and_line(tmp_path: Path, topics: Any) -> None:
    path = write(tmp_path / "topics" / "modern.jsonl", TEXT, TEXT | {"topics": topics})
    with pytest.raises(CorpusError) as error:
        corpus.texts(tmp_path, "modern")
    assert str(error.value).startswith(f"{path}:2: ")


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


def test_the_digest_names_rows_and_their_order() -> None:
    rows = [page(), LabelledText("t", "p", "s", "story", "A", "B", ("sport",))]
    assert corpus.digest(rows) == corpus.digest(iter(rows))
    assert len({corpus.digest(rows), corpus.digest(rows[::-1]), corpus.digest(rows[:1]), corpus.digest([])}) == 4
