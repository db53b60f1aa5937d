"""The local broker, for real: a Kafka that keeps what it is given, stops when told, and says why when it cannot."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner, Result

from models.errors import BrokerError
from scripts.broker import command
from streams.broker import LocalBroker, console_tool
from streams.broker import folder as files
from streams.broker.handshake import ready_cluster
from streams.broker.launch import free_port
from streams.broker.processes import started_at
from streams.settings import MAX_RECORD_BYTES

# Every test here starts with the run's broker, so that all of them skip, or fail in CI, where Kafka cannot be had.
pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("broker")]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LocalBroker]:
    """A broker of the test's own, not started, stopped at the end."""
    local = LocalBroker(tmp_path / "a folder, ünique", port=0)
    yield local
    local.stop()


async def produce(bootstrap: str, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=2 * MAX_RECORD_BYTES)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0)])
    try:
        return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(count)]
    finally:
        await consumer.stop()


async def topics_of(bootstrap: str, *create: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1) for name in create])
        return {name for name in await admin.list_topics() if not name.startswith("__")}
    finally:
        await admin.close()


def gone_within(seconds: float, pid: int, started: str) -> bool:
    deadline = time.monotonic() + seconds
    while started_at(pid) == started and time.monotonic() < deadline:
        time.sleep(0.05)
    return started_at(pid) != started


def test_records_survive_a_stop_and_a_kill_and_are_gone_after_a_reset(own: LocalBroker):
    assert own.start(tied=True)
    assert asyncio.run(topics_of(own.bootstrap, "pages")) == {"pages"}
    asyncio.run(produce(own.bootstrap, "pages", b"one"))
    assert own.stop()
    assert not own.is_running()

    own.start(tied=True)
    asyncio.run(produce(own.bootstrap, "pages", b"two"))
    os.kill(own.running().pid, signal.SIGKILL)
    own.wait()
    assert own.ended_by() == "no error in its log; was it killed?"

    own.start(tied=True)
    assert asyncio.run(consume(own.bootstrap, "pages", 2)) == [b"one", b"two"]
    assert own.reset()
    own.start(tied=True)
    assert asyncio.run(topics_of(own.bootstrap)) == set()


def test_a_running_broker_is_not_started_twice(broker: LocalBroker):
    running = broker.running()
    assert LocalBroker(broker.folder, port=running.port).start() is False
    assert broker.running() == running


def test_leaving_a_broker_that_ran_before_leaves_it_running(broker: LocalBroker):
    with LocalBroker(broker.folder, port=0) as same:
        assert same.bootstrap == broker.bootstrap
    assert broker.is_ready()


def test_a_running_broker_is_not_moved_to_another_port(broker: LocalBroker):
    with pytest.raises(BrokerError, match=f"runs already, on port {broker.running().port} and not 9"):
        LocalBroker(broker.folder, port=9).start()


def test_a_taken_port_is_one_line_with_the_logs_path(broker: LocalBroker, own: LocalBroker):
    own.port = broker.running().port
    with pytest.raises(BrokerError, match=rf"port {own.port} is in use by another Kafka; .*kafka\.log") as refusal:
        own.start()
    assert "\n" not in str(refusal.value)
    assert not own.is_running()


def test_two_brokers_on_one_machine_do_not_meet(broker: LocalBroker, own: LocalBroker, unique: Callable[[str], str]):
    own.start(tied=True)
    mine, theirs = own.running(), broker.running()
    assert not {mine.port, mine.controller_port} & {theirs.port, theirs.controller_port}
    assert ready_cluster(mine.port) != ready_cluster(theirs.port)
    asyncio.run(topics_of(own.bootstrap, unique("mine")))
    assert unique("mine") not in asyncio.run(topics_of(broker.bootstrap))
    own.stop()
    assert broker.is_ready()


def given_data_of(own: LocalBroker, cluster: str, node: int) -> None:
    """Put data into the broker's folder that another Kafka left."""
    with files.guarded(own.folder):
        (own.folder / files.DATA).mkdir()
    identity = f"version=1\ncluster.id={cluster}\nnode.id={node}\n"
    (own.folder / files.DATA / "meta.properties").write_text(identity)


