"""Delivery: returns when everything is on its Kafka topic, in two rounds, and raises within the time it was given."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiokafka.errors import (
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotLeaderForPartitionError,
    OutOfOrderSequenceNumber,
)
from fake_models import mark_tagger
from fakes import FakeKafka, raw, run, running

from models.errors import BrokerError, DeliveryError
from streams.delivery import RETRY_SECONDS, Delivery
from streams.outcomes import Result, results_of
from streams.records import RawRecord, Record
from streams.settings import MAX_RECORD_BYTES, Settings

SETTINGS = Settings(give_up_seconds=20)
STORY = "# Cup final\nThe match was long.\n* Moon lander lands\n~ It did."


def results(*texts: str | bytes | None) -> list[Result]:
    """A result for each page's text; bytes and None are records that hold no page."""
    raws = []
    for offset, text in enumerate(texts):
        value = orjson.dumps({"url": f"u{offset}", "text": text}) if isinstance(text, str) else text
        raws.append(raw(value, offset=offset))
    return results_of(raws, mark_tagger(), MAX_RECORD_BYTES)


def deliver(kafka: FakeKafka, given: Sequence[Result]) -> list[Result]:
    async def delivering() -> list[Result]:
        async with running(Delivery(SETTINGS, lambda: "now", kafka.producer)) as delivery:
            return await delivery.deliver(given)

    return run(delivering())


def send(kafka: FakeKafka, records: Sequence[Record]) -> set[int]:
    async def sending() -> set[int]:
        async with running(Delivery(SETTINGS, lambda: "now", kafka.producer)) as delivery:
            return await delivery.send(records)

    return run(sending())


def done(kafka: FakeKafka) -> list[dict[str, Any]]:
    return [orjson.loads(record.value or b"") for record in kafka.on("pages.done")]


def numbered(count: int) -> list[Record]:
    return [Record("t", b"k", str(number).encode()) for number in range(count)]


def test_when_it_returns_all_is_delivered_and_outcomes_came_after_every_part_and_dead_letter() -> None:
    kafka = FakeKafka()
    final = deliver(kafka, results(STORY, b"{", "-", STORY))
    assert [result.outcome for result in final] == ["tagged", "dead", "empty", "tagged"]
    assert [len(kafka.on(name)) for name in ("parts.sport", "parts.science", "parts.unclear", "pages.dead")] == [
        2,
        2,
        2,
        1,
    ]
    assert kafka.log[-4:] == ["pages.done"] * 4
    assert "pages.done" not in kafka.log[:-4]


def test_there_is_one_outcome_a_page_sent_in_the_order_of_the_pages() -> None:
    kafka = FakeKafka()
    deliver(kafka, results(STORY, b"{", "-"))
    sent = [orjson.loads(record.value or b"") for record in kafka.tried if record.topic == "pages.done"]
    assert [(fields["source"], fields["outcome"], fields["parts"]) for fields in sent] == [
        ("pages.raw/3/0", "tagged", 2), ("pages.raw/3/1", "dead", 0), ("pages.raw/3/2", "empty", 0)
    ]  # fmt: skip


def test_nothing_to_deliver_is_delivered_at_once() -> None:
    kafka = FakeKafka()
    assert deliver(kafka, []) == []
    assert kafka.tried == []


@pytest.mark.parametrize("slow", range(5))
def test_every_delivery_is_awaited(slow: int) -> None:
    """Whichever record is never answered, delivery does not return, and no outcome is sent."""
    given = results(STORY, b"{", STORY)
    owned = [record for result in given for record in result.records("now")]
    kafka = FakeKafka(ignores=lambda record: record.value == owned[slow].value and record.topic == owned[slow].topic)
    with pytest.raises(DeliveryError):
        deliver(kafka, given)
    assert done(kafka) == []


def test_an_outcome_that_is_never_answered_is_no_delivery_either() -> None:
    kafka = FakeKafka(ignores=lambda record: record.topic == "pages.done")
    with pytest.raises(DeliveryError, match="not delivered to localhost:9092 within 20 s"):
        deliver(kafka, results(STORY))


