"""What Faust and the client beneath it would do with pages by themselves, and are kept from here.

`docs/faults.md` lists each trap with all its tests; here are those that need no Kafka and are not at home elsewhere.
"""

import asyncio
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError
from fake_models import mark_tagger
from fakes import run
from faust.types import TP
from faust.types.enums import ProcessingGuarantee

from streams import intake
from streams.agent import Desk, make_agent
from streams.app import create_app
from streams.clock import now
from streams.consumer_thread import ConsumerThread
from streams.delivery import Delivery, make_producer
from streams.kafka_topics import PAGES_TOPIC, kafka_topics
from streams.settings import MAX_RAW_RECORD_BYTES, MAX_RECORD_BYTES, Settings
from streams.transactions import Transactions
from streams.work import Work

T = TypeVar("T")
P0, P1 = TP(PAGES_TOPIC, 0), TP(PAGES_TOPIC, 1)
TESTS = Path(__file__).parents[1]
NO_PAGE = b'{"url": "\xff\x00'
DELIVERIES = pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])


async def nothing(*told: Any) -> None:
    """Do nothing."""


def app_of(delivery: str = "at-least-once") -> Any:
    """The app of a worker, not started; to be made in a running loop."""
    settings = Settings(delivery=delivery)
    desk = Desk(settings, mark_tagger(), Delivery(settings, now), lambda results: None)
    transactions = Transactions(settings, now, lambda error: None) if settings.is_exactly_once else None
    return create_app(settings, make_agent(desk, lambda error: None), Work(), transactions)


def of_app(look: Callable[[Any], T], delivery: str = "at-least-once") -> T:
    """What `look` finds in such an app."""

    async def found() -> T:
        return look(app_of(delivery))

    return run(found())


class Books(intake._Consumer):
    """The consumer as it is here, but for Kafka, which takes each commit as `answers` say, and all once they end."""

    def __init__(self, *answers: bool) -> None:
        told = {"on_partitions_revoked": nothing, "on_partitions_assigned": nothing}
        super().__init__(app_of().transport, nothing, **told)
        self.answers = list(answers)
        self.commits: list[dict[TP, int]] = []

    def _new_consumer_thread(self) -> ConsumerThread:
        loop = asyncio.get_running_loop()
        return ConsumerThread(self, loop=loop, thread_loop=loop, beacon=self.beacon)

    def assignment(self) -> set[TP]:
        return {P0, P1}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        self.commits.append(dict(offsets))
        return self.answers.pop(0) if self.answers else True


@DELIVERIES
def test_one_agent_takes_the_pages_one_batch_after_the_other(delivery: str) -> None:
    """With several at once, Faust may commit over a page that one of them still has in hand."""
    assert of_app(lambda app: [agent.concurrency for agent in app.agents.values()], delivery) == [1]


def test_what_is_committed_is_one_past_the_last_page_that_was_acknowledged() -> None:
    """For a partition that nothing was ever committed of, for others, and never for one where nothing was done."""

    async def committed() -> list[dict[TP, int]]:
        books = Books()
        await books.commit()
        books._acked[P0] += [0]
        await books.commit()
        books._acked[P0] += [1, 2]
        books._acked[P1] += [40, 41, 45]  # between them lay ends of transactions
        await books.commit()
        return books.commits

    assert run(committed()) == [{P0: 1}, {P0: 3, P1: 46}]


def test_a_commit_that_failed_is_done_again_with_the_next() -> None:
    """Faust takes it for done."""

    async def committed() -> tuple[list[dict[TP, int]], dict[TP, int | None]]:
        books = Books(False, False)
        books._acked[P0] += [7, 8]
        await books.commit()
        assert books._committed_offset[P0] is None
        books._acked[P1] += [3]
        await books.commit()
        await books.commit()
        return books.commits, dict(books._committed_offset)

    assert run(committed()) == ([{P0: 9}, {P0: 9, P1: 4}, {P0: 9, P1: 4}], {P0: 9, P1: 4})


def test_what_ends_while_a_commit_is_under_way_is_committed_before_partitions_are_handed_over() -> None:
    """Faust waits for the one that is under way, and leaves it at that: whoever comes next would repeat the batch."""

    class Slow(Books):
        async def _commit(self, offsets: Mapping[TP, int]) -> bool:
            await asyncio.sleep(0.1)
            return await super()._commit(offsets)

    async def handed_over() -> list[dict[TP, int]]:
        books = Slow()
        books._acked[P0] += [7]
        under_way = asyncio.ensure_future(books.commit())
        await asyncio.sleep(0.05)
        books._acked[P0] += [8, 9]
        await books._hand_over()
        await under_way
        return books.commits

    assert run(handed_over()) == [{P0: 8}, {P0: 10}]


