"""The agent: acknowledges after delivery, in order, or not at all; leaves once when it cannot go on; stops in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from fake_models import mark_tagger
from fakes import FakeEvent, FakeStream, RecordingTagger, events, loop_clock, message_of, raw, run

from models.errors import DeliveryError
from streams.agent import STOP_SECONDS, Desk, event_bytes, make_agent, raw_record
from streams.batching import BATCH_BYTES, batches
from streams.outcomes import Result
from streams.records import RawRecord
from streams.settings import Settings
from streams.work import Work

SETTINGS = Settings(batch_pages=7, batch_wait_seconds=0.125)


def pages(count: int, start: int = 0, size: int = 0) -> list[RawRecord]:
    text = "x" * size
    values = [orjson.dumps({"url": f"u{n}", "text": f"# Page {n}{text}"}) for n in range(start, start + count)]
    return [raw(value, offset=start + n) for n, value in enumerate(values)]


class Rig:
    """An agent over a delivery that takes `seconds` and fails on call number `fails_on`."""

    def __init__(self, batches_of_raws: Sequence[Sequence[RawRecord]], fails_on: int = -1, seconds: float = 0.01):
        self.acks: list[int] = []
        self.acks_at_delivery: list[list[int]] = []
        self.delivered: list[list[Result]] = []
        self.reported: list[list[str]] = []
        self.left: list[BaseException] = []
        self.fails_on = fails_on
        self.seconds = seconds
        self.stream = FakeStream([events(raws, self.acks) for raws in batches_of_raws])
        self.agent = make_agent(Desk(SETTINGS, mark_tagger(), self, self.report, Work(loop_clock)), self.left.append)

    async def deliver(self, results: Sequence[Result]) -> list[Result]:
        self.acks_at_delivery.append(list(self.acks))
        self.delivered.append(list(results))
        await asyncio.sleep(self.seconds)
        if len(self.delivered) - 1 == self.fails_on:
            raise DeliveryError("Kafka is away")
        return list(results)

    def report(self, results: Sequence[Result]) -> None:
        self.reported.append([result.outcome for result in results])

    async def stopped_after(self, seconds: float) -> float:
        """Run the agent, cancel it after so many seconds, and return how long it took to end."""
        task = asyncio.ensure_future(self.agent(self.stream))
        await asyncio.sleep(seconds)
        task.cancel()
        begin = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError):
            await task
        return asyncio.get_running_loop().time() - begin


def test_pages_are_acknowledged_in_order_and_only_once_their_batch_is_delivered() -> None:
    rig = Rig([pages(3), pages(2, start=3)])
    run(rig.agent(rig.stream))
    assert rig.acks_at_delivery == [[], [0, 1, 2]]
    assert rig.acks == [0, 1, 2, 3, 4]
    assert rig.reported == [["tagged"] * 3, ["tagged"] * 2]
    assert rig.left == []


def test_batches_are_taken_as_the_settings_say() -> None:
    rig = Rig([])
    run(rig.agent(rig.stream))
    assert rig.stream.asked == [(7, 0.125)]


def test_dead_pages_are_delivered_and_acknowledged_like_all_others() -> None:
    rig = Rig([[raw(None, offset=0), *pages(1, start=1), raw(b"\xff", offset=2, key=None)]])
    run(rig.agent(rig.stream))
    assert [result.outcome for result in rig.delivered[0]] == ["dead", "tagged", "dead"]
    assert rig.acks == [0, 1, 2]


@pytest.mark.parametrize(("fails_on", "acks"), [(0, []), (1, [0, 1, 2]), (2, [0, 1, 2, 3, 4])])
def test_when_delivery_fails_nothing_of_the_batch_is_acknowledged_and_the_agent_leaves_once(
    fails_on: int, acks: list[int]
) -> None:
    rig = Rig([pages(3), pages(2, start=3), pages(1, start=5), pages(1, start=6)], fails_on)
    run(rig.agent(rig.stream))
    assert rig.acks == acks
    assert [type(error) for error in rig.left] == [DeliveryError]
    assert len(rig.delivered) == fails_on + 1


def test_a_kafka_that_does_not_say_what_was_in_hand_is_not_waited_for_for_ever() -> None:
    """As when it goes away before a worker's first batch: the worker leaves as it does when it cannot deliver."""
    rig = Rig([pages(1)])

    async def silent(messages: Sequence[Any]) -> bool:
        await asyncio.sleep(60)
        return False

    settings = replace(SETTINGS, give_up_seconds=0.05)
    run(make_agent(Desk(settings, mark_tagger(), rig, rig.report, take=silent), rig.left.append)(rig.stream))
    assert (rig.acks, [type(error) for error in rig.left]) == ([], [DeliveryError])


