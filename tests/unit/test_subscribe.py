"""What a subscription lets through: what it asked for, once, and nothing that it cannot read."""

import asyncio
import itertools
import socket
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from aiokafka import OffsetAndMetadata, TopicPartition
from aiokafka.errors import CommitFailedError
from fake_models import mark_tagger
from fakes import run
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BrokerError
from models.page import Page
from streams.place import Place, word
from streams.records import part_fields
from streams.settings import Settings
from streams.sieve import Fields, Filter, Seen, Subscription, confidence_in, read_part, shown_on
from streams.subscribe import parts, records_of

PAGE = Page(
    "p", "https://example.org/a", "# Cup final\nThe match was long.\n* Match of the year\n~ A blurb.\n* Moon lander"
)
PARTS = [part_fields(part, "2026-01-05T10:00:00Z") for part in mark_tagger().tag([PAGE])[0]]
STORY, MATCH, MOON = PARTS
"""About sport (0.9) and science (0.4): the first two. Unclear, with science (0.4) as its best guess: the last."""


def ticking(*seconds: float) -> Any:
    """A clock that shows these times, one after the other."""
    return iter(seconds).__next__


def filter_of(*slugs: str, **wanted: Any) -> Filter:
    return Filter(
        Subscription(slugs or ("sport", "science", "unclear"), **wanted), Seen(1e9, clock=itertools.count().__next__)
    )


@pytest.mark.parametrize(("kind", "shown"), [(None, 3), ("story", 1), ("teaser", 2)])
def test_a_kind_lets_only_that_kind_through(kind: str | None, shown: int) -> None:
    wanted = filter_of(kind=kind)
    assert sum(wanted.wants("parts." + part["topic"], part) for part in PARTS) == shown


@pytest.mark.parametrize(
    ("kafka_topic", "part", "least", "shown"),
    [
        ("parts.sport", STORY, 0.9, True), ("parts.sport", STORY, 0.91, False),
        ("parts.science", STORY, 0.4, True), ("parts.science", STORY, 0.41, False),
        ("parts.unclear", MOON, 0.4, True), ("parts.unclear", MOON, 0.41, False),
    ],
)  # fmt: skip
def test_confidence_is_that_of_the_topic_subscribed_to(
    kafka_topic: str, part: Fields, least: float, shown: bool
) -> None:
    slug = kafka_topic.removeprefix("parts.")
    assert filter_of(slug, min_confidence=least).wants(kafka_topic, part) is shown


def test_a_part_without_any_guess_has_no_confidence() -> None:
    assert confidence_in({"topics": [], "confidence": 0.0}, "unclear") == 0


def test_a_part_that_arrives_on_two_topics_or_again_is_shown_once() -> None:
    wanted = filter_of()
    arrivals = [("parts.sport", STORY), ("parts.science", STORY), ("parts.sport", MATCH), ("parts.sport", STORY)]
    assert [wanted.wants(*arrival) for arrival in arrivals] == [True, False, True, False]


def test_a_part_refused_on_one_topic_may_still_be_shown_on_another() -> None:
    wanted = filter_of(min_confidence=0.5)
    assert [wanted.wants(topic, STORY) for topic in ("parts.science", "parts.sport")] == [False, True]


@pytest.mark.parametrize("first", ["parts.sport", "parts.science"])
def test_of_the_copies_of_a_part_the_record_says_which_is_shown(first: str) -> None:
    """Two members of a group each read one of the copies, in whatever order, and know nothing of the other."""
    members = {kafka_topic: filter_of("science", "sport") for kafka_topic in ("parts.sport", "parts.science")}
    order = sorted(members, key=lambda kafka_topic: kafka_topic != first)
    shown = {kafka_topic: members[kafka_topic].wants(kafka_topic, STORY) for kafka_topic in order}
    assert shown == {"parts.sport": True, "parts.science": False}


def test_a_subscriber_to_a_second_topic_alone_is_shown_its_copy() -> None:
    assert filter_of("science", "unclear").wants("parts.science", STORY)


def test_an_unclear_part_is_shown_as_unclear_also_to_subscribers_of_what_it_may_be_about() -> None:
    assert shown_on(MOON, ["science", "unclear"]) == "unclear"
    assert filter_of("science", "unclear").wants("parts.unclear", MOON)


def sightings(every: bool) -> list[bool]:
    wanted = filter_of(every_sighting=every)
    return [wanted.wants("parts.unclear", MOON | {"id": name}) for name in ("on one page", "on another", "on one page")]


def test_an_item_is_shown_once_and_with_every_sighting_once_a_page() -> None:
    assert sightings(every=False) == [True, False, False]
    assert sightings(every=True) == [True, True, False]


def test_an_item_and_a_part_of_the_same_id_are_two_things() -> None:
    """A story's item is its part id: it must not count as its own repeat."""
    assert STORY["id"] == STORY["item_id"]
    assert filter_of().wants("parts.sport", STORY)