def test_a_commit_that_kafka_refuses_counts_as_failed() -> None:
    """As when the partitions were shared out anew meanwhile."""

    class Refusing:
        async def commit(self, offsets: Any) -> None:
            raise CommitFailedError

    thread = ConsumerThread.__new__(ConsumerThread)
    thread._consumer = Refusing()
    thread.app = SimpleNamespace(transactions=None)
    thread.assignment = lambda: {TopicPartition(*P0)}  # type: ignore[method-assign]
    assert run(thread._commit({P0: 5})) is False


def test_a_stop_waits_for_no_page_that_nobody_acknowledges() -> None:
    """Faust would wait for all that it has handed out, for ever where an error has ended the agent."""
    assert of_app(lambda app: app.conf.stream_wait_empty) is False


def test_pages_come_as_the_bytes_that_they_are() -> None:
    """A typed Kafka topic drops what it cannot decode, and then ends the agent in silence."""

    def read(app: Any) -> tuple[bytes, bytes]:
        [agent] = app.agents.values()
        message = SimpleNamespace(key=NO_PAGE, value=NO_PAGE, headers=[])
        schema = agent.channel.schema
        return schema.loads_key(app, message), schema.loads_value(app, message)

    assert of_app(read) == (NO_PAGE, NO_PAGE)


def test_all_topics_and_producers_take_what_pages_raw_takes() -> None:
    """The client's own limit is a million bytes; a record above it raises, and a page may come out as one part."""
    limits = {topic.name: int(topic.configs.get("max.message.bytes", 0)) for topic in kafka_topics(["sport"])}
    copies = [limits[name] for name in ("pages.dead", "parts.sport", "parts.unclear")]

    async def limit() -> int:
        producer = make_producer(Settings())
        most: int = producer._max_request_size
        await producer.stop()
        return most

    assert run(limit()) == MAX_RECORD_BYTES
    assert min(copies) >= MAX_RECORD_BYTES > MAX_RAW_RECORD_BYTES


@DELIVERIES
def test_fausts_own_exactly_once_is_never_on(delivery: str) -> None:
    """Where it is asked for, transactions of our own commit, and Faust is told that it did."""
    guarantee = of_app(lambda app: app.conf.processing_guarantee, delivery)
    assert guarantee == ProcessingGuarantee.AT_LEAST_ONCE


def test_with_transactions_faust_commits_nothing() -> None:
    """A commit of its own, late, would take the group back."""
    thread = ConsumerThread.__new__(ConsumerThread)
    thread.app = SimpleNamespace(transactions=object())
    assert run(thread._commit({P0: 5})) is True  # there is no consumer that it could ask


def test_the_agent_reads_one_kafka_topic_by_its_name() -> None:
    """A pattern in its place ends the worker."""

    def read(app: Any) -> list[tuple[Any, Any]]:
        return [(agent.channel.topics, agent.channel.pattern) for agent in app.agents.values()]

    assert of_app(read) == [((PAGES_TOPIC,), None)]


def test_a_worker_serves_no_web_pages_of_fausts() -> None:
    """By default Faust opens a port to everyone."""
    assert of_app(lambda app: app.conf.web_enabled) is False


def test_the_agent_yields_nothing_and_has_no_sink() -> None:
    """A sink sends without a key, and who waits for an agent that yields only now and then waits for ever."""

    def look(app: Any) -> list[tuple[bool, list[Any]]]:
        return [(inspect.isasyncgenfunction(agent.fun), agent._sinks) for agent in app.agents.values()]

    assert of_app(look) == [(False, [])]


def test_the_loop_is_asyncios_own_and_the_workers() -> None:
    """Faust takes another one only where it was chosen before its first import, and nobody chooses one here."""
    loop = asyncio.new_event_loop()
    try:
        assert type(loop).__module__.partition(".")[0] == "asyncio"
        assert loop.run_until_complete(_loop_of_an_app()) is loop
    finally:
        loop.close()


async def _loop_of_an_app() -> Any:
    return app_of().loop


def test_kafka_answers_a_fetch_once_there_is_a_record() -> None:
    """Faust lets a fetch wait for 1.5 s, which counts only where more than one byte is wanted."""

    async def least() -> int:
        books = Books()
        consumer = books._thread._create_worker_consumer(books.transport)
        consumer._closed = True  # it never connects
        wanted: int = consumer._fetch_min_bytes
        return wanted

    assert run(least()) == 1


def test_the_list_of_traps_names_tests_that_there_are() -> None:
    """Each of the sixteen has one at least."""
    rows = [row for row in (TESTS.parent / "docs" / "faults.md").read_text("utf8").splitlines() if "::test_" in row]
    named = [re.findall(r"`([\w/]+\.py)::(\w+)", row) for row in rows]
    assert [int(row.split("|")[1]) for row in rows if row.startswith("| ")] == list(range(1, 17))
    assert [pair for pairs in named for pair in pairs if not is_there(*pair)] == []


def is_there(file: str, name: str) -> bool:
    path = TESTS / (file if "/" in file else f"unit/{file}")
    return path.exists() and f"def {name}(" in path.read_text("utf8")
