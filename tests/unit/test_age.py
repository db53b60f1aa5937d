"""Printed ages: relative ones are resolved in the languages of most feeds, others are left as they are."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.age import UNIT_OF_WORD, parse_rfc3339, resolve, rfc3339

FETCHED = "2026-01-05T20:00:00Z"


@pytest.mark.parametrize(
    ("printed", "published_at"),
    [
        ("15 hours ago", "2026-01-05T05:00:00Z"), ("1 hour ago", "2026-01-05T19:00:00Z"),
        ("an hour ago", "2026-01-05T19:00:00Z"), ("A minute ago", "2026-01-05T19:59:00Z"),
        ("Updated 3 hrs ago", "2026-01-05T17:00:00Z"), ("2d", "2026-01-03T20:00:00Z"),
        ("30min", "2026-01-05T19:30:00Z"),
        ("3 weeks ago", "2025-12-15T20:00:00Z"), ("· 5h ·", "2026-01-05T15:00:00Z"), ("0 minutes ago", FETCHED),
        ("yesterday", "2026-01-04T20:00:00Z"), ("45 seconds ago", "2026-01-05T19:59:15Z"),
        ("vor 2 Tagen", "2026-01-03T20:00:00Z"), ("vor einer Stunde", "2026-01-05T19:00:00Z"),
        ("vor 5 Std.", "2026-01-05T15:00:00Z"), ("Gestern", "2026-01-04T20:00:00Z"),
        ("hace 3 horas", "2026-01-05T17:00:00Z"), ("hace una hora", "2026-01-05T19:00:00Z"),
        ("hace 2 días", "2026-01-03T20:00:00Z"), ("il y a 2 jours", "2026-01-03T20:00:00Z"),
        ("il y a une heure", "2026-01-05T19:00:00Z"), ("2 giorni fa", "2026-01-03T20:00:00Z"),
        ("há 3 dias", "2026-01-02T20:00:00Z"), ("4 uur geleden", "2026-01-05T16:00:00Z"),
    ],
)  # fmt: skip
def test_a_relative_age_is_resolved_against_the_time_the_page_was_fetched(printed: str, published_at: str) -> None:
    assert resolve(printed, FETCHED) == published_at
    assert resolve(printed, None) is None
    assert resolve(printed, "not a time") is None


@pytest.mark.parametrize(
    "printed",
    [
        "May 3", "3 May 2024", "2024-05-03", "05/03/2024", "12:30", "Monday", "2 months ago", "a year ago",
        "2 years", "", " ", "ago", "hours ago", "some hours ago", "for 3 hours", "in 3 hours", "3 hours of rain",
        "5 km", "99999 hours ago",
        "1.5 hours ago", "3 hours ago by Ida", "²h", "1 2 hours ago", "½ hour ago", "x" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_relative_age_is_not_resolved(printed: str) -> None:
    assert resolve(printed, FETCHED) is None


@pytest.mark.parametrize("word", ["and", "am", "as", "ah", "ad", "uns", "oned", "unas", "And", "(am)"])
def test_a_word_that_begins_like_a_number_word_is_no_age(word: str) -> None:
    """ "and" is not "an d", a day ago."""
    assert resolve(word, FETCHED) is None


def test_an_exact_time_is_given_in_utc_whenever_the_page_was_fetched() -> None:
    assert resolve("2026-01-05T10:00:00+05:30", None) == "2026-01-05T04:30:00Z"


@pytest.mark.parametrize(
    ("printed", "fetched_at"),
    [("9999 weeks ago", "0101-01-05T20:00:00Z"), ("yesterday", "0001-01-01T00:00:00Z"),
     ("0001-01-01T00:00:00+14:00", None), ("9999-12-31T23:59:59-01:00", FETCHED),
     ("1 hour ago", "0001-01-01T00:00:00+14:00")],
)  # fmt: skip
def test_a_time_outside_the_calendar_is_unknown(printed: str, fetched_at: str | None) -> None:
    assert resolve(printed, fetched_at) is None


@given(
    st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", fullmatch=True),
    st.text(max_size=30),
)
def test_nonsense_is_unknown_and_no_error(printed: str, fetched_at: str) -> None:
    for time in (fetched_at, FETCHED, None):
        found = resolve(printed, time)
        assert found is None or parse_rfc3339(found) is not None


numbers = st.integers(0, 9999)


@given(numbers, st.sampled_from(sorted(UNIT_OF_WORD)))
def test_a_number_and_a_unit_is_never_younger_than_the_page(count: int, unit: str) -> None:
    found = resolve(f"{count} {unit}", FETCHED)
    assert found is not None
    assert found <= FETCHED


@pytest.mark.parametrize(
    "text",
    ["2026-01-05T10:00:00Z", "2026-01-05t10:00:00z", "2026-01-05T11:00:00+01:00", "2026-01-05T10:00:00.000Z",
     "2026-01-05T10:00:00.000000000Z", "2026-01-05T10:00:00-00:00"],
)  # fmt: skip
def test_every_spelling_of_rfc_3339_is_read(text: str) -> None:
    assert parse_rfc3339(text) == datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "2026-01-05", "2026-01-05T10:00Z", "2026-01-05T10:00:00", "2026-02-30T10:00:00Z", "2026-01-05T25:00:00Z",
     "2026-01-05T10:00:00Z\n", " 2026-01-05T10:00:00Z", "2026-01-05T10:00:00+0100", "2026-01-05T10:00:00+24:00",
     "２０２６-01-05T10:00:00Z", "20260105T100000Z", "2026-W01-1T10:00:00Z", "2026-01-05 10:00:00Z",
     "2026-01-05T10:00:00+05:99", "2026-01-05T10:00:00,5Z"],
)  # fmt: skip
def test_what_rfc_3339_does_not_allow_is_not_read(text: str) -> None:
    assert parse_rfc3339(text) is None


@given(st.datetimes(timezones=st.timezones()))
def test_a_written_time_is_read_back_to_the_second(moment: datetime) -> None:
    try:
        written = rfc3339(moment)
    except OverflowError:
        return  # a zone can put the first and last day outside of the calendar
    assert parse_rfc3339(written) == moment.astimezone(UTC).replace(microsecond=0)
