"""Whether Kafka can be reached, and if not, what to check: clients give up on all of it with the same few words."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

from aiokafka.client import collect_hosts
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from models.errors import BrokerError
from streams.logs import silent
from streams.security import client_options
from streams.settings import Settings

ANSWER_SECONDS = 4.0
"""How long Kafka may take to answer one question; it answers within milliseconds, and on a busy machine within one."""

LOOK_SECONDS = 5.0
"""How often it is looked whether any broker answers, while a client connects: that may try one after the other."""


@contextlib.asynccontextmanager
async def connecting(settings: Settings) -> AsyncIterator[None]:
    """A block in which a client connects; raises `BrokerError` with what to check where that is impossible.

    Clients wait 40 s for an answer: they are not left to it where no broker gives one.
    """
    try:
        with silent("Unable connect to", "Unable to request metadata"):
            async with asyncio.timeout(None) as patience:
                look = asyncio.ensure_future(_end_where_nobody_answers(settings, patience))
                try:
                    yield
                finally:
                    look.cancel()
    except (KafkaError, TimeoutError) as error:
        raise await no_connection(settings, error) from error


async def _end_where_nobody_answers(settings: Settings, patience: asyncio.Timeout) -> None:
    await asyncio.sleep(LOOK_SECONDS)
    while not await hindrance(settings):  # noqa: ASYNC110 -- nobody tells us
        await asyncio.sleep(LOOK_SECONDS)
    patience.reschedule(asyncio.get_running_loop().time())


@contextlib.asynccontextmanager
async def speaking(settings: Settings) -> AsyncIterator[None]:
    """A block that asks Kafka for things; raises `BrokerError` where it is away or refuses them."""
    try:
        yield
    except KafkaConnectionError as error:
        raise await no_connection(settings, error) from error
    except KafkaError as error:
        raise BrokerError(f"Kafka at {settings.broker} refuses: {error}") from error


async def no_connection(settings: Settings, error: BaseException) -> BrokerError:
    """The error to leave with after one of a client's, which says little."""
    unserved = f"Kafka at {settings.broker} answers, but not all that it is asked: are its advertised.listeners right?"
    return BrokerError(await hindrance(settings) or f"{unserved} ({error!r})")


async def hindrance(settings: Settings) -> str:
    """Why there is no speaking to Kafka, in one line that says what to check; empty when one of its brokers answers."""
    hosts = collect_hosts(settings.broker, randomize=False)
    asked = [asyncio.ensure_future(_trouble(settings, host, port)) for host, port, _ in hosts]
    try:
        for answer in asyncio.as_completed(asked):
            if not await answer:
                return ""
    finally:
        for task in asked:
            task.cancel()
    return "; ".join(task.result() for task in asked)


async def _trouble(settings: Settings, host: str, port: int) -> str:
    """What to check where that broker does not answer; empty when it does."""
    try:
        await _ask(settings, host, port)
    except (OSError, KafkaError) as error:
        is_out_of_reach = isinstance(error, TimeoutError) and not await _accepts(host, port)
        return explained(ConnectionError() if is_out_of_reach else error, settings, f"{host}:{port}")
    return ""


async def _ask(settings: Settings, host: str, port: int) -> None:
    """Have a broker answer, on the way that all clients go."""
    options = client_options(settings)
    del options["bootstrap_servers"]
    patience_ms = int(ANSWER_SECONDS * 1000)
    connection: AIOKafkaConnection = await create_conn(host, port, request_timeout_ms=patience_ms, **options)
    try:
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()


async def _accepts(host: str, port: int) -> bool:
    """Whether connections are taken there at all."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def explained(error: Exception, settings: Settings, address: str) -> str:
    """What to check after such an error.

    >>> explained(ConnectionRefusedError(), Settings(), "a:1")
    'no Kafka at a:1; is it running? (`newsieve broker start`)'
    >>> explained(TimeoutError(), Settings(), "a:1")
    'Kafka at a:1 accepts connections and does not answer'
    """
    protocol = settings.security.security_protocol
    if isinstance(error, TimeoutError):
        return f"Kafka at {address} accepts connections and does not answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"no trust in Kafka at {address}: {error.reason}: {error.verify_message}; check NEWSIEVE_TLS_CA_FILE"
    if isinstance(error, SaslAuthenticationFailed):
        return f"Kafka at {address} does not know us: check NEWSIEVE_SASL_USERNAME and NEWSIEVE_SASL_PASSWORD ({error})"
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"Kafka at {address} takes no {settings.security.sasl_mechanism}: check NEWSIEVE_SASL_MECHANISM"
    if isinstance(error, socket.gaierror):
        return f"no Kafka at {address}: {error.strerror}; check NEWSIEVE_BROKER"
    if isinstance(error, ssl.SSLError | ConnectionResetError | KafkaError):
        return (
            f"Kafka at {address} hangs up on us: does it speak {protocol} there? "
            "Check NEWSIEVE_SECURITY_PROTOCOL and the port"
        )
    return f"no Kafka at {address}; is it running? (`newsieve broker start`)"
