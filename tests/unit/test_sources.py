"""Pages on disk and standard input: each becomes a record as of Kafka, and bad files are told in one line."""

import codecs
import errno
import gzip
import io
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from models.errors import PageError, SettingsError
from scripts.sources import count_bytes, raw_records
from streams.records import RawRecord, decode

PLAIN = (("content-type", b"text/plain"),)
ROW = b'{"url": "https://example.org/a", "text": "A"}'


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a file below the test's folder and return its path."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


Put = Callable[[str, bytes], Path]


def read(*names: object, url: str | None = None) -> list[RawRecord]:
    return list(raw_records([str(name) for name in names], url))


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    return lambda content: monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


def test_a_text_file_is_one_plain_page_with_its_file_uri_as_url(put: Put) -> None:
    path = put("a page.txt", b"caf\xe9\r\nline")
    assert read(path) == [RawRecord(str(path), 1, 0, path.as_uri().encode(), b"caf\xe9\r\nline", PLAIN)]


def test_a_url_that_is_given_names_the_plain_page(put: Put) -> None:
    assert read(put("a.txt", b"A"), url="https://example.org/ü")[0].key == "https://example.org/ü".encode()


def test_a_jsonl_file_is_a_page_a_line_named_by_its_number(put: Put) -> None:
    path = put("a.jsonl", ROW + b"\r\n\n  \n" + b"broken\n" + ROW)
    assert read(path, url="ignored") == [
        RawRecord(str(path), 1, 0, b"https://example.org/a", ROW),
        RawRecord(str(path), 4, 0, None, b"broken"),
        RawRecord(str(path), 5, 0, b"https://example.org/a", ROW),
    ]
    assert read(path)[1].source == f"{path}/4/0"


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b"[]",
        b"5",
        b'"url"',
        b"{}",
        b'{"url": 5}',
        b'{"url": null}',
        b'{"url": "\\ud800"}',
        b"[" * 2000,
        b"\xff",
    ],
)
def test_a_line_that_is_no_page_goes_through_without_a_key(put: Put, line: bytes) -> None:
    (record,) = read(put("a.jsonl", line))
    assert (record.key, record.value) == (None, line)
    with pytest.raises(PageError):
        decode(record, 10_000)


def test_gzip_and_plain_json_lines_are_the_same_pages(put: Put) -> None:
    plain, packed = put("a.jsonl", ROW + b"\n" + ROW), put("b.jsonl.gz", gzip.compress(ROW + b"\n" + ROW))
    assert [record.value for record in read(plain)] == [record.value for record in read(packed)] == [ROW, ROW]


def test_a_byte_order_mark_stays_and_hides_no_url(put: Put) -> None:
    """It is for the worker to take off: what is in a file goes as it is."""
    marked = codecs.BOM_UTF8 + ROW
    for name in ("a.json", "a.jsonl"):
        (record,) = read(put(name, marked))
        assert (record.key, record.value) == (b"https://example.org/a", marked)
        assert decode(record, 10_000).url == "https://example.org/a"


def test_a_json_file_is_one_page_over_many_lines(put: Put) -> None:
    (record,) = read(put("a.json", ROW.replace(b", ", b",\n")))
    assert decode(record, 10_000).url == "https://example.org/a"


def test_a_folder_is_searched_in_order_and_hidden_files_are_left_alone(put: Put, tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/.hidden", ".git/config", "c.jsonl"):
        put(name, ROW)
    assert [Path(record.topic).relative_to(tmp_path).as_posix() for record in read(tmp_path)] == [
        "a/z.txt",
        "b.txt",
        "c.jsonl",
    ]


def test_a_folder_that_is_itself_hidden_is_read(put: Put) -> None:
    assert len(read(put(".pages/a.txt", b"A").parent)) == 1


def test_an_empty_folder_and_no_name_give_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) == read() == []


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (ROW + b"\n" + ROW, [ROW, ROW]), (b"\n  " + ROW, [b"  " + ROW]),
        (b"\xef\xbb\xbf" + ROW, [b"\xef\xbb\xbf" + ROW]),
        (b"Headline\n{not json}", [b"Headline\n{not json}"]), (b"", [b""]),
    ],
)  # fmt: skip
def test_standard_input_is_json_lines_or_a_pages_text(
    stdin: Callable[[bytes], None], content: bytes, values: list[bytes]
) -> None:
    stdin(content)
    assert [record.value for record in read("-")] == values


def test_standard_input_that_is_text_is_a_plain_page(stdin: Callable[[bytes], None]) -> None:
    stdin(b"Headline")
    assert read("-", url="u") == [RawRecord("stdin", 1, 0, b"u", b"Headline", PLAIN)]


def test_standard_input_that_is_closed_or_no_file_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SettingsError, match="standard input is closed; name a file"):
        read("-")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Folder()))
    with pytest.raises(click.ClickException, match="standard input: Is a directory"):
        read("-")


class Folder(io.RawIOBase):
    """Stands in for a folder as standard input."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def test_a_url_that_is_no_text_is_refused_before_anything_is_read() -> None:
    with pytest.raises(SettingsError, match=r"--url .* is not UTF-8"):
        read("absent.txt", url="http://x/\udcff")


def test_a_file_that_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=r"absent\.txt: No such file or directory"):
        read(tmp_path / "absent.txt")


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(ROW * 50, mtime=0)[:-12], gzip.compress(ROW, mtime=0)[:10] + b"\xff" * 30],
    ids=["another format", "cut short", "garbled"],
)
def test_a_damaged_gzip_file_is_told_in_one_line(put: Put, content: bytes) -> None:
    path = put("a.jsonl.gz", content)
    with pytest.raises(click.ClickException) as error:
        read(path)
    assert error.value.message.startswith(f"{path}: ")
    assert "\n" not in error.value.message


def test_what_stands_before_the_damage_and_in_other_files_is_read_all_the_same(
    put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = gzip.compress(ROW + b"\n" + random.Random(0).randbytes(100_000).hex().encode(), mtime=0)[:-1000]
    put("a.txt", b"A")
    put("b.jsonl.gz", cut)
    put("c.txt", b"C")
    unread: list[str] = []
    found = list(raw_records([str(tmp_path / "absent.txt"), str(tmp_path)], unread=unread))
    assert [record.value for record in found] == [b"A", ROW, b"C"]
    named = [line.partition(": ")[0] for line in unread]
    assert named == [str(tmp_path / name) for name in ("absent.txt", "b.jsonl.gz")]
    assert capsys.readouterr().err == "".join(f"Error: {line}\n" for line in unread)


def test_bytes_are_counted_for_files_and_folders_but_not_for_a_pipe(put: Put, tmp_path: Path) -> None:
    one, two = put("a.txt", b"12345"), put("sub/b.txt", b"123")
    assert count_bytes([str(one), str(two)]) == count_bytes([str(tmp_path)]) == 8
    assert count_bytes([str(one), "-"]) is None


def test_counting_leaves_it_to_reading_to_complain(tmp_path: Path) -> None:
    """The bar is made first: it must not end in a traceback what reading tells in one line."""
    assert count_bytes([str(tmp_path / "absent.txt")]) == 0


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such file names")
def test_a_file_name_that_is_no_text_still_names_its_page(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(path, "wb") as file:
        file.write(b"A")
    (record,) = read(tmp_path)
    assert record.source.encode("utf8").endswith("caf\ufffd.txt/1/0".encode())
    assert (record.key or b"").endswith(b"/caf%E9.txt")
