"""The watchdog: ends a worker that has work and gets nowhere, or that its group has lost for good.

It runs in a thread of its own, for the event loop may be what is stuck, and asks Kafka over connections of its own, for
the consumer may be. It is patient while Kafka is away, while the group shares out its partitions anew and while a
delivery is retried (which has a limit of its own): else healthy workers that wait for a dead one would die in a loop.
Nor does it count the time for which the worker waits for a core of its machine.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from models.errors import NewsieveError
from streams.group_view import AWAY, GroupView, Sight
from streams.progress import Progress
from streams.reach import hindrance
from streams.settings import Settings
from streams.work import Work

LOOKS = 6
"""Looks at the group in the time that a worker may stand still."""

TICK_SECONDS = 0.5
"""How often the batch in hand is looked at."""

DELIVERIES = 5
"""A delivery awaits a few rounds of records, each of which may take the time to give up; then something is wrong."""

logger = logging.getLogger("newsieve.watchdog")


class StalledError(NewsieveError):
    """A worker that cannot go on by itself: it leaves, and whoever is started next goes on."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the watchdog knows, for whoever asks."""

    sight: Sight | None = None
    """The last look at the group; None while Kafka does not answer."""

    idle_seconds: float = 0.0
    trouble: str = ""
    """Why the worker may be stalled; empty when it is well."""

    @property
    def is_ready(self) -> bool:
        """Whether it takes pages: Kafka has it in the group, and nobody is being waited for."""
        return self.sight is not None and self.sight.is_member and not self.sight.is_rebalancing


class Watchdog:
    """Watches from `start` on; `leave` is called with the reason, once, and must end the process."""

    def __init__(
        self, settings: Settings, work: Work, member_id: Callable[[], str], leave: Callable[[BaseException], None]
    ) -> None:
        self._settings = settings
        self._work = work
        self._member_id = member_id
        self._leave = leave
        self._warned: dict[int, int] = {}
        self.health = Health()

    def start(self) -> None:
        """Watch from now on, in a thread that ends with the process."""
        threading.Thread(target=lambda: asyncio.run(self.watch()), name="watchdog", daemon=True).start()

    def trouble(self) -> str:
        """Why the worker gets nowhere, told after half the time that it may; empty when it is well.

        A delivery that Kafka does not take is told as soon, although the worker is not ended for it until much later.
        """
        return overdue(self._work, self._settings.watchdog_seconds / 2) or self.health.trouble

    async def watch(self) -> None:
        """Watch for ever; returns once it has called `leave`."""
        watches = {asyncio.ensure_future(self._watch_batch()), asyncio.ensure_future(self._watch_group())}
        done, others = await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        self._leave(next(iter(done)).exception() or StalledError("the watchdog ended"))

    async def _watch_batch(self) -> None:
        while not (trouble := batch_trouble(self._work, self._settings)):  # noqa: ASYNC110 -- told by another thread
            await asyncio.sleep(TICK_SECONDS)
        raise StalledError(trouble)

    async def _watch_group(self) -> None:
        ours = self._settings
        progress = Progress(
            ours.watchdog_seconds, ours.rebalance_seconds + ours.session_timeout_seconds, self._work.clock()
        )
        said = ""
        while True:
            with contextlib.suppress(*AWAY):
                async with GroupView(ours) as view:
                    said = ""
                    await self._look_on(view, progress)
            self.health = Health()
            said = await self._told(said)
            progress.pause(self._work.clock())
            await asyncio.sleep(self._pause_seconds)

    async def _told(self, said: str) -> str:
        """What was said of a Kafka that is away: once what to check, for the consumer waits for it without a word."""
        trouble = await hindrance(self._settings)
        if trouble and trouble != said:
            logger.warning("waiting: %s", trouble)
        return trouble or said

    async def _look_on(self, view: GroupView, progress: Progress) -> None:
        """Look again and again; raises `StalledError`, and what an unreachable Kafka raises."""
        while True:
            sight = await view.look(self._member_id())
            trouble = progress.look(sight, self._work.clock())
            progress.active_at = self._work.active_at()
            task = self._work.task
            if task and (task.stage != "tagging" or task.renewed):
                progress.pause(self._work.clock())
            self._warn_of_deleted(sight)
            trouble = trouble or await self._stalled(view, progress)
            self.health = replace(_health(progress), trouble=trouble or _health(progress).trouble)
            if trouble:
                raise StalledError(trouble)
            await asyncio.sleep(self._pause_seconds)

    async def _stalled(self, view: GroupView, progress: Progress) -> str | None:
        """Why the worker cannot go on: records wait, and it does not take them."""
        suspects, sight = progress.suspects(), progress.seen
        if not suspects or sight is None:
            return None
        lag = sight.lag()
        behind = {p: sight.next_offset(p) for p in suspects if lag[p]}
        waiting = await view.first_records(behind) if behind else {}
        progress.nothing_waits([p for p in suspects if p not in waiting])
        return progress.stalled(waiting)

    def _warn_of_deleted(self, sight: Sight) -> None:
        """Say once of each gap that Kafka's retention overtook the group: nobody else would."""
        for partition, count in sight.deleted().items():
            if self._warned.get(partition) != sight.begins[partition]:
                logger.error("pages.raw[%d]: Kafka deleted %d offsets that no worker had read", partition, count)
            self._warned[partition] = sight.begins[partition]

    @property
    def _pause_seconds(self) -> float:
        return self._settings.watchdog_seconds / LOOKS


def batch_trouble(work: Work, settings: Settings) -> str:
    """Why the batch in hand will never be done; empty when nothing says so."""
    limit = settings.watchdog_seconds
    if work.task and work.task.stage != "tagging":  # that is Kafka's time
        limit += DELIVERIES * settings.give_up_seconds
    return overdue(work, limit)


def overdue(work: Work, limit_seconds: float) -> str:
    """What has been done with the batch in hand for longer than that; empty while it has not.

    >>> overdue(Work(), 15)
    ''
    """
    task, seconds = work.task, work.seconds()
    if task is None or seconds <= limit_seconds:
        return ""
    why = "without an end" if task.stage == "tagging" else "and Kafka does not take them"
    return f"{task.batch}: {task.stage} for {seconds:.0f} s {why}"


def _health(progress: Progress) -> Health:
    """Half the time that it may stand still is trouble already, if records wait."""
    idle = progress.idle_seconds
    trouble = f"nothing committed for {idle:.0f} s" if idle > progress.limit / 2 else ""
    return Health(progress.seen, idle, trouble)
