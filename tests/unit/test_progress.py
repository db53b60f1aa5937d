"""When a worker counts as stalled: a record waits and nothing is committed; never on lag alone, never while waiting."""

from dataclasses import replace
from typing import Any

import pytest

from streams.group_view import Sight
from streams.progress import FROZEN_TIMES, STARVED_TIMES, Progress
from streams.settings import Settings
from streams.watchdog import DELIVERIES, batch_trouble
from streams.work import Work

LIMIT, JOINING = 30.0, 20.0
BUSY = Sight("Stable", "roundrobin", True, (0, 1), {0: 5, 1: 7}, {0: 0, 1: 0}, {0: 10, 1: 7})
"""Ours are two partitions, of which the first has a lag of 5."""


def after(seconds: float, sight: Sight = BUSY, step: float = 5) -> Progress:
    """What is known after so many seconds of the same look."""
    progress = Progress(LIMIT, JOINING, 0)
    for n in range(int(seconds / step) + 1):
        assert progress.look(sight, n * step) is None
    return progress


def committed(first: int, sight: Sight = BUSY) -> Sight:
    return replace(sight, committed={**sight.committed, 0: first})


def test_a_record_that_waits_while_nothing_moves_is_a_stall_that_names_its_place() -> None:
    assert after(LIMIT).stalled({0: 6}) is None
    trouble = after(LIMIT + 5).stalled({0: 6})
    assert trouble == "a page waits at pages.raw[0]@6, and nothing was committed for 35 s"


def test_lag_without_a_record_is_no_stall() -> None:
    """The ends of transactions take offsets: on transactional input the lag never reaches 0."""
    progress = after(LIMIT * 3)
    assert progress.suspects() == [0, 1]
    progress.nothing_waits([0, 1])
    assert progress.stalled({}) is None
    assert progress.suspects() == []


def test_nobody_is_suspected_before_half_the_time_is_over() -> None:
    assert after(LIMIT / 2).suspects() == []
    assert after(LIMIT / 2 + 5).suspects() == [0, 1]


def test_a_worker_that_commits_is_well_however_large_its_lag() -> None:
    progress = Progress(LIMIT, JOINING, 0)
    for n in range(100):
        progress.look(replace(committed(n), ends={0: 10_000, 1: 7}), n * 25)
        assert progress.stalled({0: n}) is None


def test_a_partition_that_is_left_out_while_others_move_is_a_stall_in_the_end() -> None:
    progress = Progress(LIMIT, JOINING, 0)
    trouble = None
    for n in range(int(LIMIT * STARVED_TIMES / 5) + 2):
        assert trouble is None
        progress.look(replace(committed(n), ends={0: 10_000, 1: 9}), n * 5)
        trouble = progress.stalled({1: 7})
    assert trouble == "a page waits at pages.raw[1]@7, and nothing was committed for 305 s"


def test_while_a_batch_is_in_hand_or_was_a_moment_ago_nothing_is_stalled_until_commits_are_frozen() -> None:
    progress = after(LIMIT * FROZEN_TIMES)
    progress.active_at = progress.now - 1
    assert progress.stalled({0: 6}) is None
    progress.look(BUSY, progress.now + 1)
    progress.active_at = progress.now
    assert "91 s" in (progress.stalled({0: 6}) or "")


@pytest.mark.parametrize("state", ["PreparingRebalance", "CompletingRebalance"])
def test_clocks_stand_still_during_a_rebalance_and_start_anew_behind_it(state: str) -> None:
    progress = after(LIMIT)
    assert progress.look(replace(BUSY, state=state), LIMIT * 9) is None
    assert progress.stalled({0: 6}) is None
    progress.look(BUSY, LIMIT * 9 + 5)
    assert progress.suspects() == []


def test_other_partitions_than_before_start_the_clocks_anew() -> None:
    progress = after(LIMIT + 5)
    progress.look(replace(BUSY, partitions=(0,)), LIMIT + 10)
    assert progress.stalled({0: 6}) is None


def test_a_pause_starts_the_clocks_anew() -> None:
    progress = after(LIMIT + 5)
    progress.pause(LIMIT + 6)
    assert progress.stalled({0: 6}) is None
    assert progress.suspects() == []


def test_a_worker_outside_of_its_group_has_the_time_of_a_rebalance_more_to_get_in() -> None:
    outside = Sight("Stable", "range", False)
    progress = Progress(LIMIT, JOINING, 0)
    assert progress.look(outside, LIMIT + JOINING) is None
    trouble = progress.look(outside, LIMIT + JOINING + 1)
    assert trouble == "Kafka has not had this worker in its group for 51 s; it is Stable with protocol 'range'"


def test_a_worker_without_partitions_is_well() -> None:
    progress = after(LIMIT * 20, Sight("Stable", "roundrobin", True))
    assert progress.suspects() == []
    assert progress.stalled({}) is None


@pytest.mark.parametrize(
    "changes", [{"committed": {1: 7}}, {"ends": {0: 4, 1: 7}}, {"committed": {0: 11, 1: 7}, "ends": {0: 10, 1: 7}}]
)
def test_a_kafka_topic_that_lost_its_end_or_its_offsets_for_good_was_made_anew(changes: Any) -> None:
    progress = after(5)
    less = replace(BUSY, **changes)
    assert progress.look(less, 10) is None
    assert progress.look(less, 20) is None
    assert "made anew" in (progress.look(less, 21) or "")


def test_a_moment_without_the_end_is_a_change_of_leaders() -> None:
    progress = after(5)
    for now in range(10, 200, 10):
        assert progress.look(replace(committed(now), ends={0: 4 if now % 20 else 900, 1: 7}), now) is None


def test_lag_counts_from_what_kafka_still_has_and_what_it_deleted_is_told() -> None:
    overtaken = replace(BUSY, begins={0: 8, 1: 0})
    assert (overtaken.lag(), overtaken.deleted()) == ({0: 2, 1: 0}, {0: 3})
    assert Sight("Stable", "", True, (0,), {}, {0: 4}, {0: 9}).lag() == {0: 5}


@pytest.mark.parametrize(("stage", "limit"), [("tagging", LIMIT), ("delivering", LIMIT + DELIVERIES * 60)])
def test_a_batch_may_take_its_time_and_a_delivery_the_time_to_give_up_more(stage: Any, limit: float) -> None:
    now = [0.0]
    work = Work(clock=lambda: now[0])
    settings = Settings(watchdog_seconds=LIMIT, give_up_seconds=60)
    with work.at(stage, "3 pages from pages.raw[0]@6 on"):
        now[0] = limit
        assert batch_trouble(work, settings) == ""
        now[0] += 1
        assert batch_trouble(work, settings).startswith(f"3 pages from pages.raw[0]@6 on: {stage} for ")
    assert batch_trouble(work, settings) == ""
