"""What happens in one run, drawn from a seed: how many workers and pages, and which faults at what time. Pure."""

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SLOTS = 4
"""Most workers at once; each has a way of its own to each broker."""

FEED_SECONDS = 6.0
"""How long pages keep coming; faults start meanwhile."""

SESSION_SECONDS = 6.0
"""Silence after which a worker counts as gone: the least that Kafka takes, so that a run is short."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: when it starts, counted from the first outcome, what it hits, how long it lasts."""

    at: float
    kind: str
    slot: int = 0
    lasts: float = 0.0
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run."""

    seed: int
    brokers: int
    workers: int
    pages: int
    faults: tuple[Fault, ...]
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_strict(self) -> bool:
        """Whether not even the topics may hold a repeat: exactly-once, or a worker that is alone and but told to stop.

        With several workers at least once, partitions change hands in a rebalance, and a batch may come twice.
        """
        once = self.environ.get("NEWSIEVE_DELIVERY") == "exactly-once"
        return once or (self.workers == 1 and self.kinds <= ORDERLY)

    @property
    def kinds(self) -> set[str]:
        """Kinds of its faults."""
        return {fault.kind for fault in self.faults}

    def as_json(self) -> dict[str, Any]:
        """The schedule as JSON values."""
        return asdict(self)


def read_schedule(fields: Mapping[str, Any]) -> Schedule:
    """The schedule that `as_json` gave."""
    faults = tuple(Fault(**fault) for fault in fields["faults"])
    return Schedule(**{**fields, "faults": faults})


def brokers_of(seed: int) -> int:
    """Every fourth seed runs on a cluster of three brokers, the others on one."""
    return 3 if seed % 4 == 0 else 1


def schedule_of(seed: int) -> Schedule:
    """The schedule of a seed; the same seed gives the same schedule.

    >>> schedule_of(7) == schedule_of(7) == read_schedule(schedule_of(7).as_json())
    True
    """
    draw = random.Random(seed)
    brokers = brokers_of(seed)
    kinds = draw.choice(THEMES[brokers])
    count = draw.randint(2, 5)
    faults = sorted((_fault(draw, draw.choice(kinds), brokers) for _ in range(count)), key=lambda fault: fault.at)
    environ = {
        "NEWSIEVE_BATCH_PAGES": draw.choice(["8", "32", "256"]),
        "NEWSIEVE_GIVE_UP_SECONDS": draw.choice(["3", "30"]),
        "NEWSIEVE_REPUBLISH": draw.choice(["never", "changed", "always"]),
    }
    workers = 1 if set(kinds) <= ORDERLY else draw.randint(1, 3)
    return Schedule(seed, brokers, workers, draw.randint(200, 500), tuple(_apart(faults)), environ)


def _fault(draw: random.Random, kind: str, brokers: int) -> Fault:
    slot, lasts, amount = RANGES[kind](draw, brokers)
    return Fault(round(draw.uniform(0, FEED_SECONDS), 2), kind, slot, round(lasts, 2), round(amount, 3))


def _apart(faults: list[Fault]) -> list[Fault]:
    """The faults without those that would hit the same thing again while it lasts: one broker outage at a time."""
    kept: list[Fault] = []
    for fault in faults:
        if fault.kind not in ALONE or not any(f.kind in ALONE and fault.at < f.at + f.lasts + 2 for f in kept):
            kept.append(fault)
    return kept


Range = Callable[[random.Random, int], tuple[int, float, float]]


def _worker(shortest: float, longest: float, least: float = 0.0, most: float = 0.0) -> Range:
    return lambda draw, _: (draw.randrange(3), draw.uniform(shortest, longest), draw.uniform(least, most))


def _broker(shortest: float, longest: float) -> Range:
    return lambda draw, brokers: (draw.randrange(brokers), draw.uniform(shortest, longest), 0.0)


RANGES: dict[str, Range] = {
    "kill": _worker(0, 2),  # SIGKILL; lasts: until the next one starts
    "term": _worker(0, 1),  # SIGTERM, exit code 0 wanted
    "pause": _worker(SESSION_SECONDS + 0.5, SESSION_SECONDS + 3),  # SIGSTOP beyond the session timeout, SIGCONT
    "nap": _worker(0.5, SESSION_SECONDS / 3),  # SIGSTOP within it
    "stick": _worker(0, 0),  # its model never ends the batch: the watchdog must see it
    "killer": _worker(0, 0),  # a page that takes the process along
    "join": _worker(0, 0),  # one worker more, for good
    "leave": _worker(0, 0),  # one worker less, for good, unless it is the last
    "cut": _worker(1, 8),  # connections of a worker break, and are refused for a while
    "reset": _worker(0, 0),  # they break once
    "freeze": _worker(1, 8),  # they stay open and nothing passes
    "delay": _worker(2, 5, 0.02, 0.4),  # what passes is late
    "broker-stop": _broker(1, 4),
    "broker-kill": _broker(1, 4),
    "leader": _broker(1, 4),  # the leader of a partition of pages.raw stops
    "starve": _broker(2, 4),  # more copies wanted than there are brokers: every produce fails
    "full-done": _broker(1, 3),  # pages.done takes nothing, as with a full disk
    "full-dead": _broker(1, 3),
    "full-parts": _broker(1, 2),
    "trim": _broker(0, 0),  # all workers stop, retention takes what they have not read, they start again
    "reader": _broker(0, 0),  # the subscriber with a group stops and starts again
    "swap": _worker(0, 2),  # every worker stops and starts with other models; lasts: from one to the next
}
ORDERLY = frozenset({"term", "reader", "swap"})
ALONE = frozenset({"broker-stop", "broker-kill", "leader", "starve", "trim", "full-done", "full-dead", "full-parts"})

_WORKERS = ["kill", "term", "pause", "nap", "join", "leave", "reader", "stick", "killer"]
_NETWORK = ["cut", "reset", "freeze", "delay"]
_BROKER = ["broker-stop", "broker-kill"]
_FULL = ["full-done", "full-dead", "full-parts"]
THEMES: dict[int, list[list[str]]] = {
    1: [
        ["term", "reader"],  # orderly alone
        ["kill", "pause", "stick", "killer"],
        _WORKERS,
        _NETWORK,
        [*_WORKERS, *_NETWORK],
        [*_BROKER, "kill", "term", "pause"],
        [*_BROKER, *_NETWORK],
        [*_FULL, "kill"],
        [*_FULL, *_NETWORK, "pause"],
        ["trim", "trim", "kill", "pause", "term", "killer"],
        [*_WORKERS, *_NETWORK, *_BROKER, *_FULL, "trim"],
        ["swap", "swap", "term", "reader"],  # orderly alone
        ["swap", "swap", "swap", "term", "kill", "pause", "join"],
        ["swap", "swap", "swap", "swap", *_WORKERS, *_NETWORK],
    ],
    3: [
        ["leader", "leader", "kill"],
        ["starve", "starve", "term", "kill"],
        ["leader", "broker-kill", *_WORKERS],
        ["leader", "starve", "broker-stop", *_NETWORK],
        ["swap", "swap", "swap", "term", "kill", "pause", "join"],
        ["swap", "swap", "leader", "broker-kill", "kill"],
    ],
}
"""What a schedule draws its faults from. At most 15 for one broker and 7 for three: then those that are added at the
end leave the schedules of most seeds as they were."""
