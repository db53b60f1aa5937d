"""Who has a partition in hand, and how a page that kills its process is kept from killing one worker after the other.

A worker says in the metadata of the offsets that it commits anyway that it has the partition *in hand*, from its first
batch on (one commit more for each partition that it is given), and takes the word back when it hands the partition over
or stops. Whoever finds the word was preceded by a worker that died: it was killed, or a page did it, by a crash, by
taking all memory, or by never ending until the watchdog came. No one can tell from outside which it was, so the new
owner tags what the dead one may have had before it in a *sandbox*, a process of its own. The batch that kills the
sandbox is tagged page by page in others, and the page that kills one alone is dead as a `bug`: it has had its two
attempts. Others are tagged, and a worker that was killed by somebody else costs its successor the start of a sandbox.

While nobody dies, none of this takes any time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from faust.types import TP

IN_HAND = "newsieve: in hand"
SUSPECTS = "newsieve: suspects before "
"""With the offset before which they lie: where a partition is handed over before all suspects were tagged."""

SUSPECT_OFFSETS = 4096
"""What a worker may have had before it beyond what it had committed: the batch in hand, and a second's work that was
not committed yet. If it was more, the next worker dies too, and the one after that begins where this one got to."""


class Marks(Protocol):
    """Where words about partitions are kept: the metadata of the group's offsets."""

    async def read(self, partitions: Sequence[TP]) -> Mapping[TP, str]:
        """The word on each partition; absent where there is none."""

    async def write(self, words: Mapping[TP, tuple[int, str]]) -> None:
        """Commit an offset with a word on each partition."""

    def end(self, partition: TP) -> int:
        """Where the partition ended when it was last read from."""


@dataclass(frozen=True, slots=True)
class Held:
    """A partition in hand: since which generation of the group, and before which offset its suspects lie."""

    generation: int
    first: int
    suspects_before: int


class Custody:
    """The partitions that this worker has in hand."""

    def __init__(self) -> None:
        self._held: dict[TP, Held] = {}
        self._admitted: dict[TP, tuple[int, int]] = {}
        self._assigned: tuple[int, frozenset[TP]] = -1, frozenset()
        self._current: int | None = None
        """The generation of which partitions are ours; none once they were handed over."""

        self._tenures: dict[TP, int] = {}
        self.is_open = True
        """Whether batches may be begun: not while partitions are handed over."""

    def assign(self, partitions: Iterable[TP], generation: int) -> None:
        """Note the partitions of a generation: those that we had in the one before it have been ours all the time."""
        last, ours = self._assigned
        kept = ours if generation == last + 1 else frozenset()
        self._assigned, self._current = (generation, frozenset(partitions)), generation
        for tp in self._assigned[1] - kept:
            self._tenures[tp] = self.tenure(tp) + 1

    def tenure(self, partition: TP) -> int:
        """How often we were given this partition anew: what we knew of it before that, others may have outdated."""
        return self._tenures.get(partition, 0)

    def admit(self, message: Any) -> bool:
        """Whether a message of the current generation is a new one: Faust may go back to the group's place twice."""
        generation, offset = self._admitted.get(message.tp, (-1, -1))
        if generation == message.generation_id and message.offset <= offset:
            return False
        self._admitted[message.tp] = message.generation_id, message.offset
        return True

    async def take(self, messages: Sequence[Any], marks: Marks) -> bool:
        """Have the partitions of these messages in hand; returns whether a suspect is among the messages.

        Where they were handed over meanwhile, they are not taken: whoever has them now is given the same messages.
        """
        first = {message.tp: message for message in reversed(messages)}
        new = {tp: message for tp, message in first.items() if not self.has(message)}
        if new:
            words = await marks.read(list(new))
            if any(message.generation_id != self._current for message in new.values()):
                return False
            for tp, message in new.items():
                before = suspects_before(words.get(tp, ""), message.offset, marks.end(tp))
                self._held[tp] = Held(message.generation_id, message.offset, before)
            await marks.write({tp: (message.offset, IN_HAND) for tp, message in new.items()})
        return any(message.offset < self._held[message.tp].suspects_before for message in messages)

    def hand_over(self, committed: Mapping[TP, int | None]) -> dict[TP, tuple[int, str]]:
        """Have nothing in hand any more; returns the words to leave behind, with the offsets to commit them with."""
        held, self._held, self._current = self._held, {}, None
        places = {tp: committed.get(tp) or one.first for tp, one in held.items()}
        return {tp: (place, last_word(held[tp].suspects_before, place)) for tp, place in places.items()}

    def has(self, message: Any) -> bool:
        """Whether this message's partition is in hand, since the rebalance after which the message came."""
        held = self._held.get(message.tp)
        return held is not None and held.generation == message.generation_id


def suspects_before(word: str, first: int, end: int) -> int:
    """Before which offset suspects lie, given the word on the partition, where we begin and where it ends now.

    >>> suspects_before("", 5, 9), suspects_before(IN_HAND, 5, 9), suspects_before(IN_HAND, 5, 90_000)
    (0, 9, 4101)
    >>> suspects_before(SUSPECTS + "70", 5, 90_000), suspects_before("of somebody else's", 5, 9)
    (70, 0)
    """
    if word == IN_HAND:
        return min(first + SUSPECT_OFFSETS, end)
    number = word.removeprefix(SUSPECTS)
    return int(number) if word.startswith(SUSPECTS) and number.isdecimal() else 0


def last_word(suspects: int, place: int) -> str:
    """What is left to say of a partition that is handed over at an offset."""
    return f"{SUSPECTS}{suspects}" if place < suspects else ""
