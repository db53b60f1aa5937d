"""Dead letters read back: replayed byte for byte, with every header and one more."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import raw
from hypothesis import given
from hypothesis import strategies as st

from models.errors import PageError
from streams.deadletters import read_letter
from streams.records import RawRecord, Record, dead_record

header_names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.just("newsieve-attempts-not")
raws = st.builds(
    RawRecord,
    topic=st.just("pages.raw"), partition=st.integers(0, 9), offset=st.integers(0, 9),
    key=st.none() | st.binary(max_size=9), value=st.none() | st.binary(max_size=30),
    headers=st.lists(st.tuples(header_names, st.none() | st.binary(max_size=9)), max_size=4).map(tuple),
)  # fmt: skip


def consumed(record: Record, offset: int = 0) -> Any:
    """A record as aiokafka gives it to a consumer."""
    return SimpleNamespace(
        topic=record.topic, partition=1, offset=offset, key=record.key, value=record.value, headers=record.headers,
        timestamp=1_767_607_200_000,
    )  # fmt: skip


def dead(record: RawRecord, detail: str = "broken") -> Any:
    return consumed(dead_record("pages.dead", record, PageError("not-json", detail)))


@given(record=raws)
def test_a_replay_is_the_record_that_came_with_the_number_of_attempts_added(record: RawRecord) -> None:
    assert read_letter(dead(record)).replay() == Record(
        "pages.raw", record.key, record.value, (*record.headers, ("newsieve-attempts", b"1"))
    )


def test_attempts_count_on_over_replays_in_a_single_header() -> None:
    record = raw(b"x", content_type=b"text/plain")
    for attempt in (1, 2, 3):
        replayed = read_letter(dead(record)).replay()
        assert replayed.headers == (("content-type", b"text/plain"), ("newsieve-attempts", b"%d" % attempt))
        record = replace(record, headers=replayed.headers)


def test_a_letter_says_why_and_where_from() -> None:
    letter = read_letter(dead(raw(b"x", offset=4), "ünlesbar"))
    assert (letter.error, letter.detail, letter.source) == ("not-json", "ünlesbar", "pages.raw/3/4")
    assert (letter.letter.topic, letter.letter.partition, letter.at_ms) == ("pages.dead", 1, 1_767_607_200_000)


@pytest.mark.parametrize(
    "headers",
    [
        (), (("error", None), ("original-headers", None)), (("error", b"\xff"), ("original-headers", b"{")),
        (("original-headers", b"5"),), (("original-headers", b"null"),), (("original-headers", b'[["a"]]'),),
        (("original-headers", b'[["a", "not base 64!"]]'),), (("original-headers", b'{"ab": 1}'),),
        (("original-headers", b'[["a", 1]]'),), (("original-headers", b"[5]"),), (("original-headers", b'["abc"]'),),
    ],
)  # fmt: skip
def test_a_letter_with_headers_that_make_no_sense_is_read_without_them(headers: Any) -> None:
    letter = read_letter(consumed(Record("pages.dead", b"k", b"v", headers)))
    assert letter.original_headers == ()
    assert letter.replay() == Record("pages.raw", b"k", b"v", (("newsieve-attempts", b"1"),))


def test_header_names_that_are_no_text_can_still_be_replayed() -> None:
    letter = read_letter(consumed(Record("pages.dead", b"k", b"v", (("original-headers", b"[[1, null]]"),))))
    assert all(isinstance(name, str) for name, _ in letter.replay().headers)


@pytest.mark.parametrize("given_attempts", [b"", b"many", b"-1", b"\xff", None, "٣".encode()])
def test_a_number_of_attempts_that_is_none_counts_as_none(given_attempts: bytes | None) -> None:
    record = RawRecord("pages.raw", 0, 0, b"k", b"v", (("newsieve-attempts", given_attempts),))
    assert dict(read_letter(dead(record)).replay().headers) == {"newsieve-attempts": b"1"}
