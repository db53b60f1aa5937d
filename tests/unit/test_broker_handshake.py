"""Ready means that Kafka answers: an open port is not enough."""

import contextlib
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from streams.broker.handshake import ready_cluster
from streams.broker.launch import free_port, is_free
from streams.broker.processes import started_at


@contextlib.contextmanager
def listening(*answers: bytes) -> Iterator[int]:
    """A port where one client is given these bytes, one after each of its requests."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, answers))
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def _serve(server: socket.socket, answers: tuple[bytes, ...]) -> None:
    client, _ = server.accept()
    with client, contextlib.suppress(ConnectionError):  # a client that has understood hangs up
        for answer in answers:
            client.recv(1024)
            client.sendall(answer)


def framed(body: bytes) -> bytes:
    return struct.pack(">ii", len(body) + 4, 0) + body


def text(value: bytes) -> bytes:
    return struct.pack(">h", len(value)) + value


BROKER = struct.pack(">i", 1) + text(b"127.0.0.1") + struct.pack(">i", 9092) + struct.pack(">h", -1)
API_VERSIONS = framed(struct.pack(">hi", 0, 0))


def metadata(*brokers: bytes) -> bytes:
    return framed(
        struct.pack(">ii", 0, len(brokers)) + b"".join(brokers) + text(b"a-cluster") + struct.pack(">ii", 1, 0)
    )


def test_a_kafka_that_lists_its_broker_is_ready_and_named():
    with listening(API_VERSIONS, metadata(BROKER)) as port:
        assert ready_cluster(port) == "a-cluster"


def test_a_kafka_that_has_not_admitted_its_broker_is_not_ready():
    with listening(API_VERSIONS, metadata()) as port:
        assert ready_cluster(port) is None


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x00\x00", struct.pack(">i", 2**30), framed(b"")],
    ids=["http", "closed", "cut", "huge", "empty"],
)
def test_whatever_else_answers_is_not_kafka(answer: bytes):
    with listening(answer, answer) as port:
        assert ready_cluster(port, timeout_s=0.2) is None


def test_a_port_where_nobody_listens_is_free_and_not_ready():
    port = free_port()
    assert ready_cluster(port) is None
    assert is_free(port)


def test_a_port_where_someone_listens_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_the_leash_ends_its_process_when_standard_input_closes():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeper:
        leash = [sys.executable, "-m", "streams.broker.leash", str(sleeper.pid), str(started_at(sleeper.pid))]
        subprocess.run(leash, stdin=subprocess.DEVNULL, check=True)
        assert sleeper.poll() is not None


def test_the_leash_leaves_a_process_that_only_has_the_number():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeper:
        leash = [sys.executable, "-m", "streams.broker.leash", str(sleeper.pid), "another start"]
        subprocess.run(leash, stdin=subprocess.DEVNULL, check=True)
        assert sleeper.poll() is None
        sleeper.kill()
