"""What holds for any bytes of a record and the models that come with newsieve: no error, no line twice, valid parts."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import store
from models.page import Page
from models.tagger import Tagger, load_tagger
from streams.outcomes import Result, results_of
from streams.records import RawRecord

AT = "2026-01-05T10:00:00Z"
MAX_PAGE_BYTES = 4000
PIECES = (
    "Ferry runs again after storm", "By Ida Holm", "2 hours ago", "Most read", "The ferry left at dawn, he said.",
    "\u2028", "\u202e", "\x00", "\r", "\ufeff", "a" * 300, "😀" * 20, "<b>bold</b>", "&amp;", "東京で雨",
    "الطقس اليوم", "vor 3 Stunden", "99999999999999999999 hours ago", "0 hours ago", "31 February 2024",
    "https://example.org/?q=%00", "|", "…", "- - -",
)  # fmt: skip
lines = st.sampled_from(PIECES) | st.text(max_size=40)
texts = st.lists(lines, max_size=20).map("\n".join)
dates = st.sampled_from([None, "", AT, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "soon"])
pages = st.fixed_dictionaries({"url": st.text(max_size=30), "text": texts, "fetched_at": dates})
values = pages.map(orjson.dumps) | texts.map(str.encode) | st.binary(max_size=200)
plain = st.booleans()


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return load_tagger(store.SHIPPED)


def result_of(value: bytes, is_plain: bool, tagger: Tagger) -> Result:
    headers = (("content-type", b"text/plain"),) if is_plain else ()
    raw = RawRecord("pages.raw", 0, 0, b"https://example.org/", value, headers)
    return results_of([raw], tagger, MAX_PAGE_BYTES)[0]


@settings(max_examples=100)
@given(value=values, is_plain=plain)
def test_no_page_is_a_bug(tagger: Tagger, value: bytes, is_plain: bool) -> None:
    result = result_of(value, is_plain, tagger)
    assert getattr(result.page, "slug", "") != "bug", result.page
    assert orjson.loads(result.done(AT).value or b"")["outcome"] == result.outcome


@settings(max_examples=60)
@given(value=pages.map(orjson.dumps))
def test_every_part_is_valid_and_made_of_lines_of_its_page_each_used_once(
    tagger: Tagger, valid_part: Any, value: bytes
) -> None:
    result = result_of(value, False, tagger)
    if isinstance(result.page, Page):
        given_lines = result.page.text.split("\n")
        parts = {part["id"]: part for part in (valid_part(record.value or b"") for record in result.records(AT))}
        claimed = [number for part in parts.values() for numbers in part["lines"].values() for number in numbers]
        assert len(parts) == len(result.parts)
        assert len(claimed) == len(set(claimed))
        assert set(claimed) <= set(range(1, len(given_lines) + 1))
        assert sum(part["kind"] == "story" for part in parts.values()) <= 1
        for part in parts.values():
            assert not part["headline"] or part["headline"] == given_lines[part["lines"]["headline"][0] - 1]
