"""Workers broken on purpose, to see that the harness finds it: `python -m tests.faults.mutants NAME worker …`.

Each mutant breaks one thing that the delivery guarantee stands on, in a process of its own, before its `main` runs.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.faults.schedule import Fault, Schedule


def ack_before_delivery() -> None:
    """Each batch is acknowledged, and committed, before it is delivered."""
    from streams import agent

    whole = agent.Desk.finish

    async def finish(desk: Any, batch: Any) -> None:
        class AckedFirst:
            async def deliver(self, results: Any) -> Any:
                for event in batch:
                    event.ack()
                await batch[0].app.consumer.commit()  # else it would take luck to be killed behind a commit
                return await desk.delivery.deliver(results)

        await whole(replace(desk, delivery=AckedFirst()), batch)

    agent.Desk.finish = finish  # type: ignore[method-assign]


def exception_escapes() -> None:
    """What a page raises leaves the agent."""
    from streams import agent, worker

    whole = agent.results_of

    def results_of(*args: Any) -> Any:
        results = whole(*args)
        if any(getattr(result.page, "slug", "") == "bug" for result in results):
            raise RuntimeError("a page that the model cannot take")
        return results

    def leave(error: BaseException) -> None:
        raise error

    agent.results_of = results_of
    worker.leave = leave  # type: ignore[assignment]


def no_watchdog() -> None:
    """Nobody sees that a worker gets nowhere."""
    from streams import worker

    class Asleep:
        def __init__(self, *args: Any, **options: Any) -> None:
            """Take whatever a watchdog is given."""

        def start(self) -> None:
            """Watch nothing."""

    worker.Watchdog = Asleep  # type: ignore[assignment, misc]


def no_transactions() -> None:
    """Exactly-once is asked for, and at-least-once is what is done."""
    from streams import worker

    worker.Transactions = lambda *args: None  # type: ignore[assignment, misc]


def half_swapped() -> None:
    """After a swap, the last part of every page is tagged by the first models still."""
    from models.tagger import load_tagger
    from streams import worker
    from tests.faults.models import save_models

    whole = worker.timed
    first = load_tagger(save_models(Path(os.environ["NEWSIEVE_MODELS"]).parent))

    class Half:
        def __init__(self, new: Any) -> None:
            self._new = new

        def tag(self, pages: Any) -> list[Any]:
            both = zip(self._new.tag(pages), first.tag(pages), strict=True)
            return [[*new[:-1], *old[-1:]] for new, old in both]

    worker.timed = lambda *args: Half(whole(*args))  # type: ignore[assignment, return-value]


MUTANTS: dict[str, Callable[[], None]] = {
    "ack-before-delivery": ack_before_delivery,
    "exception-escapes": exception_escapes,
    "no-watchdog": no_watchdog,
    "no-transactions": no_transactions,
    "half-swapped": half_swapped,
}
_SLOW = tuple(Fault(0.3, "delay", slot, 6, 0.4) for slot in range(2))
_KILLS = tuple(Fault(1.8 + 0.9 * number, "kill", number, 0.1) for number in range(4))
_BIG = {"NEWSIEVE_BATCH_PAGES": "256", "NEWSIEVE_GIVE_UP_SECONDS": "30"}
SCHEDULES: dict[str, Schedule] = {
    # Deliveries take long, offsets are committed meanwhile, and the worker is killed.
    "ack-before-delivery": Schedule(10_001, 1, 2, 400, (*_SLOW, *_KILLS), _BIG),
    # No fault at all: some of the pages are such that the model raises.
    "exception-escapes": Schedule(10_002, 1, 2, 300, (), _BIG),
    "no-watchdog": Schedule(10_003, 1, 2, 200, (Fault(1, "stick"),), _BIG),
    # As with the first: what was delivered and not committed comes again, which at-least-once may.
    "no-transactions": Schedule(10_004, 1, 2, 400, (*_SLOW, *_KILLS), _BIG | {"NEWSIEVE_DELIVERY": "exactly-once"}),
    "half-swapped": Schedule(10_005, 1, 2, 300, (Fault(0.5, "swap"),), _BIG),
}
"""What shows of each mutant that it is broken."""


FINDINGS = {
    "ack-before-delivery": "lost",
    "exception-escapes": "lost",
    "no-watchdog": "zombie",
    "no-transactions": "repeated",
    "half-swapped": "mixed",
}
"""What the checker must find of each."""


def command(name: str | None) -> tuple[str, ...]:
    """What a Python is given to run `newsieve`, as this mutant when there is one."""
    return ("-m", "tests.faults.mutants", name) if name else ("-m", "scripts")


if __name__ == "__main__":
    from scripts.cli import main

    MUTANTS[sys.argv.pop(1)]()
    main()
