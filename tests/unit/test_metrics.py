"""What a worker counts, and what it says of its health: the outcome's own words, and the truth."""

import urllib.error
import urllib.request
from typing import Any

import orjson
import pytest
from fake_models import EXPLODES, mark_tagger
from fakes import raw
from prometheus_client import CollectorRegistry

from streams.group_view import Sight
from streams.metrics import Metrics, timed
from streams.outcomes import Result, results_of
from streams.settings import Settings
from streams.status import PLAIN, Status, serve
from streams.watchdog import Health, Watchdog, batch_trouble
from streams.work import Work

STORY = "# Cup final\nThe match was long.\n* Moon lander lands"


def results(metrics: Metrics, *texts: str) -> list[Result]:
    raws = [raw(orjson.dumps({"url": f"u{n}", "text": text}), offset=n) for n, text in enumerate(texts)]
    return results_of(raws, timed(mark_tagger(), metrics), 10_000, stage=metrics.stage)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_pages_parts_stages_and_batches_are_counted() -> None:
    metrics = Metrics({"splitter": "marks"}, restarts=3)
    metrics.count(results(metrics, STORY, "-", EXPLODES))
    with metrics.stage("deliver"):
        pass
    wanted = {"tagged": 1, "empty": 1, "dead": 1, "repeated": 0}
    assert {name: value(metrics, "newsieve_pages_total", outcome=name) for name in wanted} == wanted
    assert value(metrics, "newsieve_dead_pages_total", error="bug") == 1
    assert value(metrics, "newsieve_parts_total", topic="sport", kind="story") == 1
    assert value(metrics, "newsieve_parts_total", topic="unclear", kind="teaser") == 1
    assert value(metrics, "newsieve_batch_pages_sum") == 3
    assert value(metrics, "newsieve_stage_seconds_count", stage="decode") == 1
    assert value(metrics, "newsieve_stage_seconds_count", stage="deliver") == 1
    assert value(metrics, "newsieve_stage_seconds_count", stage="split") == 4, "together, and apart when that failed"
    assert value(metrics, "newsieve_stage_seconds_count", stage="classify") == 1
    assert value(metrics, "newsieve_model_info", model="splitter", version="marks") == 1
    assert value(metrics, "newsieve_restarts") == 3


def test_a_timed_tagger_gives_what_the_tagger_gives() -> None:
    metrics = Metrics({})
    tagger = timed(mark_tagger(), metrics)
    assert [r.parts for r in results(metrics, STORY)] == [r.parts for r in results(metrics, STORY)]
    assert tagger.versions == mark_tagger().versions


def test_lag_is_that_of_the_partitions_in_hand_and_none_while_kafka_is_away() -> None:
    metrics = Metrics({})
    sights: list[Sight | None] = [Sight("Stable", "", True, (2,), {2: 5}, {2: 0}, {2: 9}), None]
    metrics.watch(lambda: sights[0])
    assert value(metrics, "newsieve_lag_records", partition="2") == 4
    assert value(metrics, "newsieve_ready") == 1
    sights.pop(0)
    assert value(metrics, "newsieve_lag_records", partition="2") is None
    assert value(metrics, "newsieve_ready") == 0


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def status() -> Status:
    return Status(Metrics({}).registry)


def test_it_serves_on_loopback_unless_told_otherwise(status: Status) -> None:
    server = serve(status, Settings(metrics_port=0))
    try:
        host, port = server.server_address[:2]
        assert host == "127.0.0.1"
        assert ask(int(port), "/healthz") == (200, "ok\n")
        assert ask(int(port), "/readyz") == (503, "waiting for Kafka and its topics\n")
        code, text = ask(int(port), "/metrics?x=1")
        assert code == 200
        assert "newsieve_pages_total" in text
        assert ask(int(port), "/")[0] == 404
    finally:
        server.shutdown()
        server.server_close()


MEMBER = Sight("Stable", "roundrobin", True, (0,))


@pytest.mark.parametrize(
    ("health", "alive", "ready"),
    [
        (Health(MEMBER), 200, 200),
        (Health(), 200, 503),
        (Health(Sight("PreparingRebalance", "", True)), 200, 503),
        (Health(Sight("Stable", "", False)), 200, 503),
        (Health(MEMBER, 20, "nothing committed for 20 s"), 503, 503),
    ],
)
def test_it_tells_the_truth(status: Status, health: Any, alive: int, ready: int) -> None:
    status.watchdog = Watchdog(Settings(), Work(), lambda: "", print)
    status.watchdog.health = health
    assert (status.answer("/healthz")[0], status.answer("/readyz")[0]) == (alive, ready)


def test_a_batch_that_does_not_end_is_told_half_the_time_before_the_worker_is_ended(status: Status) -> None:
    now = [0.0]
    work = Work(clock=lambda: now[0])
    status.watchdog = Watchdog(Settings(watchdog_seconds=30), work, lambda: "", print)
    with work.at("tagging", "3 pages from pages.raw[0]@6 on"):
        assert status.answer("/healthz")[0] == 200
        now[0] = 16
        code, _, body = status.answer("/healthz")
    assert (code, body) == (503, b"3 pages from pages.raw[0]@6 on: tagging for 16 s without an end\n")


@pytest.mark.parametrize("stage", ["taking", "delivering"])
def test_a_delivery_that_kafka_does_not_take_is_told_although_it_is_no_reason_to_leave_yet(
    status: Status, stage: Any
) -> None:
    now, settings = [0.0], Settings(watchdog_seconds=30, give_up_seconds=60)
    work = Work(clock=lambda: now[0])
    status.watchdog = Watchdog(settings, work, lambda: "", print)
    with work.at(stage, "256 pages from pages.raw[3]@40 on"):
        now[0] = 15
        assert status.answer("/healthz")[0] == 200
        now[0] = 16
        code, _, body = status.answer("/healthz")
        assert status.answer("/readyz") == (503, PLAIN, body)
        assert batch_trouble(work, settings) == ""
    line = f"256 pages from pages.raw[3]@40 on: {stage} for 16 s and Kafka does not take them\n"
    assert (code, body.decode()) == (503, line)
    assert status.answer("/healthz")[0] == 200


def test_a_registry_of_its_own_holds_nothing_of_other_workers() -> None:
    assert CollectorRegistry is type(Metrics({}).registry)
    assert value(Metrics({}), "newsieve_batch_pages_sum") == 0
