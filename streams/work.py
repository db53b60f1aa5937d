"""What the agent is at: told by the agent, read by the watchdog from its own thread."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

Stage = Literal["taking", "tagging", "delivering"]
"""A batch is taken in hand with a word to Kafka, tagged here, and delivered to Kafka."""


@dataclass(frozen=True, slots=True)
class Task:
    """One stage of one batch; `batch` names it for a person."""

    stage: Stage
    batch: str
    since: float
    renewed: bool = False
    """Whether it is known to take its time."""


class Work:
    """The stage in which the batch in hand is, if there is one; `clock` is that of all patience with the worker.

    >>> work = Work(clock=iter([1.0, 5.0, 7.0, 8.0]).__next__)
    >>> with work.at("tagging", "3 pages"):
    ...     work.task, work.seconds()
    (Task(stage='tagging', batch='3 pages', since=5.0, renewed=False), 2.0)
    >>> work.task is None
    True
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._ended = clock()
        self.task: Task | None = None
        self.is_left = False
        """Whether a batch was left before its end, as when the worker was stopped meanwhile."""

    @contextlib.contextmanager
    def at(self, stage: Stage, batch: str) -> Iterator[None]:
        """Be at that stage for as long as the block takes."""
        self.task = Task(stage, batch, self.clock())
        try:
            yield
        finally:
            self._ended = self.clock()
            self.task = None

    def renew(self) -> None:
        """The stage gets on, and its time starts anew."""
        if self.task:
            self.task = replace(self.task, since=self.clock(), renewed=True)

    def active_at(self) -> float:
        """When something was in hand last: now, if something is."""
        return self.clock() if self.task else self._ended

    def seconds(self) -> float:
        """How long the stage has lasted; 0 where nothing is in hand."""
        task = self.task
        return self.clock() - task.since if task else 0.0
