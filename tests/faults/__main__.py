"""`python -m tests.faults`: plays seeded schedules of faults, replays one, prints the results as a table."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from tests.faults import mutants
from tests.faults.campaign import Campaign, results, table
from tests.faults.cluster import Cluster
from tests.faults.history import schedule_in
from tests.faults.run import play
from tests.faults.schedule import schedule_of

T = TypeVar("T")

folder_option = click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=Path(".faults"), show_default=True
)


@click.group
def main() -> None:
    """Faults from a seed, on a real Kafka."""
    logging.disable(logging.CRITICAL)  # the clients complain of the faults


@main.command
@click.option("--n", "count", type=int, default=20, show_default=True, help="Seeds 1 to N; those with a result stay.")
@click.option("--seed", "seeds", type=int, multiple=True, help="These seeds alone, also again.")
@click.option("--lanes", type=int, default=2, show_default=True, help="Runs side by side on one broker each.")
@click.option("--brokers", type=click.Choice(["1", "3"]), help="Only the seeds that run on so many.")
@click.option("--mutant", type=click.Choice(sorted(mutants.MUTANTS)), help="With workers that are broken on purpose.")
@click.option("--delivery", help="NEWSIEVE_DELIVERY of the workers; exactly-once allows no repeat anywhere.")
@folder_option
def run(
    count: int,
    seeds: tuple[int, ...],
    lanes: int,
    brokers: str | None,
    mutant: str | None,
    delivery: str | None,
    folder: Path,
) -> None:
    """Play seeds; exit code 1 when anything was wrong."""
    if delivery:
        folder = folder / delivery
    if seeds or mutant:
        folder = folder / (mutant or "again") / time.strftime("%Y%m%d-%H%M%S")
    environ = {"NEWSIEVE_DELIVERY": delivery} if delivery else {}
    campaign = Campaign(folder.absolute(), mutants.command(mutant), lanes, environ)
    schedules = [schedule_of(seed) for seed in seeds or range(1, count + 1)]
    schedules = [schedule for schedule in schedules if brokers in (None, str(schedule.brokers))]
    _run(campaign.run([mutants.SCHEDULES[mutant]] if mutant and not seeds else schedules))
    rows = results(folder.absolute())
    print(f"{sum(not row['found'] for row in rows)} of {len(rows)} runs have nothing wrong")
    sys.exit(any(row["found"] for row in rows))


@main.command
@click.argument("history", type=click.Path(path_type=Path, exists=True))
def replay(history: Path) -> None:
    """Play the faults of a history again."""
    folder = history.absolute().parent / time.strftime("again-%H%M%S")

    async def again() -> int:
        schedule, command = schedule_in(history)
        cluster = Cluster(folder / "cluster", schedule.brokers)
        await cluster.start()
        try:
            verdict = await play(schedule, cluster, folder / "run", command)
        finally:
            await cluster.stop()
        print(verdict.counts, *verdict.findings, sep="\n")
        return len(verdict.findings)

    sys.exit(bool(_run(again())))


@main.command("table")
@click.option("--delivery", default="", help="Of the runs with this delivery.")
@folder_option
def show(folder: Path, delivery: str) -> None:
    """Print the results as Markdown."""
    print(table(results(folder / delivery)))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, or until Ctrl-C or SIGTERM; workers and brokers end with it either way."""

    async def tidily() -> T:
        task = asyncio.current_task()
        if task:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    return asyncio.run(tidily())


if __name__ == "__main__":
    main()