@pytest.mark.parametrize("error", [NotLeaderForPartitionError(), KafkaTimeoutError(), OutOfOrderSequenceNumber()])
def test_what_failed_is_sent_again_and_only_that(error: Exception) -> None:
    kafka = FakeKafka(fails=lambda record, tries: error if record.value in (b"1", b"4") and tries < 3 else None)
    assert send(kafka, numbered(6)) == set()
    assert sorted(record.value or b"" for record in kafka.delivered) == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert [kafka.tried.count(record) for record in numbered(6)] == [1, 3, 1, 1, 3, 1]
    assert kafka.open == 0


def test_a_broker_that_is_away_while_reconnecting_is_waited_for() -> None:
    """The old producer fails, no new one can connect for ten seconds, then all is delivered."""
    kafka = FakeKafka(fails=lambda record, tries: KafkaTimeoutError() if tries == 1 else None)

    async def sending() -> set[int]:
        async with running(Delivery(SETTINGS, lambda: "now", kafka.producer)) as delivery:
            kafka.back_at = 10
            return await delivery.send(numbered(2))

    assert run(sending()) == set()
    assert [record.value for record in kafka.delivered] == [b"0", b"1"]
    assert kafka.open == 0, "every producer that was made was stopped, also those that could not start"


@pytest.mark.parametrize(
    "kafka",
    [
        FakeKafka(ignores=lambda record: True),
        FakeKafka(fails=lambda record, tries: KafkaTimeoutError()),
        FakeKafka(fails=lambda record, tries: KafkaTimeoutError() if record.value == b"1" else None),
        FakeKafka(fails=lambda record, tries: KafkaTimeoutError(), answer_seconds=7),
    ],
)
def test_it_gives_up_in_time_with_one_readable_line(kafka: FakeKafka) -> None:
    async def sending() -> float:
        async with running(Delivery(SETTINGS, lambda: "now", kafka.producer)) as delivery:
            begin = asyncio.get_running_loop().time()
            with pytest.raises(DeliveryError, match=r"3 records not delivered to localhost:9092 within 20 s"):
                await delivery.send(numbered(3))
            return asyncio.get_running_loop().time() - begin

    assert 20 <= run(sending()) <= 20 + RETRY_SECONDS
    assert kafka.open == 0


def test_a_broker_that_goes_away_for_good_is_given_up_in_time() -> None:
    kafka = FakeKafka(fails=lambda record, tries: KafkaTimeoutError())

    async def sending() -> float:
        async with running(Delivery(SETTINGS, lambda: "now", kafka.producer)) as delivery:
            kafka.back_at = 1e9
            with pytest.raises(DeliveryError):
                await delivery.send(numbered(1))
            return asyncio.get_running_loop().time()

    assert run(sending()) <= 20 + RETRY_SECONDS


def test_a_broker_that_is_not_there_at_the_start_is_told_in_one_line() -> None:
    kafka = FakeKafka(back_at=1e9)
    ours = replace(SETTINGS, broker="localhost:1")

    async def starting() -> None:
        async with Delivery(ours, lambda: "now", kafka.producer):
            pass

    with pytest.raises(BrokerError, match=r"^no Kafka at localhost:1;"):
        run(starting())
    assert kafka.open == 0


def test_a_page_with_a_part_that_is_refused_for_its_size_is_dead_and_its_outcome_says_so() -> None:
    kafka = FakeKafka(limits={"parts.sport": 2_000})
    final = deliver(kafka, results(STORY, "# The match\n" + "x" * 3_000, STORY))
    assert [result.outcome for result in final] == ["tagged", "dead", "tagged"]
    assert [(fields["outcome"], fields.get("error"), fields["parts"]) for fields in done(kafka)] == [
        ("tagged", None, 2), ("dead", "too-large", 0), ("tagged", None, 2)
    ]  # fmt: skip
    (letter,) = kafka.on("pages.dead")
    assert letter.value == final[1].raw.value
    assert dict(letter.headers)["error"] == b"too-large"
    assert done(kafka)[1]["url"] == "u1"


def test_a_size_that_the_broker_refuses_later_counts_the_same() -> None:
    kafka = FakeKafka(fails=lambda record, tries: MessageSizeTooLargeError() if record.value == b"1" else None)
    assert send(kafka, numbered(3)) == {1}
    assert [kafka.tried.count(record) for record in numbered(3)] == [1, 2, 1]  # in a batch, then alone