def test_a_report_that_fails_leaves_the_batch_unacknowledged_rather_than_escape() -> None:
    rig = Rig([pages(1)])

    def broken(results: Sequence[Result]) -> None:
        raise OSError("no space left")

    run(make_agent(Desk(SETTINGS, mark_tagger(), rig, broken), rig.left.append)(rig.stream))
    assert rig.acks == []
    assert len(rig.left) == 1


def test_on_cancellation_the_batch_in_hand_ends_first_when_it_can() -> None:
    rig = Rig([pages(3), pages(3, start=3)], seconds=STOP_SECONDS)
    assert run(rig.stopped_after(STOP_SECONDS / 2)) <= STOP_SECONDS
    assert rig.acks == [0, 1, 2]
    assert rig.reported == [["tagged"] * 3]
    assert len(rig.delivered) == 1


def test_on_cancellation_a_batch_that_takes_too_long_is_not_acknowledged() -> None:
    rig = Rig([pages(3)], seconds=3600)
    assert STOP_SECONDS <= run(rig.stopped_after(1)) < STOP_SECONDS + 0.1
    assert rig.acks == []
    assert rig.left == []


def test_on_cancellation_a_delivery_that_fails_acknowledges_nothing_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig([pages(3)], fails_on=0, seconds=1)
    run(rig.stopped_after(0.5))
    assert rig.acks == []
    assert caplog.messages == ["the batch in hand will be handed out again: DeliveryError: Kafka is away"]


def test_what_is_left_of_a_take_is_not_begun_after_a_cancellation() -> None:
    large = [*pages(1, size=BATCH_BYTES), *pages(1, start=1, size=BATCH_BYTES)]
    rig = Rig([large], seconds=1)
    run(rig.stopped_after(0.5))
    assert len(rig.delivered) == 1
    assert rig.acks == [0]


def sizes(values: Sequence[int | None]) -> list[list[int | None]]:
    raws = [raw(None if size is None else b"x" * size, offset=n) for n, size in enumerate(values)]
    cut = list(batches(events(raws, []), event_bytes))
    assert [event.message.offset for batch in cut for event in batch] == list(range(len(values)))
    return [[None if e.message.value is None else len(e.message.value) for e in batch] for batch in cut]


def test_batches_are_cut_where_they_would_pass_their_size_and_hold_at_least_one_page() -> None:
    half, most = BATCH_BYTES // 2, BATCH_BYTES
    assert sizes([]) == []
    assert sizes([half, half, 1]) == [[half, half], [1]]
    assert sizes([most, 0, None, 1]) == [[most, 0, None], [1]]
    assert sizes([3 * most, 3 * most]) == [[3 * most], [3 * most]]
    assert sizes([1, most, 1, 1]) == [[1], [most], [1, 1]]


def test_a_raw_record_keeps_repeated_headers_and_nulls() -> None:
    record = RawRecord("pages.raw", 1, 2, None, b"\xff", (("a", b"1"), ("a", None), ("A", b"")))
    assert raw_record(message_of(record)) == record


@pytest.mark.parametrize(("headers", "kept"), [(None, ()), ({}, ()), ({"a": b"1"}, (("a", b"1"),)), ([], ())])
def test_a_message_may_come_without_headers_or_with_a_mapping(headers: object, kept: object) -> None:
    message = message_of(raw(b"x"))
    message.headers = headers
    assert raw_record(message).headers == kept


def test_messages_from_before_a_rebalance_are_left_alone() -> None:
    """Kafka hands them out again, maybe to another worker: tagging them here would only repeat them."""
    rig = Rig([pages(4)])
    current = [1, 3]
    desk = Desk(SETTINGS, mark_tagger(), rig, rig.report, is_current=lambda message: message.offset in current)
    run(make_agent(desk, rig.left.append)(rig.stream))
    assert rig.acks == current
    assert [result.raw.offset for result in rig.delivered[0]] == current


