"""Transactions: a batch and its offsets are there, once, or nothing of them is; a partition has one who writes."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, OutOfOrderSequenceNumber, RequestTimedOutError
from fake_models import mark_tagger
from fake_transactions import FakeLedger
from fakes import run, running
from faust.types import TP

from models.errors import DeliveryError
from streams.custody import IN_HAND
from streams.outcomes import Result, results_of
from streams.records import RawRecord
from streams.settings import MAX_RECORD_BYTES, Settings
from streams.transactions import Transactions

SETTINGS = Settings(group="g", give_up_seconds=20, delivery="exactly-once")
STORY = "# Cup final\nThe match was long.\n* Moon lander lands\n~ It did."
P0, P1 = TP("pages.raw", 0), TP("pages.raw", 1)


def results(*pages: tuple[int, int, str | bytes]) -> list[Result]:
    """Results of pages, given as partition, offset, and text or raw bytes."""
    raws = [
        RawRecord("pages.raw", p, at, b"k", orjson.dumps({"url": f"u{p}-{at}", "text": t}) if isinstance(t, str) else t)
        for p, at, t in pages
    ]
    return results_of(raws, mark_tagger(), MAX_RECORD_BYTES)


def stories(partition: int, *offsets: int) -> list[Result]:
    return results(*((partition, offset, STORY) for offset in offsets))


def service(ledger: FakeLedger, left: list[BaseException] | None = None, settings: Settings = SETTINGS) -> Transactions:
    leave: Callable[[BaseException], None] = ([] if left is None else left).append
    return Transactions(settings, lambda: "now", leave, ledger.producer, ledger.committed)


def with_transactions(
    ledger: FakeLedger, work: Callable[[Transactions], Coroutine[Any, Any, Any]], *partitions: TP
) -> Any:
    """What the work returns, given transactions that are open for the partitions."""

    async def working() -> Any:
        async with running(service(ledger)) as transactions:
            await transactions.open(partitions or (P0, P1))
            return await work(transactions)

    return run(working())


def deliver(ledger: FakeLedger, *batches: Sequence[Result]) -> list[list[Result]]:
    async def work(transactions: Transactions) -> list[list[Result]]:
        return [await transactions.deliver(batch) for batch in batches]

    return with_transactions(ledger, work)


def sources(ledger: FakeLedger) -> list[str]:
    return [orjson.loads(record.value or b"")["source"] for record in ledger.on("pages.done")]


def offset(ledger: FakeLedger, partition: TP = P0) -> tuple[int, str]:
    return tuple(ledger.offsets[TopicPartition(*partition)])  # type: ignore[return-value]


def failing(step: str, error: Exception, *times: int) -> Callable[[str, str], Exception | None]:
    """Fails the step at these times, counted from 0 over all partitions."""
    counts = itertools.count()
    return lambda found, name: error if found == step and next(counts) in times else None


def test_records_outcomes_and_offset_of_a_partition_are_one_transaction() -> None:
    ledger = FakeLedger()
    final = deliver(ledger, [*stories(0, 5, 6), *stories(1, 9), *results((0, 7, b"{"))])
    assert [result.outcome for [*batch] in final for result in batch] == ["tagged"] * 3 + ["dead"]
    assert sorted(sources(ledger)) == ["pages.raw/0/5", "pages.raw/0/6", "pages.raw/0/7", "pages.raw/1/9"]
    assert len(ledger.on("parts.sport")) == 3
    assert len(ledger.on("pages.dead")) == 1
    assert (offset(ledger), offset(ledger, P1)) == ((8, IN_HAND), (10, IN_HAND))
    assert ledger.commits == 2
    assert ledger.open == 0


TROUBLE = [KafkaConnectionError("away"), OutOfOrderSequenceNumber(), AssertionError("Invalid state transition")]


@pytest.mark.parametrize("error", TROUBLE)
@pytest.mark.parametrize("step", ["begin", "record", "offsets", "commit", "late"])
@pytest.mark.parametrize("times", [(0,), (1,), (0, 1, 2)])
def test_whatever_fails_on_the_way_a_batch_is_there_once(step: str, error: Exception, times: tuple[int, ...]) -> None:
    """Also where a commit was done and its answer lost: the group's offset tells."""
    ledger = FakeLedger(fails=failing(step, error, *times))
    deliver(ledger, stories(0, 0, 1), stories(0, 2))
    assert sources(ledger) == ["pages.raw/0/0", "pages.raw/0/1", "pages.raw/0/2"]
    assert len(ledger.on("parts.sport")) == 3
    assert offset(ledger) == (3, IN_HAND)
    assert ledger.open == 0


