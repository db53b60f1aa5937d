"""Asks a port whether a Kafka is ready there, in Kafka's own protocol and nothing but the standard library.

That a port is open says little: Kafka opens it seconds before it serves. Requests and answers are those of the protocol
guide (kafka.apache.org/protocol): ApiVersions version 0 and Metadata version 4.
"""

import socket
import struct

from streams.broker.server import LOOPBACK

API_VERSIONS = 18
METADATA = 3
NO_TOPICS = struct.pack(">i?", 0, False)
"""Body of a Metadata request for no topic at all, which must create none."""

ANSWER_LIMIT_BYTES = 1024 * 1024  # an answer about no topic is under 100 bytes; more is not Kafka speaking


def ready_cluster(port: int, timeout_s: float = 1.0) -> str | None:
    """Return the cluster id of the Kafka that serves requests on `port` of this machine, or None.

    None also when something else listens there, and while Kafka is up but has not admitted its broker yet.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout_s) as connection:
            _ask(connection, API_VERSIONS, 0, b"")
            return _read_cluster(_ask(connection, METADATA, 4, NO_TOPICS))
    except (OSError, struct.error, ValueError):
        return None


def _ask(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    request = struct.pack(">hhih", api, version, 0, -1) + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _read(connection, 4))
    if not 4 <= size <= ANSWER_LIMIT_BYTES:
        raise ValueError("not an answer of Kafka")
    return _read(connection, size)[4:]  # after the correlation id


def _read(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionError("closed before the answer was whole")
        parts += part
    return bytes(parts)


def _read_cluster(answer: bytes) -> str | None:
    """Return the cluster id when the answer lists a broker.

    Layout: throttle time, brokers (id, host, port, rack), cluster id, and more that is of no interest here.
    """
    (brokers,), at = struct.unpack_from(">i", answer, 4), 8
    for _ in range(brokers):
        _, at = _string_at(answer, at + 4)
        _, at = _string_at(answer, at + 4)
    cluster, _ = _string_at(answer, at)
    return cluster if brokers else None


def _string_at(answer: bytes, at: int) -> tuple[str | None, int]:
    (size,) = struct.unpack_from(">h", answer, at)
    start = at + 2
    if size < 0:
        return None, start
    return answer[start : start + size].decode(), start + size
