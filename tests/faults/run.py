"""One run: workers, feeder and subscribers start, faults strike, all heals, and the checker says what is wrong."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import PageError
from models.tagger import load_tagger
from streams.outcomes import Result, results_of
from streams.records import RawRecord
from tests.faults.checker import Checker, Finding, Run
from tests.faults.cluster import PARTITIONS, Cluster
from tests.faults.faults import Target, heal, strike
from tests.faults.feeder import Feeder
from tests.faults.fleet import Fleet
from tests.faults.history import History
from tests.faults.models import KILLS, save_models
from tests.faults.pages import MAX_PAGE_BYTES, json_page, pages_of
from tests.faults.patience import Patience
from tests.faults.readback import all_records, members, progress
from tests.faults.readers import Reader
from tests.faults.schedule import FEED_SECONDS, Schedule

JOIN_SECONDS = 45.0
"""How long workers may take to join their group ; faults are timed from then on."""

SETTLE_SECONDS = 60.0
"""How long the workers may take, once all is healed, to finish; when they do not, they are zombies."""

SHOW_SECONDS = 20.0
HEAD_PAGES = 20
"""Pages that are fed at once, to see the workers work before a fault strikes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a run."""

    seed: int
    findings: list[Finding]
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not self.findings


async def play(
    schedule: Schedule, cluster: Cluster, folder: Path, command: Sequence[str] = ("-m", "scripts")
) -> Verdict:
    """Play a schedule on a running cluster; its history and its workers' logs are in `folder`."""
    began = time.monotonic()
    history = History(folder / "history.jsonl")
    history.note("schedule", schedule=schedule.as_json(), command=list(command))
    await cluster.renew_topics()
    group = f"faults-{schedule.seed}-{uuid.uuid4().hex[:8]}"
    fleet = Fleet(cluster, schedule, folder, group, history, command)
    readers = [Reader("alone", cluster.settings, history), Reader("group", cluster.settings, history, f"{group}-read")]
    target = Target(cluster, fleet, readers[1], Feeder(cluster.settings), history)
    async with _all_running(schedule, fleet, readers):
        fed, stuck = await _under_faults(schedule, target)
        verdict = await _judged(schedule, target, readers, fed, stuck)
    verdict.counts["seconds"] = round(time.monotonic() - began, 1)
    history.note("verdict", findings=[f"{f.kind}: {f.what}" for f in verdict.findings], counts=verdict.counts)
    return verdict


@contextlib.asynccontextmanager
async def _all_running(schedule: Schedule, fleet: Fleet, readers: Sequence[Reader]) -> AsyncIterator[None]:
    try:
        for slot in range(schedule.workers):
            await fleet.start(slot)
        for reader in readers:
            await reader.start()
        yield
    finally:
        await fleet.kill_all()
        for reader in readers:
            await reader.stop()


async def _under_faults(schedule: Schedule, target: Target) -> tuple[list[RawRecord], list[Finding]]:
    """Feed, strike, heal, and wait until the workers are done; what was fed, and whether they got stuck."""
    feeder, pages = target.feeder, pages_of(schedule.seed, schedule.pages)
    stuck = await _all_joined(target)
    await feeder.feed(pages[:HEAD_PAGES], 0)
    stuck += await _settled(target, "the first pages, before any fault")
    feeding = asyncio.create_task(feeder.feed(pages[HEAD_PAGES:], FEED_SECONDS))
    await asyncio.gather(*(_at(fault.at, target, fault) for fault in schedule.faults))
    await heal(target)
    target.history.note("healed")
    await feeding
    stuck += await _settled(target, "the pages") or await _probed(target)
    for record in feeder.fed:
        target.history.note("fed", source=record.source, key=record.key and record.key.decode("utf8", "replace"))
    return feeder.fed, stuck


async def _probed(target: Target) -> list[Finding]:
    """When all is well again and done: every worker has its share, and each partition is worked on."""
    stuck = await _all_joined(target)
    probes = [json_page(f"https://probe.example/{number}", f"# Probe {number}") for number in range(4 * PARTITIONS)]
    await target.feeder.feed(probes, 0)
    return stuck + await _settled(target, "the probes, fed when all was well")


async def _at(seconds: float, target: Target, fault: Any) -> None:
    await asyncio.sleep(seconds)
    await strike(target, fault)


async def _all_joined(target: Target) -> list[Finding]:
    """Wait until every worker has its share of the partitions; a finding when one lives and never joins."""
    patience = Patience(JOIN_SECONDS)
    while (found := await members(target.cluster, target.fleet.group)) != len(target.fleet.slots):
        if await patience.is_over():
            return [Finding("zombie", f"{len(target.fleet.slots)} workers, {found} of them in the group")]
        await asyncio.sleep(0.3)
    target.history.note("all joined")
    return []


async def _settled(target: Target, what: str) -> list[Finding]:
    """Wait until everything is committed; a finding when that does not come although workers live."""
    patience = Patience(SETTLE_SECONDS)
    while True:
        now = await progress(target.cluster, target.fleet.group)
        if now.lag == 0:
            target.history.note("settled", what=what)
            return []
        if await patience.is_over():
            return [Finding("zombie", f"{what}: {now.lag} not committed after {SETTLE_SECONDS:g} s: {now}")]
        await asyncio.sleep(0.5)


async def _judged(
    schedule: Schedule, target: Target, readers: Sequence[Reader], fed: list[RawRecord], stuck: list[Finding]
) -> Verdict:
    await target.fleet.stop_all()
    now = await progress(target.cluster, target.fleet.group)
    records = await all_records(target.cluster.settings)
    shown = {reader.name: reader.shown for reader in readers}
    kinds, republish = frozenset(schedule.kinds), schedule.environ.get("NEWSIEVE_REPUBLISH", "changed")
    run = Run(fed, records, now, shown, target.trimmed, kinds, republish, schedule.is_strict)
    tally = target.fleet.tally
    editions = sorted(tally.editions)
    checker = Checker(run, *(expectation(target.fleet.folder.parent, edition) for edition in editions))
    for reader in readers:
        await reader.wait_for(checker.to_be_shown(), SHOW_SECONDS)
        await reader.stop()
    odd = [*tally.odd, *(failure for reader in readers for failure in reader.failures)]
    findings = [*stuck, *(Finding("odd end", what) for what in odd), *checker.findings()]
    counts = checker.counts() | {"workers": tally.started, "left": tally.left, "editions": editions}
    counts["stop_seconds"] = max(tally.stop_seconds, default=0.0)
    return Verdict(schedule.seed, findings, counts)


class expectation:  # noqa: N801 -- called like the function that it is
    """What a record must become: newsieve's own decoding and tagging, with an edition of the models, without Kafka."""

    def __init__(self, folder: Path, edition: int) -> None:
        self._tagger = load_tagger(save_models(folder / "models", edition))

    def __call__(self, raw: RawRecord) -> Result:
        if KILLS.encode() in (raw.value or b""):
            return Result(raw, PageError("bug", "it kills whoever tags it"))
        [result] = results_of([raw], self._tagger, MAX_PAGE_BYTES)
        return result