def test_a_kafka_that_is_away_at_first_is_waited_for() -> None:
    ledger = FakeLedger(fails=failing("start", KafkaConnectionError("away"), 0, 1, 2, 5))
    deliver(ledger, stories(0, 0))
    assert sources(ledger) == ["pages.raw/0/0"]


def test_one_that_stays_away_is_given_up_in_time() -> None:
    left: list[BaseException] = []
    ledger = FakeLedger(fails=lambda step, name: KafkaConnectionError("away") if step == "start" else None)

    async def opening() -> float:
        async with running(service(ledger, left)) as transactions:
            await transactions.open([P0])
            return asyncio.get_running_loop().time()

    assert 20 <= run(opening()) <= 21
    assert [str(error) for error in left] == ["no transactions within 20 s; pages.raw[0]: KafkaConnectionError('away')"]


def test_a_delivery_that_stays_impossible_is_given_up_in_time_with_one_readable_line() -> None:
    ledger = FakeLedger(fails=lambda step, name: RequestTimedOutError() if step == "commit" else None)
    with pytest.raises(DeliveryError, match=r"2 pages not delivered to localhost:9092 within 20 s"):
        deliver(ledger, stories(0, 0, 1))
    assert ledger.delivered == []
    assert ledger.open == 0


def test_the_next_owner_shuts_out_the_last_one() -> None:
    """A worker that slept through a rebalance cannot deliver what it has in hand."""
    ledger = FakeLedger()

    async def both() -> None:
        async with running(service(ledger)) as zombie, running(service(ledger)) as heir:
            await zombie.open([P0])
            await heir.open([P0])
            await heir.deliver(stories(0, 0, 1))
            with pytest.raises(DeliveryError, match=r"pages\.raw\[0\]: another worker writes for it now"):
                await zombie.deliver(stories(0, 0, 1))

    run(both())
    assert sources(ledger) == ["pages.raw/0/0", "pages.raw/0/1"]


@pytest.mark.parametrize("step", ["begin", "commit"])
def test_a_producer_that_failed_is_not_opened_again_over_the_work_of_another(step: str) -> None:
    """By its new epoch it would shut the other out; but then it sees that the group went on."""
    ledger = FakeLedger()

    def fails(found: str, name: str) -> Exception | None:
        if found == step:
            ledger.offsets[TopicPartition(*P0)] = (1, "")  # by another, meanwhile
            return OutOfOrderSequenceNumber()
        return None

    ledger.fails = fails
    with pytest.raises(DeliveryError, match="another worker went on to offset 1"):
        deliver(ledger, stories(0, 0, 1))
    assert sources(ledger) == []


def test_what_was_given_away_is_not_delivered() -> None:
    ledger = FakeLedger()

    async def work(transactions: Transactions) -> None:
        delivering = asyncio.ensure_future(transactions.deliver(stories(0, 0)))
        await asyncio.sleep(0.015)
        await transactions.close()
        with pytest.raises(DeliveryError, match="given to another worker"):
            await delivering
        with pytest.raises(DeliveryError, match="given to another worker"):
            await transactions.deliver(stories(0, 0))

    with_transactions(ledger, work)
    assert ledger.delivered == []
    assert ledger.open == 0


def test_a_batch_before_what_was_committed_is_refused() -> None:
    ledger = FakeLedger()
    with pytest.raises(DeliveryError, match="offset 4 comes after 6 was committed"):
        deliver(ledger, stories(0, 4, 5), stories(0, 3))
    assert offset(ledger) == (6, IN_HAND)


