"""Dead letters read back: replayed byte for byte, with every header and one more."""

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import raw
from hypothesis import given
from hypothesis import strategies as st

from models.errors import PageError
from streams.deadletters import MOST_SINGLES, WORD_LETTERS, Replayed, read_letter
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


@pytest.mark.parametrize("given_attempts", [b"", b"many", b"-1", b"\xff", None, "٣".encode(), b"9" * 5000])
def test_a_number_of_attempts_that_is_none_counts_as_none(given_attempts: bytes | None) -> None:
    record = RawRecord("pages.raw", 0, 0, b"k", b"v", (("newsieve-attempts", given_attempts),))
    assert dict(read_letter(dead(record)).replay().headers) == {"newsieve-attempts": b"1"}


@given(
    end=st.integers(0, 2**40),
    places=st.frozensets(st.integers(0, 3000)) | st.frozensets(st.integers(0, MOST_SINGLES - 1), max_size=20),
)
def test_what_was_put_back_is_the_same_after_a_stay_in_kafka(end: int, places: frozenset[int]) -> None:
    ours = Replayed(end).and_these({end + place for place in places})
    assert ours.singles == {end + place for place in places}
    assert Replayed.read(end, ours.word()) == ours


def test_single_letters_are_put_back_once_beside_all_those_before_the_mark() -> None:
    ours = Replayed(10).and_these([3, 12, 15])
    assert [offset for offset in range(20) if ours.has(offset)] == [*range(10), 12, 15]
    later = ours.up_to(14)
    assert (later.end, later.singles) == (14, frozenset({15}))
    assert later.up_to(5) == later, "a mark does not go back"


def test_more_single_letters_than_kafka_has_room_for_are_remembered_as_far_as_they_go() -> None:
    odd = random.Random(5)
    many = [offset for offset in range(100_000) if odd.random() < 0.5]
    ours = Replayed().and_these(many)
    assert len(ours.word()) <= WORD_LETTERS
    assert ours.singles == set(many[: len(ours.singles)])
    assert len(ours.singles) > 5_000
    assert Replayed().and_these(range(100_000)).singles == set(range(100_000)), "all in a row take no room"


@pytest.mark.parametrize("word", ["", "*", "eJw=", "AAAA", "none", "é"])
def test_metadata_that_make_no_sense_say_nothing(word: str) -> None:
    assert Replayed.read(4, word) == Replayed(4)
