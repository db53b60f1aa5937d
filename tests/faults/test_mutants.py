"""Workers that are broken on purpose, and the same schedule with whole ones: the harness finds the first alone."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign
from tests.faults.mutants import FINDINGS, MUTANTS, SCHEDULES, command

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_worker_that_is_broken_on_purpose_is_found_out(jars: None, tmp_path: Path, mutant: str) -> None:
    """Without what the guarantee stands on, the harness finds pages lost, repeated or mixed, or a worker stuck."""
    broken, whole = Campaign(tmp_path / "broken", command(mutant)), Campaign(tmp_path / "whole")

    async def side_by_side() -> None:
        await asyncio.gather(*(campaign.run([SCHEDULES[mutant]]) for campaign in (broken, whole)))

    asyncio.run(side_by_side())
    assert FINDINGS[mutant] in {finding.kind for verdict in broken.verdicts for finding in verdict.findings}
    assert [verdict.findings for verdict in whole.verdicts] == [[]]
