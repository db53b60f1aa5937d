"""The price of exactly-once against at-least-once, at a backlog: `python tests/benchmarks/delivery.py`.

One worker works off the same pages once with each, in turn and several times over, on one broker; compared are the wall
time and the worker's CPU time from its first outcome to its last, and so is what the broker spends. Fake models take
next to no time, so that what is left is the way through Kafka: the worst case. `--models shipped` has the real ones.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewPartitions

sys.path.insert(0, str(Path(__file__).parents[2]))

from streams import kafka_admin
from streams.broker import LocalBroker
from streams.kafka_topics import DONE_TOPIC, PAGES_TOPIC
from tests.faults.models import save_models
from tests.faults.pages import json_page
from tests.integration.pipeline import PARTITIONS, Pipeline

MODES = ("at-least-once", "exactly-once")
TICK = os.sysconf("SC_CLK_TCK")
Costs = tuple[float, float, float]
"""Seconds on the clock, of the worker's CPU and of the broker's."""

TEXT = (
    "# Cup final {n}\n" + "The match was long, and the rain fell on both sides.\n" * 60 + "* Moon lander {n}\n~ It did."
)
"""A page of 3.3 KB with a story and a teaser."""


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def fill(bootstrap: str, count: int, partitions: int) -> None:
    """Put the pages on `pages.raw`, which gets so many partitions."""
    if partitions > PARTITIONS:
        async with kafka_admin.admin_of(Pipeline(bootstrap, Path()).settings) as admin:
            await admin.create_partitions({PAGES_TOPIC: NewPartitions(partitions)})
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=50, metadata_max_age_ms=1000)
    await producer.start()
    while len(await producer.partitions_for(PAGES_TOPIC)) < partitions:  # noqa: ASYNC110 -- Kafka tells nobody
        await asyncio.sleep(0.2)
    for n in range(count):
        record = json_page(f"https://bench.example/{n}", TEXT.format(n=n))
        await producer.send(PAGES_TOPIC, record.value, key=record.key, partition=n % partitions)
    await producer.stop()


async def work_off(bootstrap: str, count: int, pids: tuple[int, int]) -> Costs:
    """Costs from the first outcome to the last, of which the first batch is none."""
    consumer = AIOKafkaConsumer(
        DONE_TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    began: Costs | None = None
    done = 0
    while done < count:
        done += sum(map(len, (await consumer.getmany(timeout_ms=200)).values()))
        if done and began is None:
            began = spent(pids)
    await consumer.stop()
    assert began is not None
    wall, worker, broker = (end - start for start, end in zip(began, spent(pids), strict=True))
    return wall, worker, broker


def spent(pids: tuple[int, int]) -> Costs:
    """The clock, and what worker and broker have used."""
    return time.monotonic(), cpu_seconds(pids[0]), cpu_seconds(pids[1])


async def transactions(bootstrap: str) -> int:
    """How many transactions ended on `pages.done`: each leaves a record there that is no outcome."""
    consumer = AIOKafkaConsumer(DONE_TOPIC, bootstrap_servers=bootstrap)
    await consumer.start()
    ends = await consumer.end_offsets(consumer.assignment())
    await consumer.stop()
    return sum(ends.values())


async def measure(broker: LocalBroker, folder: Path, mode: str, chosen: argparse.Namespace) -> Costs:
    """Costs of one run."""
    environ = {"NEWSIEVE_DELIVERY": mode, "NEWSIEVE_GROUP": f"bench-{time.time_ns()}", "NEWSIEVE_LOG_LEVEL": "warning"}
    if chosen.models == "fake":
        environ["NEWSIEVE_MODELS"] = str(save_models(folder / "models"))
    pipeline = Pipeline(broker.bootstrap, folder, environ)
    await pipeline._renew_topics()
    await fill(broker.bootstrap, chosen.pages, chosen.partitions)
    running = broker.running()
    assert running is not None
    with pipeline.worker() as worker:
        costs = await work_off(broker.bootstrap, chosen.pages, (worker.pid, running.pid))
    markers = await transactions(broker.bootstrap) - chosen.pages
    wall, worker_cpu, broker_cpu = costs
    print(
        f"{mode:14} {chosen.pages / wall:6.0f} pages/s  worker {worker_cpu:5.1f} s  broker {broker_cpu:5.1f} s"
        f"  {markers} ends of transactions on pages.done",
        flush=True,
    )
    return costs


async def compare(chosen: argparse.Namespace) -> None:
    """Measure, and print the medians of the ratios of runs that followed each other."""
    with (
        tempfile.TemporaryDirectory(prefix="newsieve-bench-") as folder,
        LocalBroker(Path(folder) / "broker", port=0, memory_mb=512) as broker,
    ):
        rounds = [[await measure(broker, Path(folder), mode, chosen) for mode in MODES] for _ in range(chosen.rounds)]
    for name, n in (("wall", 0), ("worker CPU", 1), ("broker CPU", 2)):
        ratios = [twice[1][n] / twice[0][n] for twice in rounds]
        print(f"{name}: ×{statistics.median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--models", choices=("fake", "shipped"), default="fake")
    asyncio.run(compare(parser.parse_args()))
