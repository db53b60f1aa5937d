"""What a worker counts and times, for Prometheus: https://prometheus.io/docs/practices/naming."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Generic, ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric

from models.errors import SLUGS, PageError
from models.page import Page, Split, Text, Verdict
from models.tagger import Tagger
from streams.group_view import Sight
from streams.outcomes import Result

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""From the decoding of a page to a batch that takes as long as the watchdog allows."""

BATCH_PAGES = (1, 2, 5, 10, 25, 50, 100, 256)
OUTCOMES = ("tagged", "empty", "repeated", "dead")
STAGES = ("decode", "split", "classify", "deliver")

P = ParamSpec("P")
R = TypeVar("R")


class Metrics:
    """The counters and histograms of one worker, in a registry of its own."""

    def __init__(self, versions: Mapping[str, str], restarts: int = 0) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, time and open files of the process
        self._pages = Counter("newsieve_pages", "Pages by what became of them", ["outcome"], registry=self.registry)
        self._dead = Counter("newsieve_dead_pages", "Dead pages by reason", ["error"], registry=self.registry)
        self._parts = Counter("newsieve_parts", "Parts by best topic", ["topic", "kind"], registry=self.registry)
        self._seconds = Histogram(
            "newsieve_stage_seconds", "Time that a batch takes", ["stage"], buckets=SECONDS, registry=self.registry
        )
        self._batches = Histogram("newsieve_batch_pages", "Pages a batch", buckets=BATCH_PAGES, registry=self.registry)
        model = Gauge("newsieve_model_info", "Models in use", ["model", "version"], registry=self.registry)
        for name, version in versions.items():
            model.labels(name, version).set(1)
        Gauge("newsieve_restarts", "Times it was started again", registry=self.registry).set(restarts)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """A rate can be told from the first event on only where the counter was there before."""
        for outcome in OUTCOMES:
            self._pages.labels(outcome)
        for error in SLUGS:
            self._dead.labels(error)
        for stage in STAGES:
            self._seconds.labels(stage)

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Time what a batch spends in one of its stages."""
        timer: AbstractContextManager[object] = self._seconds.labels(name).time()
        return timer

    def count(self, results: Sequence[Result]) -> None:
        """Count a batch that was delivered."""
        self._batches.observe(len(results))
        for result in results:
            self._pages.labels(result.outcome).inc()
            if isinstance(result.page, PageError):
                self._dead.labels(result.page.slug).inc()
            for part in result.parts:
                self._parts.labels(part.verdict.topic, part.kind).inc()

    def watch(self, sight: Callable[[], Sight | None]) -> None:
        """Show the lag of the partitions in hand, as Kafka has it when it is asked."""
        self.registry.register(_Lag(sight))


@dataclass(frozen=True)
class _Lag:
    """Partitions come and go between workers, so that gauges would keep those that are gone."""

    sight: Callable[[], Sight | None]

    def collect(self) -> Iterator[Metric]:
        seen = self.sight()
        told = "Offsets of pages.raw still to be read; ends of transactions have offsets, too"
        lag = GaugeMetricFamily("newsieve_lag_records", told, labels=["partition"])
        for partition, count in (seen.lag() if seen else {}).items():
            lag.add_metric([str(partition)], count)
        yield lag
        ready = seen is not None and seen.is_member and not seen.is_rebalancing
        yield GaugeMetricFamily("newsieve_ready", "Whether the worker takes pages", value=float(ready))


@dataclass(frozen=True)
class _Timed(Generic[P, R]):
    """A function whose calls are timed."""

    function: Callable[P, R]
    stage: Callable[[], AbstractContextManager[object]]

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> R:
        with self.stage():
            return self.function(*arguments, **named)


@dataclass(frozen=True)
class _Splitter:
    split: Callable[[Sequence[Page]], list[Split]]


@dataclass(frozen=True)
class _Classifier:
    classify: Callable[[Sequence[Text]], list[Verdict]]


def timed(tagger: Tagger, metrics: Metrics) -> Tagger:
    """The tagger, with what it spends in splitting and classifying timed: models themselves know no clock."""
    split = _Timed(tagger.splitter.split, lambda: metrics.stage("split"))
    classify = _Timed(tagger.classifier.classify, lambda: metrics.stage("classify"))
    return replace(tagger, splitter=_Splitter(split), classifier=_Classifier(classify))
