"""Records at the edge: every slug comes from its own bad input and from nothing else, and nothing is lost."""

import base64
from typing import Any

import orjson
import pytest
from fakes import raw

from models.errors import SLUGS, PageError
from models.page import Page
from streams.records import RawRecord, dead_record, decode, done_record, make_page, page_of

MAX_PAGE_BYTES = 4_000_000
PLAIN = b"text/plain"
TEXT = "Harbour reopens\n\nThe harbour opened again on Monday."


def json_page(**changes: Any) -> bytes:
    """A good page with some of its fields changed; a field that is `...` is left out."""
    fields = {"url": "https://example.org/a", "text": TEXT, **changes}
    return orjson.dumps({name: value for name, value in fields.items() if value is not ...})


BAD: dict[str, tuple[str, RawRecord]] = {
    "bytes that are no text": ("not-utf8", raw(b'{"url": "u", "text": "caf\xe9"}')),
    "a surrogate encoded as UTF-8": ("not-utf8", raw(b'{"url": "u", "text": "\xed\xa0\x80"}')),
    "plain bytes that are no text": ("not-utf8", raw(b"caf\xe9", content_type=PLAIN)),
    "a plain page's key that is no text": ("not-utf8", raw(b"text", key=b"\xff\xfe", content_type=PLAIN)),
    "UTF-16": ("not-utf8", raw(TEXT.encode("utf-16"), content_type=PLAIN)),
    "broken JSON": ("not-json", raw(b'{"url": "u", "text": "x"')),
    "no bytes": ("not-json", raw(b"")),
    "plain text without its header": ("not-json", raw(TEXT.encode())),
    "two JSON values": ("not-json", raw(b"{} {}")),
    "deep nesting": ("not-json", raw(b"[" * 200_000)),
    "deep nesting, closed": ("not-json", raw(b"[" * 100_000 + b"]" * 100_000)),
    "a lone surrogate": ("not-json", raw(rb'{"url": "u", "text": "\ud800"}')),
    "not a number": ("not-json", raw(b"NaN")),
    "null": ("not-page", raw(b"null")),
    "a list": ("not-page", raw(b'["u", "t"]')),
    "a number": ("not-page", raw(b"1")),
    "a string": ("not-page", raw(b'"text"')),
    "true": ("not-page", raw(b"true")),
    "no url": ("not-page", raw(json_page(url=...))),
    "a null url": ("not-page", raw(json_page(url=None))),
    "no text": ("not-page", raw(json_page(text=...))),
    "a list of lines": ("not-page", raw(json_page(text=["a", "b"]))),
    "a number as url": ("not-page", raw(json_page(url=5))),
    "a number as id": ("not-page", raw(json_page(id=7))),
    "a boolean as id": ("not-page", raw(json_page(id=False))),
    "a number as time": ("not-page", raw(json_page(fetched_at=1767607200))),
    "a date as time": ("not-page", raw(json_page(fetched_at="2026-01-05"))),
    "a time without offset": ("not-page", raw(json_page(fetched_at="2026-01-05T10:00:00"))),
    "a month that is none": ("not-page", raw(json_page(fetched_at="2026-13-05T10:00:00Z"))),
    "an offset that is none": ("not-page", raw(json_page(fetched_at="2026-01-05T10:00:00+05:99"))),
    "a time with a blank": ("not-page", raw(json_page(fetched_at="2026-01-05 10:00:00Z"))),
    "plain text without a key": ("not-page", raw(b"text", key=None, content_type=PLAIN)),
    "an endless url": ("not-page", raw(json_page(url="https://example.org/" + "a" * 1_500_000))),
    "an endless id": ("not-page", raw(json_page(id="a" * 1_500_000))),
    "a tombstone": ("no-value", raw(None)),
    "a tombstone without key": ("no-value", raw(None, key=None)),
    "empty text": ("no-text", raw(json_page(text=""))),
    "nothing but space": ("no-text", raw(json_page(text=" \t\r\n\u00a0\u3000\n"))),
    "a byte order mark alone": ("no-text", raw(json_page(text="\ufeff\n"))),
    "a million empty lines": ("no-text", raw(json_page(text="\n" * 1_000_000))),
    "an empty plain page": ("no-text", raw(b"", content_type=PLAIN)),
    "one byte too many": ("too-large", raw(b" " * (MAX_PAGE_BYTES + 1))),
    "too large to look at": ("too-large", raw(b"\xff" * (MAX_PAGE_BYTES + 1), content_type=PLAIN)),
    "HTML as JSON text": ("is-html", raw(json_page(text="<!DOCTYPE html>\n<html><body><p>Hi</p>"))),
    "HTML as plain text": ("is-html", raw(b"\n <HTML lang=en>\n<body>\nHi", content_type=PLAIN)),
    "HTML by its header": ("is-html", raw(TEXT.encode(), content_type=b"text/html")),
    "HTML by an odd header": ("is-html", raw(b"\xff", content_type=b" Text/HTML ; charset=latin-1")),
    "a fragment of HTML": ("is-html", raw(json_page(text="<div>\n  <p>One.</p>\n  <p>Two.</p>\n</div>"))),
    "HTML among words": ("is-html", raw(json_page(text="<div>\nA word.\n<p>More</p>\nAnother."))),
    "XHTML": ("is-html", raw(json_page(text='<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">'))),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_each_bad_input_dies_of_its_own_slug(name: str) -> None:
    slug, record = BAD[name]
    with pytest.raises(PageError) as error:
        decode(record, MAX_PAGE_BYTES)
    assert error.value.slug == slug
    assert error.value.detail
    assert "\n" not in error.value.detail
    assert len(error.value.detail) < 300


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        (json_page(text=...), "'text' is missing"),
        (json_page(url=...), "'url' is missing"),
        (b"{}", "'url' is missing"),
        (json_page(text=None), "'text' must be a string, not null"),
        (json_page(url=5), "'url' must be a string, not number"),
    ],
)
def test_a_field_that_is_missing_is_told_apart_from_one_of_another_type(record: bytes, detail: str) -> None:
    with pytest.raises(PageError) as error:
        decode(raw(record), MAX_PAGE_BYTES)
    assert error.value.detail == detail


