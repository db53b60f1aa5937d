"""The checker finds what is planted, and nothing in a run that went well."""

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from models.errors import PageError
from streams import records
from streams.kafka_topics import DONE_TOPIC
from tests.faults.checker import Checker, Run
from tests.faults.good_run import AT, expect, good_run, kinds, stored, with_records
from tests.faults.readback import Progress, Records
from tests.faults.schedule import brokers_of, read_schedule, schedule_of


def test_a_good_run_has_no_findings() -> None:
    """Nothing is found where nothing is wrong, for any mix of pages, and the counts are those of the run."""
    for seed in range(8):
        checker = Checker(good_run(seed), expect)
        assert checker.findings() == []
        assert checker.counts()["pages"] == 120
        assert (checker.counts()["repeats"], checker.counts()["outcome_repeats"]) == (0, 0)
        assert checker.counts()["dead"] > 0


Plant = Callable[[Run], Run]
PLANTED: dict[str, tuple[Plant, set[str]]] = {
    "an outcome less": (lambda run: with_records(run, outcomes=run.records.outcomes[1:]), {"lost"}),
    "a page and all of it less": (
        lambda run: replace(with_records(run, pages=run.records.pages[:-1], outcomes=run.records.outcomes[:-1])),
        {"lost"},
    ),
    "a part less": (lambda run: with_records(run, parts=run.records.parts[3:]), {"part lost"}),
    "a letter less": (lambda run: with_records(run, letters=run.records.letters[1:]), {"letter wrong"}),
    "a letter's bytes changed": (
        lambda run: with_records(run, letters=[replace(x, value=b"other") for x in run.records.letters]),
        {"letter wrong"},
    ),
    "a letter's headers lost": (
        lambda run: with_records(
            run, letters=[replace(x, headers=(*x.headers, ("original-headers", b"[]"))) for x in run.records.letters]
        ),
        {"letter wrong"},
    ),
    "a part changed": (
        lambda run: with_records(
            run, parts=[replace(x, value=x.value.replace(b"Story", b"Tale")) for x in run.records.parts]
        ),
        {"wrong"},
    ),
    "a part that no page gives": (
        lambda run: with_records(
            run, parts=[*run.records.parts, replace(run.records.parts[0], topic="parts.elsewhere")]
        ),
        {"invented"},
    ),
    "another outcome": (
        lambda run: with_records(
            run, outcomes=[replace(x, value=x.value.replace(b"tagged", b"empty")) for x in run.records.outcomes]
        ),
        {"wrong"},
    ),
    "an offset not committed": (lambda run: replace(run, progress=Progress({}, run.progress.ends)), {"uncommitted"}),
    "a part shown twice": (
        lambda run: replace(run, shown={"alone": [*run.shown["alone"], run.shown["alone"][0]]}), {"shown twice"}
    ),
    "a part not shown": (lambda run: replace(run, shown={"alone": run.shown["alone"][1:]}), {"not shown"}),
    "outcomes in another order": (
        lambda run: with_records(run, outcomes=run.records.outcomes[::-1]), {"reordered"}
    ),
    "parts in another order": (lambda run: with_records(run, parts=run.records.parts[::-1]), {"reordered"}),
    "a repeat where there must be none": (
        lambda run: replace(
            with_records(run, parts=[*run.records.parts, run.records.parts[0]]), is_strict=True
        ),
        {"repeated"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    """Each wrong that is put into a good run is found, and nothing else is."""
    plant, wanted = PLANTED[name]
    found = kinds(plant(good_run()))
    assert wanted <= found
    assert found - wanted <= ({"not shown"} if "order" in name else set())


def test_repeats_on_the_topics_are_counted_and_allowed() -> None:
    """A batch that a killed worker leaves to the next comes twice: at least once is the guarantee."""
    run = good_run()
    again = with_records(
        run, parts=run.records.parts + run.records.parts[-5:], outcomes=run.records.outcomes + run.records.outcomes[-2:]
    )
    checker = Checker(again, expect)
    assert checker.findings() == []
    assert (checker.counts()["repeats"], checker.counts()["outcome_repeats"]) == (5, 2)


def test_what_retention_took_is_not_lost() -> None:
    """Records that retention took before a worker could read them need no outcome; those beside them do."""
    run = good_run()
    gone = [raw for raw in run.records.pages if raw.partition == 1 and 3 <= raw.offset < 6]
    left = [raw for raw in run.records.outcomes if Checker._source(raw) not in {raw.source for raw in gone}]
    cut = replace(with_records(run, outcomes=left), trimmed=[(1, 3, 6)])
    assert "lost" not in kinds(cut)
    assert "lost" in kinds(replace(cut, trimmed=[(1, 3, 5)]))


def test_the_same_page_again_may_be_repeated_but_not_another() -> None:
    """`repeated` is an outcome of a page that also stands elsewhere in the feed, tagged."""
    first = good_run().records.pages[0]
    twice = [replace(first, offset=0), replace(first, offset=1)]
    told = [expect(twice[0]).done(AT), records.done_record(DONE_TOPIC, twice[1], "repeated", AT, expect(first).page)]
    run = Run(twice, Records(twice, stored(told), [], []), Progress({}, {}))
    assert "wrong" not in kinds(run)
    assert "wrong" in kinds(with_records(run, outcomes=stored(told[1:])))
    assert "wrong" in kinds(replace(run, republish="always"))


def test_a_seed_gives_one_schedule() -> None:
    """Schedules are the same for the same seed, differ between seeds, and survive JSON; each fault is known."""
    schedules = [schedule_of(seed) for seed in range(200)]
    assert schedules == [schedule_of(seed) for seed in range(200)]
    assert len({schedule.faults for schedule in schedules}) > 190
    assert all(read_schedule(schedule.as_json()) == schedule for schedule in schedules)
    assert sum(brokers_of(seed) == 3 for seed in range(200)) == 50


def test_order_is_not_looked_at_where_topics_refused_records_for_a_while() -> None:
    """What was refused is tried again behind the others of its batch."""
    run = good_run()
    turned = with_records(run, outcomes=run.records.outcomes[::-1])
    assert kinds(turned) == {"reordered"}
    assert kinds(replace(turned, faults=frozenset({"full-done"}))) == set()


def test_a_dead_page_need_not_be_shown() -> None:
    """A part of it may be on the one topic that took it: it is shown once its letter is put back."""
    run = good_run()
    first = next(raw for raw in run.records.pages if expect(raw).outcome == "tagged")
    dead = expect(first).dead(PageError("too-large", "a part of it is larger than Kafka takes"))
    outcomes = [raw for raw in run.records.outcomes if Checker._source(raw) != first.source]
    letters = [*run.records.letters, *stored(dead.records(AT))]
    run = replace(run, faults=frozenset({"full-parts"}))
    run = with_records(run, outcomes=[*outcomes, *stored([dead.done(AT)])], letters=letters)
    part = orjson.loads(expect(first).records(AT)[0].value)["id"]
    assert part in run.shown["alone"]
    assert kinds(replace(run, shown={"alone": [one for one in run.shown["alone"] if one != part]})) <= {"reordered"}
