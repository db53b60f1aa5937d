"""The watchdog: looks at the group again and again, and ends the worker for a stall but for nothing else."""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from fakes import run

from streams.group_view import Sight
from streams.progress import Progress
from streams.settings import Settings
from streams.watchdog import StalledError, Watchdog
from streams.work import Work

SETTINGS = Settings(watchdog_seconds=30)
WAITING = Sight("Stable", "roundrobin", True, (0,), {0: 5}, {0: 0}, {0: 9})


@dataclass
class FakeView:
    """A Kafka that shows the same for ever, until it is away after so many looks."""

    sight: Sight
    records: Mapping[int, int] = field(default_factory=dict)
    looks: int = 0
    most: int = 10**6
    asked: list[Mapping[int, int]] = field(default_factory=list)

    async def look(self, member_id: str) -> Sight:
        self.looks += 1
        if self.looks > self.most:
            raise KafkaConnectionError("away")
        return self.sight

    async def first_records(self, offsets: Mapping[int, int]) -> Mapping[int, int]:
        self.asked.append(offsets)
        return {p: self.records[p] for p in offsets if p in self.records}


@dataclass
class Watched:
    """A watchdog after its watch: with what it ended, and when."""

    dog: Watchdog
    error: Exception
    seconds: float


def watch(view: Any, *at: Any) -> Watched:
    """Watch until the worker is to be ended, or Kafka is away; `at` is the stage of a batch in hand."""

    async def watching() -> Watched:
        work = Work(asyncio.get_running_loop().time)
        dog = Watchdog(SETTINGS, work, lambda: "me", print)
        with work.at(*at) if at else nullcontext():
            try:
                await dog._look_on(view, Progress(30, 20, work.clock()))
            except (StalledError, KafkaConnectionError) as error:
                return Watched(dog, error, work.clock())
        raise AssertionError("it looks on until it is to be ended")

    return run(watching())


def test_a_worker_that_leaves_a_record_waiting_is_ended_in_time_and_unwell_before_that() -> None:
    view = FakeView(WAITING, {0: 6})
    watched = watch(view)
    assert str(watched.error).startswith("a page waits at pages.raw[0]@6")
    assert 30 < watched.seconds <= 36
    assert view.asked[0] == {0: 5}
    early = watch(FakeView(WAITING, {0: 6}, most=5))
    assert "nothing committed for 20 s" in early.dog.health.trouble


def test_a_lag_without_records_is_no_reason_to_leave() -> None:
    watched = watch(FakeView(WAITING, most=500))
    assert isinstance(watched.error, KafkaConnectionError)
    assert watched.seconds > 2000


@pytest.mark.parametrize("at", [("delivering", "3 pages"), ("tagging", "3 pages")])
def test_a_batch_in_hand_is_not_judged_by_what_waits_behind_it(at: Any) -> None:
    watched = watch(FakeView(WAITING, {0: 6}, most=15), *at)
    assert isinstance(watched.error, KafkaConnectionError)
    assert watched.seconds > 70


def test_a_kafka_topic_that_is_gone_is_a_reason_to_leave() -> None:
    watched = watch(FakeView(replace(WAITING, partitions=(), has_topic=False)))
    assert str(watched.error) == "the Kafka topic pages.raw is gone"
    assert 30 < watched.seconds <= 36


def test_pages_that_kafka_deleted_unread_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("ERROR", "newsieve.watchdog"):
        watch(FakeView(replace(WAITING, begins={0: 8}), most=20))
    assert [record.getMessage() for record in caplog.records] == [
        "pages.raw[0]: Kafka deleted 3 offsets that no worker had read"
    ]


def test_a_kafka_that_is_away_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    dog = Watchdog(replace(SETTINGS, broker="localhost:1"), Work(), lambda: "me", print)
    with caplog.at_level("WARNING", "newsieve.watchdog"):
        said = asyncio.run(dog._told(""))
        assert asyncio.run(dog._told(said)) == said
    (record,) = caplog.records
    assert record.getMessage().startswith("waiting: no Kafka at localhost:1;")


def test_the_worker_is_ended_once_with_the_reason() -> None:
    left: list[BaseException] = []

    async def watching() -> None:
        work = Work(asyncio.get_running_loop().time)
        with work.at("tagging", "3 pages from pages.raw[0]@6 on"):
            await Watchdog(replace(SETTINGS, broker="localhost:1"), work, lambda: "me", left.append).watch()

    run(watching())
    (reason,) = left
    assert str(reason).startswith("3 pages from pages.raw[0]@6 on: tagging for 3")
