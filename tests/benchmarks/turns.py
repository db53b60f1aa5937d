"""Times contestants that take turns, so that whatever else the machine does falls on all of them or is left out."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Contestants = dict[str, Callable[[Sequence[Item]], object]]


def best_seconds(contestants: Contestants[Item], items: Sequence[Item], batch: int, rounds: int) -> dict[str, float]:
    """Processor seconds that each takes for all items: the sum over micro-batches of its best time for each."""
    batches = [items[start : start + batch] for start in range(0, len(items), batch)]
    best = {name: [float("inf")] * len(batches) for name in contestants}
    for _ in range(rounds):
        for place, some in enumerate(batches):
            for name, work in contestants.items():
                start = time.process_time()
                work(some)
                best[name][place] = min(best[name][place], time.process_time() - start)
    return {name: sum(times) for name, times in best.items()}


def table(seconds: dict[str, float], items: int, unit: str) -> str:
    """Items a second of each contestant, and how many times as fast as the last it is."""
    last = list(seconds.values())[-1]
    rows = [f"{name:24}{items / took:12,.0f}{last / took:12.1f}" for name, took in seconds.items()]
    return "\n".join([f"{f'{items} {unit}, one core':24}{f'{unit}/s':>12}{'ratio':>12}", *rows])
