"""A short set of schedules on a real Kafka: nothing lost, nothing shown twice, no worker that lives and does nothing.

`make faults N=200` plays a long one.
"""

import asyncio
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign
from tests.faults.mutants import MUTANTS, SCHEDULES, command
from tests.faults.schedule import schedule_of

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(1200)]

SEEDS_IN_CI = range(1, 21)


def test_twenty_schedules_lose_nothing(jars: None, tmp_path: Path) -> None:
    """Under twenty schedules of faults every page has its outcome, parts or letter, and no reader sees a part twice."""
    campaign = Campaign(tmp_path, lanes=2)
    asyncio.run(campaign.run(map(schedule_of, SEEDS_IN_CI)))
    assert len(campaign.verdicts) == len(SEEDS_IN_CI)
    assert {verdict.seed: verdict.findings for verdict in campaign.verdicts if verdict.findings} == {}


def test_six_schedules_repeat_nothing_where_workers_deliver_exactly_once(jars: None, tmp_path: Path) -> None:
    """With exactly-once, not even the topics hold a repeat for whoever reads what is committed."""
    campaign = Campaign(tmp_path, lanes=2, environ={"NEWSIEVE_DELIVERY": "exactly-once"})
    asyncio.run(campaign.run(map(schedule_of, range(21, 27))))
    assert {verdict.seed: verdict.findings for verdict in campaign.verdicts if verdict.findings} == {}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_worker_that_is_broken_on_purpose_is_found_out(jars: None, tmp_path: Path, mutant: str) -> None:
    """Without what the guarantee stands on, the harness finds pages lost, repeated or mixed, or a worker stuck."""
    broken, whole = Campaign(tmp_path / "broken", command(mutant)), Campaign(tmp_path / "whole")

    async def side_by_side() -> None:
        await asyncio.gather(*(campaign.run([SCHEDULES[mutant]]) for campaign in (broken, whole)))

    asyncio.run(side_by_side())
    assert {finding.kind for verdict in broken.verdicts for finding in verdict.findings} & {
        "lost",
        "zombie",
        "repeated",
        "mixed",
    }
    assert [verdict.findings for verdict in whole.verdicts] == [[]]
