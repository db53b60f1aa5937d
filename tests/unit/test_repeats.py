"""Pages fed again: recognised by id within the window, whatever the setting asks, and in a memory that never grows."""

import itertools
import tracemalloc
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from fake_models import EXPLODES, mark_tagger
from fakes import FakeKafka, FakeStream, events, raw, run

from streams.agent import Desk, make_agent
from streams.delivery import Delivery
from streams.outcomes import results_of
from streams.records import RawRecord
from streams.repeats import Memory, Repeats
from streams.settings import Settings

NOBODY: Any = [].extend
TEXT, OTHER = "# Cup final", "# Cup final moved"


def page(offset: int, text: str = TEXT, page_id: str | None = "a", **headers: bytes) -> RawRecord:
    fields = {"url": "https://example.org/a", "text": text, "id": page_id}
    return raw(orjson.dumps(fields), offset=offset, **headers)


def outcomes(
    batches: Sequence[Sequence[RawRecord]], kafka: FakeKafka | None = None, versions: Any = dict, **settings: Any
) -> list[str]:
    """Outcomes in the order of the records, each batch in turn, by the agent and a real delivery."""
    kafka = kafka or FakeKafka()
    ours = Settings(**settings)
    left: list[BaseException] = []

    async def work() -> None:
        async with Delivery(ours, lambda: "now", kafka.producer) as delivery:
            repeats = Repeats(ours, versions)
            stream = FakeStream([events(batch, []) for batch in batches])
            await make_agent(Desk(ours, mark_tagger(), delivery, NOBODY, repeats=repeats), left.append)(stream)

    run(work())
    assert left == []
    done = [orjson.loads(record.value or b"") for record in kafka.on("pages.done")]
    return [f["outcome"] for f in sorted(done, key=lambda f: int(f["source"].rpartition("/")[2]))]


SETTINGS = {
    "never": ["tagged", "repeated", "repeated", "repeated"],
    "changed": ["tagged", "repeated", "tagged", "tagged"],
    "always": ["tagged"] * 4,
}


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("republish", SETTINGS)
def test_a_page_fed_again_is_published_as_the_setting_says_in_its_batch_or_later(republish: str, size: int) -> None:
    """Under one id: the page, the same again, with another text, and the first text again."""
    fed = [page(0), page(1), page(2, OTHER), page(3)]
    batches = [fed[at : at + size] for at in range(0, 4, size)]
    assert outcomes(batches, republish=republish) == SETTINGS[republish]


def test_without_an_id_another_text_is_another_page() -> None:
    assert outcomes([[page(0, page_id=None), page(1, OTHER, None), page(2, page_id=None)]]) == [
        "tagged", "tagged", "repeated",
    ]  # fmt: skip


def test_a_repeat_has_no_record_but_its_outcome() -> None:
    kafka = FakeKafka()
    outcomes([[page(0)], [page(1)]], kafka)
    assert len(kafka.on("parts.unclear")) == 1
    assert [orjson.loads(r.value or b"")["parts"] for r in kafka.on("pages.done")] == [1, 0]


def test_an_empty_page_is_repeated_too_and_a_dead_one_never() -> None:
    assert outcomes([[page(0, "-"), page(1, "-")]]) == ["empty", "repeated"]
    assert outcomes([[page(0, EXPLODES)], [page(1, EXPLODES), page(2, EXPLODES)]]) == ["dead"] * 3


def test_a_repeat_of_a_page_that_is_refused_for_its_size_in_its_own_batch_is_dead_too() -> None:
    kafka = FakeKafka(limits={"parts.unclear": 1_000})
    large = "# Title\n" + "x" * 3_000
    assert outcomes([[page(0, large), page(1, large)], [page(2, large)]], kafka) == ["dead"] * 3
    assert len(kafka.on("pages.dead")) == 3


def test_a_dead_letter_that_was_put_back_is_published_whatever_is_remembered() -> None:
    assert outcomes([[page(0), page(1, newsieve_attempts=b"1"), page(2)]]) == ["tagged", "tagged", "repeated"]


def test_the_same_record_handed_out_again_has_the_outcome_that_it_had() -> None:
    """After a rebalance nobody knows what of it was delivered; a second outcome for it must not differ."""
    repeats, tagger = Repeats(Settings(), dict), mark_tagger()
    for _ in range(2):
        kafka = FakeKafka()
        stream = FakeStream([events([page(0)], [])])

        async def work(kafka: FakeKafka = kafka, stream: FakeStream = stream) -> None:
            async with Delivery(Settings(), lambda: "now", kafka.producer) as delivery:
                await make_agent(Desk(Settings(), tagger, delivery, NOBODY, repeats=repeats), print)(stream)

        run(work())
        assert [orjson.loads(r.value or b"")["outcome"] for r in kafka.on("pages.done")] == ["tagged"]


def test_with_other_models_a_page_is_published_again() -> None:
    versions = iter([{"topics": "1"}] * 2 + [{"topics": "2"}] * 9)
    assert outcomes([[page(0)], [page(1)]], versions=lambda: next(versions)) == ["tagged", "tagged"]


def test_what_is_known_of_a_partition_counts_only_until_another_may_have_had_it() -> None:
    """Another worker may have published something else of the page meanwhile."""
    tenures = iter([1, 1, 1, 2])
    repeats = Repeats(Settings(), dict, lambda raw: next(tenures))
    [result] = results_of([page(0)], mark_tagger(), 10_000)
    repeats.remember([result])
    assert [repeats.of_batch()(*_decoded(page(n))) for n in (1, 2, 3)] == [True, True, False]


def test_what_was_not_acknowledged_is_not_remembered() -> None:
    """A batch whose delivery fails comes again, here or elsewhere, and must be published then."""
    ours = Settings(give_up_seconds=1)
    repeats = Repeats(ours, dict)
    kafka = FakeKafka(ignores=lambda record: True)
    left: list[BaseException] = []

    async def work() -> None:
        async with Delivery(ours, lambda: "now", kafka.producer) as delivery:
            stream = FakeStream([events([page(0)], [])])
            await make_agent(Desk(ours, mark_tagger(), delivery, NOBODY, repeats=repeats), left.append)(stream)

    run(work())
    assert len(left) == 1
    assert outcomes([[page(1)]]) == ["tagged"]
    assert not repeats.of_batch()(*_decoded(page(1)))


def _decoded(record: RawRecord) -> Any:
    from streams.records import decode

    return record, decode(record, 10_000)


def test_the_window_ends() -> None:
    memory = Memory(seconds=10, most=8, clock=iter([0, 10, 11]).__next__)
    memory.put(b"a" * 16, b"t" * 8, b"s" * 8)
    assert memory.get(b"a" * 16) is not None
    assert memory.get(b"a" * 16) is None


def test_a_full_memory_forgets_the_oldest_of_a_bucket_and_takes_no_more_room() -> None:
    memory = Memory(seconds=1e9, most=800, clock=itertools.count().__next__)
    names = [number.to_bytes(8, "little") * 2 for number in range(20_000)]
    tracemalloc.start()
    for name in names:
        memory.put(name, b"t" * 8, b"s" * 8)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 10_000
    assert [memory.get(name) is not None for name in names[-800:]] == [True] * 800
    assert not any(memory.get(name) for name in names[:-800])
