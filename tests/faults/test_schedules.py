"""Twenty schedules of faults on a real Kafka: nothing lost, nothing shown twice, no worker that lives and does nothing.

`make faults N=200` plays a long row.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign
from tests.faults.schedule import Schedule, schedule_of

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(1200)]

AT_LEAST_ONCE, EXACTLY_ONCE = range(1, 17), range(17, 21)
LANES = 2


def schedules() -> Iterator[Schedule]:
    """The schedules; workers of the last ones deliver exactly once, and then not even the topics may hold a repeat."""
    yield from map(schedule_of, AT_LEAST_ONCE)
    for schedule in map(schedule_of, EXACTLY_ONCE):
        yield replace(schedule, environ={**schedule.environ, "NEWSIEVE_DELIVERY": "exactly-once"})


def test_twenty_schedules_lose_nothing(jars: None, tmp_path: Path) -> None:
    """Under faults every page has its outcome, parts or letter, and no reader sees a part twice."""
    campaign = Campaign(tmp_path, lanes=LANES)
    asyncio.run(campaign.run(schedules()))
    assert len(campaign.verdicts) == 20
    assert {verdict.seed: verdict.findings for verdict in campaign.verdicts if verdict.findings} == {}
