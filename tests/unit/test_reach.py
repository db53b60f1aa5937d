"""Why Kafka cannot be reached: each cause is told apart from the others, with what to check."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from certificates import make_authority, make_signed
from fakes import run

from models.errors import BrokerError
from streams.kafka_admin import wait_for_topics
from streams.reach import connecting, explained, hindrance, speaking
from streams.security import Security
from streams.settings import Settings


@contextlib.contextmanager
def listening(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """The address of a server that does this with its clients."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, answer), daemon=True).start()
        yield "{}:{}".format(*server.getsockname())
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, answer: Callable[[socket.socket], object]) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = server.accept()
            with client, contextlib.suppress(OSError):
                answer(client)


def hangs_up(client: socket.socket) -> None:
    client.recv(1024)


@contextlib.contextmanager
def silence() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield "{}:{}".format(*server.getsockname())


def nowhere() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return "{}:{}".format(*server.getsockname())


def test_nobody_there() -> None:
    address = nowhere()
    told = asyncio.run(hindrance(Settings(broker=address)))
    assert told == f"no Kafka at {address}; is it running? (`newsieve broker start`)"


def test_one_that_accepts_connections_and_never_answers() -> None:
    with silence() as address:
        assert run(hindrance(Settings(broker=address))) == f"Kafka at {address} accepts connections and does not answer"


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_one_that_hangs_up_may_speak_another_protocol(protocol: str) -> None:
    with listening(hangs_up) as address:
        told = asyncio.run(hindrance(Settings(broker=address, security=Security(security_protocol=protocol))))
    assert told.startswith(f"Kafka at {address} hangs up on us: does it speak {protocol} there?")
    assert "NEWSIEVE_SECURITY_PROTOCOL" in told


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(make_signed(tmp_path, "broker", make_authority(tmp_path)))

    def greets(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True):
            pass

    ours = Security(security_protocol="SSL", tls_ca_file=str(make_authority(tmp_path, "stranger")))
    with listening(greets) as address:
        told = asyncio.run(hindrance(Settings(broker=address, security=ours)))
    assert told.startswith(f"no trust in Kafka at {address}: CERTIFICATE_VERIFY_FAILED")
    assert told.endswith("check NEWSIEVE_TLS_CA_FILE")


def test_of_several_addresses_each_is_named_when_none_answers() -> None:
    with listening(hangs_up) as first:
        told = asyncio.run(hindrance(Settings(broker=f"{first},{nowhere()}")))
    assert told.startswith(f"Kafka at {first} hangs up on us")
    assert "; no Kafka at 127.0.0.1:" in told


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SaslAuthenticationFailed("invalid credentials"), "check NEWSIEVE_SASL_USERNAME and NEWSIEVE_SASL_PASSWORD"),
        (UnsupportedSaslMechanismError("no"), "takes no SCRAM-SHA-512: check NEWSIEVE_SASL_MECHANISM"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known; check NEWSIEVE_BROKER"),
    ],
)
def test_each_refusal_names_what_to_check(error: Exception, words: str) -> None:
    ours = Security("SASL_PLAINTEXT", "SCRAM-SHA-512", "me", "a secret")
    told = explained(error, Settings(security=ours), "a:1")
    assert words in told
    assert "a secret" not in told


def test_a_client_that_cannot_connect_ends_with_what_to_check() -> None:
    settings = Settings(broker=nowhere())

    async def connect() -> None:
        async with connecting(settings):
            raise KafkaConnectionError("Unable to bootstrap from [('a', 1)]")

    with pytest.raises(BrokerError, match=f"^no Kafka at {settings.broker};"):
        asyncio.run(connect())


def test_what_kafka_refuses_is_told_in_a_line() -> None:
    async def ask(error: Exception) -> None:
        async with speaking(Settings(broker=nowhere())):
            raise error

    with pytest.raises(BrokerError, match=r"^Kafka at 127.* refuses: .*FailedError: newsieve-replay$"):
        asyncio.run(ask(GroupAuthorizationFailedError("newsieve-replay")))
    with pytest.raises(BrokerError, match=r"^no Kafka at "):
        asyncio.run(ask(KafkaConnectionError()))


def test_a_client_is_not_left_waiting_where_no_broker_answers() -> None:
    async def connect(settings: Settings) -> float:
        with pytest.raises(BrokerError, match="accepts connections and does not answer"):
            async with connecting(settings):
                await asyncio.sleep(1000)
        return asyncio.get_running_loop().time()

    with silence() as address:
        assert run(connect(Settings(broker=address))) < 20


def test_who_waits_for_a_silent_kafka_says_so_at_once_and_once() -> None:
    said: list[tuple[str, float]] = []

    async def waiting(settings: Settings) -> None:
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(300):
                await wait_for_topics(settings, ["pages.raw"], lambda line: said.append((line, clock())))

    with silence() as address:
        run(waiting(Settings(broker=address)))
    ((line, seconds),) = said
    assert line == f"waiting: Kafka at {address} accepts connections and does not answer"
    assert seconds < 6