def test_an_open_transaction_is_taken_back_when_the_worker_stops() -> None:
    """Readers wait for it else."""
    ledger = FakeLedger()

    async def work(transactions: Transactions) -> None:
        delivering = asyncio.ensure_future(transactions.deliver(stories(0, 0)))
        await asyncio.sleep(0.015)
        delivering.cancel()

    with_transactions(ledger, work)
    assert ledger.steps[-1] == "abort"
    assert ledger.delivered == []
    assert ledger.open == 0


def test_words_are_committed_in_transactions_and_never_take_the_group_back() -> None:
    ledger = FakeLedger()

    async def work(transactions: Transactions) -> None:
        await transactions.write({P0: (4, IN_HAND)})
        assert offset(ledger) == (4, IN_HAND)
        await transactions.deliver(stories(0, 4, 5))
        await transactions.write({P0: (4, ""), TP("pages.raw", 9): (1, "")})

    with_transactions(ledger, work)
    assert ledger.offsets == {TopicPartition(*P0): (6, "")}


def test_no_word_is_written_into_an_open_transaction() -> None:
    ledger = FakeLedger()

    async def work(transactions: Transactions) -> None:
        delivering = asyncio.ensure_future(transactions.deliver(stories(0, 0)))
        await asyncio.sleep(0.015)
        await transactions.write({P0: (0, "")})
        await delivering

    with_transactions(ledger, work)
    assert offset(ledger) == (1, IN_HAND)
    assert ledger.commits == 1


LARGE = "# The match\n" + "x" * 3_000


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_page_with_a_part_that_is_refused_for_its_size_is_dead_and_its_mates_are_not(at: int) -> None:
    ledger = FakeLedger(limits={"parts.sport": 2_000})
    texts = [STORY] * 3
    texts[at] = LARGE
    (final,) = deliver(ledger, results(*((0, n, text) for n, text in enumerate(texts)), (1, 0, STORY)))
    outcomes = ["dead" if text == LARGE else "tagged" for text in texts]
    assert [result.outcome for result in final] == [*outcomes, "tagged"]
    assert {(o["source"], o["outcome"]) for o in map(orjson.loads, (r.value for r in ledger.on("pages.done")))} == {
        *((f"pages.raw/0/{n}", outcome) for n, outcome in enumerate(outcomes)), ("pages.raw/1/0", "tagged")
    }  # fmt: skip
    assert len(sources(ledger)) == 4
    assert len(ledger.on("pages.dead")) == 1
    assert ledger.open == 0


def test_after_a_refusal_batches_are_large_again() -> None:
    ledger = FakeLedger(limits={"parts.sport": 2_000})
    sizes: list[int] = []
    whole = ledger.producer

    def producer(settings: Settings, name: str, batch_bytes: int) -> Any:
        sizes.append(batch_bytes)
        return whole(settings, name, batch_bytes)

    ledger.producer = producer  # type: ignore[method-assign]
    deliver(ledger, results((0, 0, LARGE)), stories(0, 1), stories(0, 2))
    assert 1 in sizes
    assert sizes[-1] > 1
    assert len(sources(ledger)) == 3


def test_a_dead_letter_too_large_for_its_topic_goes_without_its_value() -> None:
    ledger = FakeLedger(limits={"pages.dead": 1_000})
    deliver(ledger, results((0, 0, b"{" * 10), (0, 1, b"{" * 2_000)))
    assert [record.value for record in ledger.on("pages.dead")] == [b"{" * 10, None]
    assert len(sources(ledger)) == 2


@pytest.mark.parametrize("limits", [{"pages.done": 10}, {"pages.dead": -1}])
def test_what_a_topic_never_takes_stops_the_worker_rather_than_get_lost(limits: dict[str, int]) -> None:
    ledger = FakeLedger(limits=limits)
    with pytest.raises(DeliveryError, match=r"raise max\.message\.bytes of pages\.d"):
        deliver(ledger, results((0, 0, b"{"), (0, 1, STORY)))
    assert ledger.delivered == []