def test_a_crash_while_starting_is_one_line_with_its_reason_and_leaves_nothing_running(own: LocalBroker):
    given_data_of(own, "anyones", node=7)
    with pytest.raises(BrokerError, match=r"ended while it started: .*7.*; log: .*kafka\.log") as crash:
        own.start()
    assert "\n" not in str(crash.value)
    assert not own.is_running()
    assert own.ended_by() is None


def test_a_kafka_that_answers_as_another_cluster_is_not_ours_and_is_stopped(own: LocalBroker):
    given_data_of(own, "of-another-broker", node=1)
    with pytest.raises(BrokerError, match=r"another cluster, of-another-broker, answers"):
        own.start()
    assert not own.is_running()


def test_the_largest_record_of_the_contract_passes_with_the_default_memory(
    broker: LocalBroker, create_topics: Callable[..., list[str]], unique: Callable[[str], str]
):
    (topic,) = create_topics(unique("large"))
    large = [bytes([number]) * MAX_RECORD_BYTES for number in range(3)]
    asyncio.run(produce(broker.bootstrap, topic, *large))
    assert asyncio.run(consume(broker.bootstrap, topic, 3)) == large
    assert broker.is_ready()


def test_kafkas_own_console_tools_read_what_our_clients_wrote(
    broker: LocalBroker, create_topics: Callable[..., list[str]], unique: Callable[[str], str]
):
    (topic,) = create_topics(unique("console"))
    asyncio.run(produce(broker.bootstrap, topic, "Grüße".encode()))
    args = ["--topic", topic, "--from-beginning", "--max-messages", "1", "--timeout-ms", "20000"]
    read = console_tool(broker, "ConsoleConsumer", args)
    assert (read.returncode, read.stdout) == (0, "Grüße\n"), read.stderr


def test_a_console_tool_that_is_not_kafkas_is_refused(broker: LocalBroker):
    with pytest.raises(ValueError, match="is none of the console tools"):
        console_tool(broker, "Doom", [])


def verb(*args: str) -> Result:
    return CliRunner().invoke(command, args)


def test_the_verbs_start_a_kafka_that_outlives_its_starter_tell_of_it_and_stop_it(own: LocalBroker):
    folder, port = f"--folder={own.folder}", f"--port={free_port()}"
    program = [sys.executable, "-c", "from scripts.broker import command; command()", "start", folder, port]
    started = subprocess.run(program, stderr=subprocess.PIPE, text=True, check=True)
    running = own.running()
    assert port == f"--port={running.port}"
    assert f"listens on 127.0.0.1:{running.port}; log: {own.log}\n" in started.stderr
    assert "runs already" in verb("start", folder, port).stderr
    status = verb("status", folder)
    facts = dict(line.split(maxsplit=1) for line in status.stdout.splitlines())
    assert status.exit_code == 0
    assert (facts["port:"], facts["pid:"]) == (str(running.port), str(running.pid))
    assert (facts["folder:"], facts["memory:"]) == (str(own.folder), "up to 512 MB of heap")
    assert verb("stop", folder).stderr == "Kafka stopped\n"
    assert verb("status", folder).exit_code == 1
    again = verb("stop", folder)
    assert (again.exit_code, again.stderr) == (0, "Kafka was not running\n")


def foreground(own: LocalBroker) -> "subprocess.Popen[str]":
    """A `newsieve broker start --foreground` that has said that it listens."""
    code = "from scripts.broker import command; command()"
    args = ["start", "--foreground", f"--folder={own.folder}", f"--port={free_port()}"]
    process = subprocess.Popen([sys.executable, "-c", code, *args], stderr=subprocess.PIPE, text=True)
    assert "listens on" in process.stderr.readline()
    return process


def test_a_foreground_kafka_goes_with_its_program_when_that_is_asked_to_end_and_when_it_is_killed(own: LocalBroker):
    for how, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        with foreground(own) as program:
            kafka = own.running()
            program.send_signal(how)
            assert program.wait(30) == status
        assert gone_within(30, kafka.pid, kafka.started)
