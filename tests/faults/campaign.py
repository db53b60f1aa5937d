"""Many runs: seeds side by side, results appended by seed, resumed where they stopped, shown as a table."""

import asyncio
import math
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from tests.faults.checker import Finding
from tests.faults.cluster import Cluster
from tests.faults.run import Verdict, play
from tests.faults.schedule import Schedule

RESULTS = "results.jsonl"
NOTHING: dict[str, Any] = dict.fromkeys(("pages", "repeats", "workers", "seconds"), 0)
"""Counts of a run that could not be judged."""


def loses_a_broker(schedule: Schedule) -> bool:
    """Whether one of several brokers goes away for a while."""
    kinds = {fault.kind for fault in schedule.faults}
    return schedule.brokers > 1 and not kinds.isdisjoint({"broker-stop", "broker-kill", "leader", "starve"})


@dataclass
class Campaign:
    """Plays seeds in `folder`; each lane has a Kafka of its own, and all lanes with as many brokers share the seeds."""

    folder: Path
    command: Sequence[str] = ("-m", "scripts")
    lanes: int = 1
    environ: Mapping[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    _pace: "Pace" = field(default_factory=lambda: Pace(0))

    async def run(self, schedules: Iterable[Schedule]) -> None:
        """Play the schedules that have no result yet."""
        done = {row["seed"] for row in results(self.folder)}
        left = [self._changed(schedule) for schedule in schedules if schedule.seed not in done]
        self._pace = Pace(len(left))
        async with asyncio.TaskGroup() as group:
            for brokers in (1, 3):
                queue = [schedule for schedule in left if schedule.brokers == brokers]
                for lane in range(min(len(queue), self.lanes if brokers == 1 else 1)):
                    group.create_task(self._lane(f"lane-{brokers}-{lane}", brokers, queue))

    def _changed(self, schedule: Schedule) -> Schedule:
        return replace(schedule, environ={**schedule.environ, **self.environ})

    async def _lane(self, name: str, brokers: int, queue: list[Schedule]) -> None:
        """Play schedules from the queue, one after the other, on one cluster as long as that is well.

        Kafka 4.3.1 does not always take a broker back into a cluster in which Kafka topics were deleted ("existed in
        isrMembers, but not in the topics map"): schedules that take a broker away have a cluster of their own.
        """
        while queue:
            cluster = Cluster(self.folder / f"{name}-{time.time_ns()}", brokers)
            try:
                await cluster.start()
                is_well = await self._played(queue.pop(0), cluster)
                while queue and is_well and not loses_a_broker(queue[0]):
                    is_well = await self._played(queue.pop(0), cluster)
            finally:
                await cluster.stop()

    async def _played(self, schedule: Schedule, cluster: Cluster) -> bool:
        """Play one; False when the harness itself failed, so that its cluster is not to be trusted."""
        folder = self.folder / f"seed-{schedule.seed}"
        try:
            verdict = await play(schedule, cluster, folder, self.command)
        except Exception as error:  # noqa: BLE001 -- the other runs go on
            traceback.print_exc()
            verdict = Verdict(schedule.seed, [Finding("harness", f"{type(error).__name__}: {error}")], NOTHING)
        self.verdicts.append(verdict)
        self._append(schedule, verdict)
        return verdict.counts is not NOTHING

    def _append(self, schedule: Schedule, verdict: Verdict) -> None:
        faults = [fault.kind for fault in schedule.faults]
        findings = [f"{finding.kind}: {finding.what}" for finding in verdict.findings]
        row = {"seed": verdict.seed, "brokers": schedule.brokers, "faults": faults, **verdict.counts}
        line = orjson.dumps(row | {"findings": findings[:MOST_FINDINGS], "found": len(findings)})
        with (self.folder / RESULTS).open("ab") as file:
            file.write(line + b"\n")
        say(row | {"found": len(findings)}, findings, self.folder)
        print(self._pace.after_one_more(), flush=True)


MOST_FINDINGS = 20
"""Findings of a run that the results keep; its history has all."""


@dataclass
class Pace:
    """How far a campaign has come, and when it will be over if it goes on like this.

    >>> pace = Pace(4, clock=iter([0, 90, 120]).__next__)
    >>> pace.after_one_more(), pace.after_one_more()
    ('1 of 4, about 5 min left', '2 of 4, about 2 min left')
    """

    total: int
    clock: Callable[[], float] = time.monotonic
    done: int = 0

    def __post_init__(self) -> None:
        self._began = self.clock()

    def after_one_more(self) -> str:
        """A line for a person, once another run is over."""
        self.done += 1
        left = (self.clock() - self._began) / self.done * (self.total - self.done)
        return f"{self.done} of {self.total}, about {math.ceil(left / 60)} min left"


def say(row: dict[str, Any], findings: list[str], folder: Path) -> None:
    """A line for a run, and when something was wrong, what, and how to play it again."""
    print(
        f"seed {row['seed']:4} {row['brokers']} broker(s) {row['seconds']:5.0f} s {row['pages']:4} pages, "
        f"{row['repeats']:3} repeats on the topics, {row['found']} wrong: {', '.join(row['faults'])}",
        flush=True,
    )
    for finding in findings[:MOST_FINDINGS]:
        print(f"    {finding}", flush=True)
    if findings:
        history = folder / f"seed-{row['seed']}" / "history.jsonl"
        print(f"    again: python -m tests.faults replay {history}   (make faults SEED={row['seed']})", flush=True)


def results(folder: Path) -> list[dict[str, Any]]:
    """Results so far; the last of a seed that was played several times."""
    path = folder / RESULTS
    lines = path.read_bytes().splitlines() if path.exists() else []
    return list({row["seed"]: row for row in map(orjson.loads, lines)}.values())


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The results as a table in Markdown: one row a kind of fault, and one for all."""
    kinds = sorted({kind for row in rows for kind in row["faults"]})
    heads = ("fault", "runs", "pages", "lost or wrong", "repeats on the topics", "workers started")
    body = [_row(kind, [row for row in rows if kind in row["faults"]]) for kind in kinds]
    return "\n".join(["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * 5, *body, _row("**all runs**", rows)])


def _row(name: str, rows: Sequence[dict[str, Any]]) -> str:
    sums = Counter({key: sum(row[key] for row in rows) for key in ("pages", "found", "repeats", "workers")})
    return f"| {name} | {len(rows)} | {sums['pages']} | {sums['found']} | {sums['repeats']} | {sums['workers']} |"
