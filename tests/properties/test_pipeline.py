"""What holds for whatever Kafka hands over: every record gets exactly one outcome, and harms no other."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
from fake_models import EXPLODES, mark_tagger
from fakes import FakeKafka, FakeStream, events, run
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.errors import SLUGS, PageError
from streams.agent import Desk, make_agent
from streams.delivery import Delivery
from streams.outcomes import Result, results_of
from streams.records import RawRecord, decode
from streams.settings import MAX_RECORD_BYTES, Settings

MAX_PAGE_BYTES = 400
SETTINGS = Settings(max_page_bytes=MAX_PAGE_BYTES)
AT = "2026-01-05T10:00:00Z"

LINES = (
    "# Cup final", "The match was long.", "* Moon lander", "* Cup final", "~ It did.", "@ 2 hours ago", "@ yesterday",
    "-", "", "  ", "\u2028", "Spiel", "<p>x</p>",
)  # fmt: skip
lines = st.sampled_from(LINES)
texts = st.lists(lines, max_size=8).map("\n".join) | st.just(EXPLODES) | st.text(max_size=30)
scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | texts
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner)
)
page_fields = st.fixed_dictionaries(
    {"url": st.sampled_from(["https://example.org/a", "u", ""]), "text": texts},
    optional={
        "id": st.sampled_from(["", "a", "b", None]),
        "fetched_at": st.sampled_from([AT, "", None, "today", "0001-01-01T00:00:00+14:00"]),
    },
)
broken_fields = st.fixed_dictionaries({}, optional=dict.fromkeys(("url", "text", "id", "fetched_at"), scalars))
values = (
    st.none()
    | st.binary(max_size=600)
    | (page_fields | page_fields | broken_fields | json_values).map(orjson.dumps)
    | texts.map(lambda text: text.encode())
)
header_names = st.sampled_from(["content-type", "Content-Type", "newsieve-attempts"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=5
)
header_values = (
    st.none() | st.sampled_from([b"text/plain", b"TEXT/PLAIN; charset=utf-8", b"text/html"]) | st.binary(max_size=9)
)
headers = st.lists(st.tuples(header_names, header_values), max_size=3).map(tuple)
keys = st.none() | st.binary(max_size=9)
batches = st.lists(st.tuples(keys, values, headers), max_size=8).map(
    lambda rows: [RawRecord("pages.raw", 0, offset, *row) for offset, row in enumerate(rows)]
)


def of(raws: Sequence[RawRecord]) -> list[Result]:
    return results_of(raws, mark_tagger(), MAX_PAGE_BYTES)


def summary(result: Result) -> tuple[Any, ...]:
    return result.raw, result.outcome, result.parts, result.records(AT), result.done(AT)


@given(raws=batches)
@settings(max_examples=150)
def test_any_records_give_one_result_each_in_order_and_never_an_error(raws: list[RawRecord]) -> None:
    results = of(raws)
    assert [result.raw for result in results] == raws
    assert {result.outcome for result in results} <= {"tagged", "empty", "dead"}


@given(raws=batches)
def test_a_batch_gives_what_its_records_give_one_by_one(raws: list[RawRecord]) -> None:
    assert [summary(result) for result in of(raws)] == [summary(of([record])[0]) for record in raws]


@given(raws=batches)
def test_pages_with_parts_and_the_empty_and_the_dead_are_all_pages_and_only_broken_ones_are_bugs(
    raws: list[RawRecord],
) -> None:
    results = of(raws)
    counts = Counter(result.outcome for result in results)
    assert counts["tagged"] == sum(bool(result.parts) for result in results)
    assert counts["dead"] == sum(isinstance(result.page, PageError) for result in results)
    for result in results:
        slug = result.page.slug if isinstance(result.page, PageError) else ""
        assert slug in ("", *SLUGS)
        assert (slug == "bug") == (EXPLODES in text_of(result.raw))


def text_of(record: RawRecord) -> str:
    """Text of the page in a record; empty where there is no page."""
    try:
        return decode(record, MAX_PAGE_BYTES).text
    except PageError:
        return ""


@given(raws=batches)
def test_every_dead_letter_carries_the_bytes_and_headers_it_came_with(raws: list[RawRecord]) -> None:
    for result in of(raws):
        if result.outcome == "dead":
            (letter,) = result.records(AT)
            names = [name for name, _ in orjson.loads(dict(letter.headers)["original-headers"] or b"")]
            assert (letter.key, letter.value) == (result.raw.key, result.raw.value)
            assert names == [name for name, _ in result.raw.headers]


@given(raws=batches)
def test_every_part_that_leaves_is_valid_by_the_schema_and_no_line_is_claimed_twice(
    valid_part: Any, raws: list[RawRecord]
) -> None:
    for result in of(raws):
        if result.outcome == "tagged":
            parts = [valid_part(record.value or b"") for record in result.records(AT)]
            once = {part["id"]: part for part in parts}.values()
            claimed = [number for part in once for numbers in part["lines"].values() for number in numbers]
            assert len(once) == len(result.parts)
            assert len(claimed) == len(set(claimed))


@given(raws=batches)
def test_the_same_records_give_the_same_ids_again(raws: list[RawRecord]) -> None:
    assert [[part.id for part in result.parts] for result in of(raws)] == [
        [part.id for part in result.parts] for result in of(raws)
    ]


@given(raws=batches)
@example(raws=[RawRecord("pages.raw", 0, 0, None, None)])
def test_from_stream_to_kafka_every_page_has_one_outcome_and_is_acknowledged(raws: list[RawRecord]) -> None:
    kafka = FakeKafka(limits={"pages.dead": MAX_RECORD_BYTES, "pages.done": 2**20})
    acks: list[int] = []
    left: list[BaseException] = []

    async def working() -> None:
        async with Delivery(SETTINGS, lambda: AT, kafka.producer) as delivery:
            agent = make_agent(Desk(SETTINGS, mark_tagger(), delivery, lambda results: None), left.append)
            await agent(FakeStream([events(raws[:3], acks), events(raws[3:], acks)]))

    run(working())
    sources = [orjson.loads(record.value or b"")["source"] for record in kafka.on("pages.done")]
    assert sorted(sources) == [f"pages.raw/0/{offset}" for offset in range(len(raws))]
    assert acks == list(range(len(raws)))
    assert left == []
