"""Whether a worker gets on, judged from looks at its group; pure but for the clock that it is given.

The lag alone says nothing: on transactional input it never reaches 0, for the ends of transactions have offsets too. A
worker is stalled when a *record* waits in one of its partitions and the group's committed offsets do not move.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.group_view import Sight

STARVED_TIMES = 10
"""A partition may wait this many times as long as the whole worker: others with large pages may come before it."""

FROZEN_TIMES = 3
"""Nor may batches come and go for longer than this many times, and nothing of them be committed."""


@dataclass
class Progress:
    """Looks at the group in their order, and what they come to.

    `limit` seconds without progress are too many, and `joining` seconds more outside of the group.
    """

    limit: float
    joining: float
    now: float
    active_at: float = 0.0
    """When a batch was in hand last: how long one may take is not judged here."""

    seen: Sight | None = None
    there_at: float = field(init=False)
    whole_at: float = field(init=False)
    most: Sight | None = None
    """The last look at which nothing that had been there was missing."""

    member_at: float = field(init=False)
    moved_at: float = field(init=False)
    partition_moved_at: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pause(self.now)

    def pause(self, now: float) -> None:
        """Start all clocks anew: Kafka is away, or a delivery is being retried."""
        self.now = self.there_at = self.whole_at = self.member_at = self.moved_at = now
        self.partition_moved_at = dict.fromkeys(self.partition_moved_at, now)

    def look(self, sight: Sight, now: float) -> str | None:
        """Take a look; returns why the worker cannot go on, where that is plain at once."""
        before, self.seen, self.now = self.seen, sight, now
        if sight.has_topic:
            self.there_at = now
        elif now - self.there_at > self.limit:
            return "the Kafka topic pages.raw is gone"
        if sight.is_member:
            self.member_at = now
        elif now - self.member_at > self.limit + self.joining:
            return _outside(sight, now - self.member_at)
        if sight.is_rebalancing or before is None or before.partitions != sight.partitions:
            self.moved_at = self.whole_at = now
            self.most = sight
            self.partition_moved_at = dict.fromkeys(sight.partitions, now)
            return None
        self._note_moves(before, sight)
        return self._made_anew(sight)

    def _note_moves(self, before: Sight, sight: Sight) -> None:
        for partition in sight.partitions:
            if before.next_offset(partition) != sight.next_offset(partition):
                self.moved_at = self.partition_moved_at[partition] = self.now

    def _made_anew(self, sight: Sight) -> str | None:
        """Whether the Kafka topic was deleted and made again: what was read of the old one says nothing of the new one.

        For a moment it may look so when another broker becomes the leader of a partition.
        """
        less = [p for p in sight.partitions if self.most and _is_less(sight, self.most, p)]
        if not less:
            self.most, self.whole_at = sight, self.now
        elif self.now - self.whole_at > self.limit / 2:
            end = sight.ends.get(less[0], 0)
            return f"pages.raw[{less[0]}] was deleted and made anew, or lost its end: it now ends at offset {end}"
        return None

    def nothing_waits(self, partitions: Iterable[int]) -> None:
        """Note that these hold no record to be read, whatever their lag."""
        for partition in partitions:
            self.partition_moved_at[partition] = self.now
        if self.seen and set(partitions) >= set(self.seen.partitions):
            self.moved_at = self.now

    @property
    def idle_seconds(self) -> float:
        """How long nothing moved, and no batch was in hand."""
        return self.now - max(self.moved_at, self.active_at)

    @property
    def frozen_seconds(self) -> float:
        """How long nothing moved, whatever was in hand."""
        return self.now - self.moved_at

    def suspects(self) -> list[int]:
        """Partitions of which it must be known whether a record waits there."""
        if not self.seen or not self.seen.is_member:
            return []
        half = self.limit / 2
        if self.idle_seconds > half or self.frozen_seconds > half * FROZEN_TIMES:
            return list(self.seen.partitions)
        waited = {p: self.now - at for p, at in self.partition_moved_at.items()}
        return [p for p in self.seen.partitions if waited[p] > half * STARVED_TIMES]

    def stalled(self, waiting: dict[int, int]) -> str | None:
        """Why the worker cannot go on, given at which offset a record waits in which partition."""
        everything = self.idle_seconds > self.limit or self.frozen_seconds > self.limit * FROZEN_TIMES
        waited = {p: self.now - self.partition_moved_at[p] for p in waiting}
        stuck = [p for p in waiting if everything or waited[p] > self.limit * STARVED_TIMES]
        if not stuck:
            return None
        place, seconds = f"pages.raw[{stuck[0]}]@{waiting[stuck[0]]}", waited[stuck[0]]
        return f"a page waits at {place}, and nothing was committed for {seconds:.0f} s"


def _outside(sight: Sight, seconds: float) -> str:
    others = f"; it is {sight.state} with protocol {sight.protocol!r}" if sight.protocol else ""
    return f"Kafka has not had this worker in its group for {seconds:.0f} s{others}"


def _is_less(sight: Sight, most: Sight, partition: int) -> bool:
    """Whether something of a partition that was there is missing: records, or the group's offset."""
    end = sight.ends.get(partition, 0)
    forgotten = partition in most.committed and partition not in sight.committed
    return forgotten or end < most.ends.get(partition, 0) or end < sight.committed.get(partition, 0)