def test_the_window_forgets_and_counts_from_the_first_sighting() -> None:
    seen = Seen(seconds=10, clock=ticking(0, 6, 10, 11, 12))
    assert [seen.add("a") for _ in range(5)] == [True, False, False, True, False]


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    seen = Seen(seconds=1e9, most=100, clock=itertools.count().__next__)
    assert all(seen.add(str(number)) for number in range(10_000))
    assert not seen.add("9900")
    assert seen.add("9899")


def test_after_a_long_silence_nothing_is_remembered() -> None:
    seen = Seen(seconds=10, clock=ticking(*range(5), *range(100, 105)))
    assert [seen.add(name) for name in "abcde" * 2] == [True] * 10


@pytest.mark.parametrize(
    "value",
    [None, b"", b"\xff", b"{", b"null", b"[]", b'"id"', b"5", b"{}", orjson.dumps(dict.fromkeys(STORY))]
    + [orjson.dumps({key: value for key, value in STORY.items() if key != name}) for name in
       ("id", "item_id", "page_id", "url", "kind", "headline", "text", "lines", "language", "topic", "confidence",
        "topics")]
    + [orjson.dumps(STORY | changes) for changes in (
        {"id": 5}, {"item_id": None}, {"kind": ["story"]}, {"confidence": "high"}, {"topics": 5}, {"topics": [1]},
        {"topics": ["sport"]}, {"topics": [{"topic": "sport"}]}, {"topics": [{"topic": ["x"], "confidence": 1}]},
        {"topics": {"sport": 1}}, {"lines": [1]}, {"lines": {"text": 3}}, {"lines": {"text": ["1"]}}, {"url": None},
        {"age": None}, {"date": 20260101}, {"byline": ["x"]}, {"tags": "x"}, {"captions": [1]}, {"confidence": 1e308},
    )],
)  # fmt: skip
def test_what_is_no_part_is_skipped(value: bytes | None) -> None:
    """Anyone may write to a Kafka topic, and a subscriber must not end because of it."""
    assert read_part(value) is None


def test_a_part_is_read_with_all_that_is_in_it() -> None:
    assert read_part(orjson.dumps(STORY | {"a field of tomorrow": 1})) == STORY | {"a field of tomorrow": 1}


json_values = st.recursive(
    st.none() | st.integers(-3, 3) | st.floats(0, 1) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["topic", "confidence", "x"]), inner),
    max_leaves=5,
)


@given(name=st.sampled_from(sorted(STORY)), value=json_values)
def test_whatever_stands_in_one_field_the_part_is_skipped_or_can_be_filtered(name: str, value: object) -> None:
    fields = read_part(orjson.dumps(STORY | {name: value}))
    if fields is not None:
        assert filter_of(min_confidence=0.1).wants("parts.sport", fields) in (True, False)


async def first_of(settings: Settings) -> Fields:
    return await anext(parts(settings, Subscription(("sport",), group="readers")))


def test_a_kafka_that_is_not_there_is_told_in_one_line_that_says_what_to_do() -> None:
    """As when it goes away between the look for its topics and the consumer's start."""
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BrokerError, match=rf"^no Kafka at {address}; is it running\? \(`newsieve broker start`\)$"):
            asyncio.run(first_of(Settings(broker=address)))


