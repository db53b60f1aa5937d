"""Memory of one worker over many pages: `python tests/benchmarks/soak.py --pages 200000 --to soak`.

Feeds sample pages, each with an id, an url and a last line of its own, and a share of rubbish and of large pages; keeps
a backlog before the worker; writes `soak.csv` (seconds, pages done, RSS in MB) and `soak.svg`, and ends with exit code
1 when the memory at the end is more than a tenth above what it was after the first quarter.
"""

import argparse
import asyncio
import csv
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

sys.path.insert(0, str(Path(__file__).parents[2]))

from streams.broker import LocalBroker
from streams.kafka_topics import DONE_TOPIC, PAGES_TOPIC
from tests.integration.pipeline import Pipeline, sample_pages

BACKLOG_PAGES = 3_000
LOG_LETTERS = 20_000
SEED = 7
Row = tuple[float, int, float]
"""Seconds, pages done, and RSS in MB."""


def values(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values for `pages.raw`: sample pages, one in 500 of them 1.5 MB long, one in 100 no page at all."""
    random.seed(SEED)
    samples = sample_pages()
    for number in range(count):
        page = random.choice(samples)
        url = f"{page.url}?{number}"
        text = page.text * (1_500_000 // len(page.text) if number % 500 == 499 else 1) + f"\nNumber {number}"
        fields = {"id": f"{page.id}-{number}", "url": url, "text": text, "fetched_at": page.fetched_at}
        yield url.encode(), b"{" if number % 100 == 99 else json.dumps(fields).encode()


async def feed(bootstrap: str, count: int, done: list[int]) -> None:
    """Put the pages on `pages.raw`, a few thousand ahead of the worker."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, max_request_size=8 * 2**20)
    await producer.start()
    for number, (key, value) in enumerate(values(count)):
        while number - done[0] > BACKLOG_PAGES:  # noqa: ASYNC110 -- counted elsewhere
            await asyncio.sleep(0.2)
        await producer.send(PAGES_TOPIC, value, key=key)
    await producer.stop()


async def measure(bootstrap: str, count: int, pid: int, done: list[int]) -> list[Row]:
    """A row a second, until all pages have their outcome."""
    consumer = AIOKafkaConsumer(DONE_TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    rows: list[Row] = []
    began = last = time.monotonic()
    while done[0] < count:
        found = await consumer.getmany(timeout_ms=500)
        done[0] += sum(map(len, found.values()))
        if time.monotonic() - last > 1:
            last = time.monotonic()
            rows.append((last - began, done[0], rss_mb(pid)))
            print(f"\r{rows[-1][0]:6.0f} s {done[0]:8d} pages {rows[-1][2]:6.0f} MB", end="", file=sys.stderr)
    await consumer.stop()
    print(file=sys.stderr)
    return rows


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def growth(rows: list[Row]) -> float:
    """Memory of the last quarter over that of the second one, by medians: the first fills the memory of repeats."""
    quarter = len(rows) // 4
    early, late = rows[quarter : 2 * quarter], rows[-quarter:]
    return statistics.median(r[2] for r in late) / statistics.median(r[2] for r in early)


def svg(rows: list[Row]) -> str:
    """The curve: pages done to the right, MB upwards."""
    width, height, most = 720, 240, max(r[2] for r in rows) * 1.1
    points = " ".join(f"{40 + r[1] / rows[-1][1] * width:.1f},{20 + height * (1 - r[2] / most):.1f}" for r in rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 60} {height + 50}" font-family="sans-serif"'
        f' font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
        f'<path d="M40 20V{height + 20}H{width + 40}" fill="none" stroke="#999"/>'
        f'<polyline points="{points}" fill="none" stroke="#1663b0" stroke-width="1.5"/>'
        f'<text x="44" y="30">{most:.0f} MB</text><text x="44" y="{height + 36}">0</text>'
        f'<text x="{width - 40}" y="{height + 36}">{rows[-1][1]:,} pages</text></svg>\n'
    )


async def soak(count: int, to: Path) -> float:
    """Run it and return the growth."""
    with (
        tempfile.TemporaryDirectory(prefix="newsieve-soak-") as folder,
        LocalBroker(Path(folder) / "broker", port=0) as broker,
    ):
        pipeline = Pipeline(broker.bootstrap, Path(folder), {"NEWSIEVE_GROUP": "soak"})
        await pipeline._renew_topics()
        with pipeline.worker() as worker:
            done = [0]
            feeding = asyncio.ensure_future(feed(broker.bootstrap, count, done))
            try:
                rows = await measure(broker.bootstrap, count, worker.pid, done)
                await feeding
            finally:
                to.with_suffix(".log").write_text(pipeline.log("worker")[-LOG_LETTERS:])
    with to.with_suffix(".csv").open("w", newline="") as file:
        csv.writer(file).writerow(("seconds", "pages", "rss_mb"))
        csv.writer(file).writerows((f"{seconds:.0f}", pages, f"{mb:.0f}") for seconds, pages, mb in rows)
    to.with_suffix(".svg").write_text(svg(rows))
    return growth(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200_000)
    parser.add_argument("--to", type=Path, default=Path("soak"))
    chosen = parser.parse_args()
    grown = asyncio.run(soak(chosen.pages, chosen.to))
    print(f"memory at the end: {grown:.3f} of what it was after the first quarter")
    sys.exit(grown > 1.1)