def test_batch_mates_of_a_record_that_is_refused_for_its_size_are_delivered() -> None:
    """Kafka refuses a batch as a whole: each of its records is tried alone before it counts as too large."""
    kafka = FakeKafka(fails=lambda record, tries: MessageSizeTooLargeError() if tries == 1 else None)
    assert send(kafka, numbered(3)) == set()
    assert sorted(record.value for record in kafka.delivered) == [b"0", b"1", b"2"]


def test_a_dead_letter_that_is_refused_stops_the_worker_rather_than_get_lost() -> None:
    kafka = FakeKafka(limits={"pages.dead": 10})
    with pytest.raises(DeliveryError, match=r"pages\.dead"):
        deliver(kafka, results(STORY, b"{" * 200))
    assert done(kafka) == []


def test_a_dead_letter_too_large_for_its_topic_goes_without_its_value() -> None:
    """It still says where the page is and why it died, and the page has its outcome."""
    kafka = FakeKafka(limits={"pages.dead": 1_000})
    deliver(kafka, results("{" * 10, b"{" * 2_000))
    letter = kafka.on("pages.dead")[-1]
    assert (letter.key, letter.value) == (b"https://example.org/a", None)
    assert b"left where it came from" in dict(letter.headers)["detail"]
    assert (dict(letter.headers)["error"], dict(letter.headers)["source"]) == (b"not-json", b"pages.raw/3/1")
    assert len(done(kafka)) == 2


def test_an_outcome_that_is_refused_stops_the_worker_rather_than_get_lost() -> None:
    kafka = FakeKafka(limits={"pages.done": 100})
    with pytest.raises(DeliveryError, match=r"pages\.done"):
        deliver(kafka, results(STORY))


HOSTILE = {
    "a tombstone without key": RawRecord("pages.raw", 0, 0, None, None),
    "a tombstone with an endless key": RawRecord("pages.raw", 0, 0, b"k" * 20_000_000, None),
    "headers of 12 MB around 20 MB": RawRecord("pages.raw", 0, 0, b"k", b"x" * 20_000_000, (("h", b"x" * 12_000_000),)),
    "very many headers": RawRecord("pages.raw", 0, 0, b"k", b"x", (("", None),) * 100_000),
    "an endless url": raw(orjson.dumps({"url": "u" * 1_500_000, "text": STORY})),
    "an endless id": raw(orjson.dumps({"url": "u", "id": "i" * 1_500_000, "text": STORY})),
    "an endless url of no page": raw(orjson.dumps({"url": "u" * 1_500_000})),
    "the largest record": RawRecord("pages.raw", 0, 0, None, b"\xff" * (32 * 2**20 - 100)),
}
KAFKA_LIMITS = {"pages.done": 2**20, "pages.dead": MAX_RECORD_BYTES}
"""What a producer and `newsieve topics create` allow."""


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_kafka_let_in_gets_its_outcome_and_its_bytes_out_again(name: str) -> None:
    """A record that cannot be delivered as a dead letter would stop every worker that takes its partition."""
    kafka = FakeKafka(limits=KAFKA_LIMITS)
    (final,) = deliver(kafka, results_of([HOSTILE[name]], mark_tagger(), 2 * 2**20))
    assert [fields["outcome"] for fields in done(kafka)] == ["dead"]
    (letter,) = kafka.on("pages.dead")
    assert letter.value == final.raw.value
    assert (letter.key or b"") == (final.raw.key or b"")


def test_headers_are_sent_as_they_are_null_values_and_repeated_keys_too() -> None:
    kafka = FakeKafka()
    record = Record("pages.raw", b"k", b"v", (("a", None), ("a", b""), ("b", b"1"), ("a", b"\xff")))
    send(kafka, [record])
    assert kafka.delivered == [record]


def test_it_does_not_send_before_it_is_started() -> None:
    with pytest.raises(DeliveryError, match="not connected"):
        run(Delivery(SETTINGS, lambda: "now", FakeKafka().producer).send(numbered(1)))