class FakeGroup:
    """The consumer of a member of a group that committed `marks`; each partition ends at `end`."""

    def __init__(self, marks: dict[TopicPartition, tuple[int, str]], end: int) -> None:
        self._end = end
        self._marks = {partition: OffsetAndMetadata(*mark) for partition, mark in marks.items()}
        self.positions: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, OffsetAndMetadata] = {}
        self._coordinator = self
        self.is_sharing = self.is_slow = False

    async def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(0)
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(0)
        return dict.fromkeys(partitions, self._end)

    async def fetch_committed_offsets(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        await asyncio.sleep(0)
        return {partition: self._marks.get(partition, OffsetAndMetadata(-1, "")) for partition in partitions}

    async def offsets_for_times(self, times: dict[TopicPartition, int]) -> dict[TopicPartition, Any]:
        """One record each second."""
        places = {partition: ms // 1000 for partition, ms in times.items()}
        return {tp: SimpleNamespace(offset=at) if at < self._end else None for tp, at in places.items()}

    def assignment(self) -> set[TopicPartition]:
        return {FIRST, SECOND}

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        if self.is_sharing:
            raise CommitFailedError
        self.committed |= offsets

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        """Some records of each partition, of which only the offsets are told: what is there before a wait, or after."""
        if self.is_slow:
            await asyncio.sleep(0)
        found = {tp: [SimpleNamespace(offset=place + n) for n in range(3)] for tp, place in self.positions.items()}
        self.positions = {tp: place + 3 for tp, place in self.positions.items()}
        if not self.is_slow:
            await asyncio.sleep(0)
        return found


FIRST, SECOND = TopicPartition("parts.sport", 0), TopicPartition("parts.sport", 1)


def placed(marks: dict[TopicPartition, tuple[int, str]], end: int = 90_000) -> tuple[Place, FakeGroup]:
    """Where a member of that group is once it was given both partitions."""
    consumer: Any = FakeGroup(marks, end)
    place = Place(consumer, Subscription(("sport",), group="readers"))
    run(place.on_partitions_assigned([FIRST, SECOND]))
    return place, consumer


def test_a_group_reads_again_what_it_had_read() -> None:
    """To remember it; and what another client committed for the group counts as read, too."""
    place, consumer = placed({FIRST: (50_000, ""), SECOND: (100, word(0, 1))})
    assert 0 < consumer.positions[FIRST] < 50_000
    assert consumer.positions[SECOND] == 0
    assert (place.is_passed(FIRST, 49_999), place.is_passed(FIRST, 50_000)) == (True, False)


def test_a_group_never_reads_what_was_there_before_it_also_after_a_restart() -> None:
    """Else items of pages from before it came would pass for shown, and it would never be shown them."""
    place, consumer = placed({})
    assert consumer.positions == {FIRST: 90_000, SECOND: 90_000}
    place.take(FIRST, 90_010)
    run(place.commit())
    _, again = placed({tp: (mark.offset, mark.metadata) for tp, mark in consumer.committed.items()}, end=90_020)
    assert again.positions == {FIRST: 90_000, SECOND: 90_000}
    assert consumer.committed[FIRST].offset == 90_011


def test_what_is_read_again_does_not_take_a_group_back() -> None:
    """Else who stops while it reads again would be shown the same once more when it comes back."""
    place, consumer = placed({FIRST: (50_000, "")})
    run(place.commit())
    place.take(FIRST, 49_000)
    run(place.commit())
    assert consumer.committed[FIRST].offset == 50_000


def test_what_could_not_be_committed_is_committed_the_next_time() -> None:
    """As when a group is shared out anew, and then nothing more comes."""
    place, consumer = placed({FIRST: (50_000, "")})
    place.take(FIRST, 50_000)
    consumer.is_sharing = True
    run(place.commit())
    consumer.is_sharing = False
    run(place.commit())
    assert consumer.committed[FIRST].offset == 50_001


def test_a_commit_that_never_ends_is_given_up() -> None:
    """aiokafka tries it for ever where the Kafka topic was deleted, and the subscription would stand still on all."""
    place, consumer = placed({FIRST: (50_000, "")})
    place.take(FIRST, 50_000)

    async def never(offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        await asyncio.sleep(10_000)

    commit, consumer.commit = consumer.commit, never  # type: ignore[method-assign]
    run(place.commit())
    consumer.commit = commit  # type: ignore[method-assign]
    run(place.commit())
    assert consumer.committed[FIRST].offset == 50_001


def test_a_group_begins_anew_with_a_kafka_topic_that_was_made_anew() -> None:
    """Its old place lies behind the end, and says nothing of what is there now."""
    place, consumer = placed({FIRST: (95_000, word(94_000, 94_000_000))})
    assert consumer.positions == {FIRST: 0, SECOND: 90_000}
    assert not place.is_passed(FIRST, 0)


def test_a_new_partition_of_a_kafka_topic_is_shown_from_when_the_group_began() -> None:
    """So is one that was made anew, whose offsets Kafka forgot; of what was there before the group nothing is shown."""
    place, consumer = placed({FIRST: (50_000, word(40_000, 70_000_000))})
    assert consumer.positions[SECOND] == 70_000
    assert not place.is_passed(SECOND, 70_000)
    _, alone = placed({FIRST: (50_000, word(40_000, 99_000_000))})
    assert alone.positions[SECOND] == 90_000


@pytest.mark.parametrize("is_slow", [False, True])
@pytest.mark.parametrize("turns", range(6))
def test_what_is_fetched_while_partitions_are_shared_out_is_fetched_again(turns: int, is_slow: bool) -> None:
    """However far the fetch had come: else a record would be shown without what came before it, or never."""

    async def read() -> dict[TopicPartition, list[int]]:
        consumer: Any = FakeGroup({FIRST: (50, ""), SECOND: (50, "")}, end=90)
        consumer.is_slow = is_slow
        consumer.positions = {FIRST: 50, SECOND: 50}  # where aiokafka begins by itself
        place = Place(consumer, Subscription(("sport",), group="readers"))
        taken: dict[TopicPartition, list[int]] = {FIRST: [], SECOND: []}

        async def take() -> None:
            async for partition, record in records_of(consumer, place, lambda: False):
                taken[partition].append(record.offset)

        taking = asyncio.create_task(take())
        for _ in range(turns):
            await asyncio.sleep(0)
        await place.on_partitions_assigned([FIRST, SECOND])
        for _ in range(60):
            await asyncio.sleep(0)
        taking.cancel()
        return taken

    for offsets in run(read()).values():
        assert offsets[:60] == list(range(60))


def test_what_was_taken_of_a_partition_that_was_lost_is_never_committed_again() -> None:
    """Another member may have gone on from there, and the group would go back."""
    place, consumer = placed({FIRST: (50_000, "")})
    place.take(FIRST, 50_000)
    consumer.is_sharing = True
    run(place.on_partitions_revoked([FIRST, SECOND]))
    consumer.is_sharing = False
    run(place.commit())
    assert consumer.committed == {}