def test_the_stage_of_the_batch_in_hand_is_told() -> None:
    work, stages = Work(), []
    rig = Rig([pages(3)])

    class Telling:
        async def deliver(self, results: Sequence[Result]) -> list[Result]:
            stages.append(work.task)
            return list(results)

    run(make_agent(Desk(SETTINGS, mark_tagger(), Telling(), rig.report, work), rig.left.append)(rig.stream))
    (task,) = stages
    assert task is not None
    assert (task.stage, task.batch) == ("delivering", "3 pages from pages.raw[3]@0 on")
    assert work.task is None


class FakeSandbox(RecordingTagger):
    """A sandbox that writes down when it is closed."""

    def close(self) -> None:
        self.batches.append(["closed"])


def test_a_batch_whose_partition_was_handed_over_while_it_was_taken_is_not_even_tagged() -> None:
    """A page in it may be one that kills, and this worker has nothing to do with it any more."""
    rig, tagger = Rig([pages(3)]), RecordingTagger()
    run(make_agent(Desk(SETTINGS, tagger, rig, rig.report, is_ours=lambda message: False), rig.left.append)(rig.stream))
    assert (tagger.batches, rig.acks, rig.left) == ([], [], [])


def test_suspects_are_tagged_in_the_sandbox_which_is_closed_behind_them() -> None:
    rig, sandbox = Rig([pages(2), pages(2, start=2)]), FakeSandbox()

    async def take(messages: Sequence[Any]) -> bool:
        return bool(messages[0].offset < 2)

    desk = Desk(SETTINGS, mark_tagger(), rig, rig.report, take=take, sandbox=sandbox)
    run(make_agent(desk, rig.left.append)(rig.stream))
    assert [len(batch) for batch in sandbox.batches] == [2, 1]
    assert sandbox.batches[-1] == ["closed"]
    assert rig.acks == [0, 1, 2, 3]


ONCE = replace(SETTINGS, delivery="exactly-once")


def test_with_a_backlog_exactly_once_delivers_several_takes_together_and_tags_them_apart() -> None:
    """A transaction costs the same for few pages as for many; the model is given no more at once than else."""
    rig, tagger, left = Rig([pages(5, start=5 * n) for n in range(9)]), RecordingTagger(), [True] * 7
    desk = Desk(ONCE, tagger, rig, rig.report, is_behind=lambda: bool(left and left.pop()))
    run(make_agent(desk, rig.left.append)(rig.stream))
    assert rig.stream.asked == [(4 * 7, 0.125)]
    assert [len(batch) for batch in rig.delivered] == [30, 15]
    assert [len(batch) for batch in tagger.batches] == [7, 7, 7, 7, 2, 7, 7, 1]
    assert rig.acks == list(range(45))


def test_pages_do_not_wait_long_for_others_although_more_are_said_to_be_there() -> None:
    """As after transactions on `pages.raw` whose ends are all that is left to read."""
    rig = Rig([pages(2)])

    class Silent(FakeStream):
        async def noack_take(self, most: int, within: float) -> AsyncIterator[list[FakeEvent]]:
            async for batch in super().noack_take(most, within):
                yield batch
            await asyncio.sleep(100)
            yield events(pages(2, start=2), rig.acks)

    async def until_delivered() -> float:
        desk = Desk(ONCE, mark_tagger(), rig, rig.report, is_behind=lambda: True)
        task = asyncio.ensure_future(make_agent(desk, rig.left.append)(Silent(rig.stream.batches)))
        while not rig.acks:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.01)
        took = asyncio.get_running_loop().time()
        await task
        return took

    assert run(until_delivered()) < 1
    assert rig.acks == [0, 1, 2, 3]


def test_a_batch_whose_partition_was_handed_over_while_it_was_tagged_is_not_delivered() -> None:
    """Whoever has the partition now is given it again."""
    rig, ours = Rig([pages(3), pages(3, start=3)]), [*[True] * 3, False, *[True] * 6]
    desk = Desk(SETTINGS, mark_tagger(), rig, rig.report, is_ours=lambda message: ours.pop(0))
    run(make_agent(desk, rig.left.append)(rig.stream))
    assert rig.acks == [3, 4, 5]
    assert len(rig.delivered) == 1
    assert rig.left == []
