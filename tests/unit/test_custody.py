"""Words on partitions in hand: left by the dead, taken back by those who leave in order, and read by who comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from fakes import run
from faust.types import TP

from streams.custody import IN_HAND, SUSPECT_OFFSETS, SUSPECTS, Custody

FIRST, SECOND = TP("pages.raw", 0), TP("pages.raw", 1)


@dataclass
class FakeMarks:
    """The metadata of the group's offsets, which outlive workers."""

    words: dict[TP, str] = field(default_factory=dict)
    writes: list[Mapping[TP, tuple[int, str]]] = field(default_factory=list)

    async def read(self, partitions: Sequence[TP]) -> Mapping[TP, str]:
        return {tp: self.words[tp] for tp in partitions if tp in self.words}

    async def write(self, words: Mapping[TP, tuple[int, str]]) -> None:
        self.writes.append(words)
        self.words |= {tp: word for tp, (_, word) in words.items()}

    def end(self, partition: TP) -> int:
        return 1000


def messages(tp: TP, *offsets: int, generation: int = 1) -> list[Any]:
    return [SimpleNamespace(tp=tp, offset=offset, generation_id=generation) for offset in offsets]


def take(custody: Custody, marks: FakeMarks, *taken: Any) -> bool:
    """Take messages of the generation in which the partitions were given to us last."""
    custody.assign({message.tp for message in taken}, taken[0].generation_id)
    return run(custody.take(taken, marks))


def test_a_partition_is_marked_once_with_the_offset_of_its_first_message() -> None:
    marks, custody = FakeMarks(), Custody()
    assert not take(custody, marks, *messages(FIRST, 5, 6), *messages(SECOND, 9))
    assert not take(custody, marks, *messages(FIRST, 7))
    assert marks.writes == [{FIRST: (5, IN_HAND), SECOND: (9, IN_HAND)}]


def test_what_a_dead_worker_had_in_hand_is_suspect_up_to_where_the_partition_ended() -> None:
    marks = FakeMarks()
    take(Custody(), marks, *messages(FIRST, 5))
    successor = Custody()
    assert take(successor, marks, *messages(FIRST, 5, 6))
    assert take(successor, marks, *messages(FIRST, 999))
    assert not take(successor, marks, *messages(FIRST, 1000))
    assert not take(successor, marks, *messages(SECOND, 5))


def test_an_orderly_hand_over_leaves_no_suspicion() -> None:
    marks, custody = FakeMarks(), Custody()
    take(custody, marks, *messages(FIRST, 5), *messages(SECOND, 9))
    assert custody.hand_over({FIRST: 7, SECOND: None}) == {FIRST: (7, ""), SECOND: (9, "")}
    marks.words = {}
    assert not take(Custody(), marks, *messages(FIRST, 7))
    assert custody.hand_over({}) == {}


def test_what_was_handed_over_while_kafka_was_asked_about_it_is_not_taken() -> None:
    """Somebody else is given the same messages: to have them in hand would be to deliver them twice."""
    custody = Custody()

    @dataclass
    class Slow(FakeMarks):
        async def read(self, partitions: Sequence[TP]) -> Mapping[TP, str]:
            custody.hand_over({})
            if self.words:
                custody.assign(partitions, 2)
            return {}

    for marks in (Slow(), Slow({FIRST: "given anew"})):
        custody.assign({FIRST}, 1)
        (message,) = messages(FIRST, 5)
        assert not run(custody.take([message], marks))
        assert (custody.has(message), marks.writes) == (False, [])


def test_suspicion_that_was_not_cleared_is_handed_over_too() -> None:
    marks = FakeMarks({FIRST: IN_HAND})
    custody = Custody()
    take(custody, marks, *messages(FIRST, 5))
    words = custody.hand_over({FIRST: 500})
    assert words == {FIRST: (500, SUSPECTS + "1000")}
    run(marks.write(words))
    assert take(Custody(), marks, *messages(FIRST, 500))
    assert not take(Custody(), FakeMarks({FIRST: SUSPECTS + "1000"}), *messages(FIRST, 1000))


def test_another_generation_takes_the_partition_anew() -> None:
    marks, custody = FakeMarks(), Custody()
    take(custody, marks, *messages(FIRST, 5))
    marks.words = {FIRST: IN_HAND}
    assert take(custody, marks, *messages(FIRST, 8, generation=2))
    assert marks.writes[-1] == {FIRST: (8, IN_HAND)}


def test_suspects_are_bounded() -> None:
    marks = FakeMarks({FIRST: IN_HAND})
    marks.end = lambda partition: 10**9  # type: ignore[method-assign]
    custody = Custody()
    assert take(custody, marks, *messages(FIRST, 5))
    assert not take(custody, marks, *messages(FIRST, 5 + SUSPECT_OFFSETS))


def test_a_message_is_admitted_once_in_a_generation_and_again_in_the_next() -> None:
    """A rebalance that follows upon another makes Faust read from the group's place twice."""
    custody = Custody()
    came = [*messages(FIRST, 5, 6), *messages(SECOND, 5), *messages(FIRST, 5, 6, 7), *messages(FIRST, 6, generation=2)]
    assert [custody.admit(message) for message in came] == [True, True, True, False, False, True, True]


def test_a_partition_is_ours_all_the_time_only_through_generations_that_follow_upon_each_other() -> None:
    """What was handed out meanwhile may have gone to others, also while we slept through a whole generation."""
    custody = Custody()
    tenures = []
    for generation, assigned in ((1, {FIRST, SECOND}), (2, {FIRST}), (3, {FIRST, SECOND}), (5, {FIRST, SECOND})):
        custody.assign(assigned, generation)
        tenures.append((custody.tenure(FIRST), custody.tenure(SECOND)))
    assert tenures == [(1, 1), (1, 1), (1, 2), (2, 3)]