def test_every_slug_but_that_of_our_own_bugs_has_its_input() -> None:
    assert {slug for slug, _ in BAD.values()} == set(SLUGS) - {"bug"}


GOOD = {
    "plain": raw(TEXT.encode(), content_type=PLAIN),
    "plain, with charset and odd case": raw(TEXT.encode(), Content_Type=b" Text/Plain;charset=UTF-8 "),
    "plain, after a byte order mark": raw(b"\xef\xbb\xbf" + TEXT.encode(), content_type=PLAIN),
    "JSON": raw(json_page(), key=None),
    "JSON whose key is no text": raw(json_page(), key=b"\xff"),
    "JSON after a byte order mark": raw(b"\xef\xbb\xbf" + json_page()),
    "JSON whose text starts with a byte order mark": raw(json_page(text="\ufeff" + TEXT)),
    "JSON of a type we do not know": raw(json_page(), content_type=b"application/json; charset=utf-8"),
    "JSON with an empty header": RawRecord("pages.raw", 0, 0, None, json_page(), (("content-type", None),)),
    "JSON with more in it": raw(json_page(title="Harbour", tags=[1])),
    "JSON without id and time": raw(json_page(id=None, fetched_at=None)),
    "JSON with an empty id": raw(json_page(id="")),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_same_page_gets_the_same_id_however_it_is_written(name: str) -> None:
    assert decode(GOOD[name], MAX_PAGE_BYTES) == decode(raw(json_page()), MAX_PAGE_BYTES)


def test_a_page_without_id_sent_twice_gets_the_same_id_and_another_text_or_url_another() -> None:
    pages = [page_of({"url": url, "text": text}) for url, text in (("u", "a"), ("u", "a"), ("u", "b"), ("v", "a"))]
    assert [page.id == pages[0].id for page in pages] == [True, True, False, False]


def test_url_and_text_that_run_together_do_not_share_an_id() -> None:
    assert page_of({"url": "ab", "text": "c"}).id != page_of({"url": "a", "text": "bc"}).id


def test_a_page_keeps_what_it_said_of_itself() -> None:
    page = page_of({"url": "u", "text": TEXT, "id": "mine", "fetched_at": "2026-01-05T10:00:00.25+01:00"})
    assert page == Page("mine", "u", TEXT, "2026-01-05T10:00:00.25+01:00")


def test_a_page_of_just_the_largest_size_is_taken() -> None:
    value = json_page()
    assert decode(raw(value), len(value)).text == TEXT


def test_line_separators_other_than_newline_stay_in_the_text() -> None:
    text = "one\u2028still one\x0b\x0c\x85\rstill\n\ntwo"
    assert decode(raw(text.encode(), content_type=PLAIN), MAX_PAGE_BYTES).text == text


@pytest.mark.parametrize(
    "text",
    [
        "How to close a <div>\nThe tag <p> opens a paragraph.\n<br>\nIt needs no end.\nBrowsers add it.\nAlways.",
        "x < y\n<3 from all of us",
        "<quote of the day>: nothing is <i>that</i> simple\nA line.\nAnother line.\nA last line.",
        "Headline\n" * 5 + "a <b> c",
    ],
)
def test_text_about_markup_is_no_html(text: str) -> None:
    assert make_page("u", text).text == text


@pytest.mark.timeout(60)
def test_many_blank_lines_before_a_word_do_not_make_the_html_test_look_at_each_of_them_again() -> None:
    """A quadratic regular expression takes minutes for this many pages, a linear one a fraction of a second."""
    for count in range(300):
        make_page("u", "\n" * (19_000 + count) + "word")


def test_the_last_of_repeated_headers_counts() -> None:
    headers = (("content-type", b"text/html"), ("CONTENT-TYPE", b"text/plain"))
    assert decode(RawRecord("pages.raw", 0, 0, b"u", b"text", headers), MAX_PAGE_BYTES).text == "text"


def test_an_error_names_the_page_where_the_record_still_names_it() -> None:
    with pytest.raises(PageError) as error:
        decode(raw(json_page(id="mine", text=" ")), MAX_PAGE_BYTES)
    assert (error.value.page_id, error.value.url) == ("mine", "https://example.org/a")
    with pytest.raises(PageError) as error:
        decode(raw(b"{", key=b"https://example.org/\xff"), MAX_PAGE_BYTES)
    assert (error.value.page_id, error.value.url) == (None, "https://example.org/\ufffd")


ODD_HEADERS = (("a", b"1"), ("a", None), ("a", b"\xff\x00"), ("", b""), ("é", b"2"), ("Content-Type", b"text/html"))


def test_a_dead_letter_has_bytes_and_key_untouched_and_every_header() -> None:
    record = RawRecord("pages.raw", 3, 7, b"\xff\x00key", b"\x00\xffvalue\n", ODD_HEADERS)
    dead = dead_record("pages.dead", record, PageError("is-html", "it is"))
    headers = dict(dead.headers)
    assert (dead.topic, dead.key, dead.value) == ("pages.dead", record.key, record.value)
    assert (headers["error"], headers["detail"], headers["source"]) == (b"is-html", b"it is", b"pages.raw/3/7")
    original = orjson.loads(headers["original-headers"] or b"")
    assert tuple((k, None if v is None else base64.b64decode(v, validate=True)) for k, v in original) == ODD_HEADERS


def test_a_tombstone_stays_one() -> None:
    assert dead_record("pages.dead", raw(None, key=b"k"), PageError("no-value", "none")).value is None


def test_headers_that_leave_no_room_in_a_dead_letter_are_left_out_and_counted() -> None:
    record = RawRecord("pages.raw", 0, 0, b"k", b"v", (("big", b"x" * 8_000_000), ("small", b"y")))
    headers = dict(dead_record("pages.dead", record, PageError("not-json", "broken")).headers)
    assert headers["original-headers"] == b"[]"
    assert headers["detail"] == b"broken; 2 headers left out for their size"


def test_an_outcome_says_what_became_of_a_page() -> None:
    record = done_record("pages.done", raw(b"x", offset=9), "empty", "2026-01-05T10:00:00Z", Page("id", "u", "x"))
    assert record.key == b"id"
    assert orjson.loads(record.value or b"") == {
        "page_id": "id", "url": "u", "outcome": "empty", "parts": 0, "source": "pages.raw/3/9",
        "at": "2026-01-05T10:00:00Z",
    }  # fmt: skip


def test_an_outcome_of_a_page_without_a_name_is_keyed_by_its_source() -> None:
    record = done_record("pages.done", raw(None, offset=9), "dead", "now", PageError("no-value", "none"))
    fields = orjson.loads(record.value or b"")
    assert record.key == b"pages.raw/3/9"
    assert (fields["page_id"], fields["url"], fields["error"]) == (None, None, "no-value")


def test_an_outcome_stays_small_whatever_the_key_was() -> None:
    """Outcomes go to a Kafka topic with Kafka's usual limit of 1 MiB, keys may have 32."""
    with pytest.raises(PageError) as error:
        decode(raw(None, key=b"k" * 2_000_000), MAX_PAGE_BYTES)
    done = done_record("pages.done", raw(None), "dead", "now", error.value)
    assert len(done.value or b"") + len(done.key or b"") < 100_000
