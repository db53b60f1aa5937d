"""The proxy passes bytes as they are, and cuts, freezes and delays when it is told to."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from tests.faults.proxy import LOOPBACK, Proxy


@contextlib.asynccontextmanager
async def echo() -> AsyncIterator[Proxy]:
    """A proxy in front of a server that sends back what it gets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1000):
            writer.write(chunk)
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    yield proxy
    await proxy.stop()
    server.close()
    await asyncio.sleep(0.05)  # transports close in the loop's next turns


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> bytes:
    writer.write(sent)
    return await reader.readexactly(len(sent))


async def refused(proxy: Proxy) -> None:
    """A new connection breaks before it answers."""
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await ask(reader, writer, b"one")
    writer.close()


async def test_bytes_pass() -> None:
    async with echo() as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        sent = bytes(range(256)) * 2000
        assert await ask(reader, writer, sent) == sent
        writer.close()


async def test_a_cut_breaks_and_refuses_until_it_heals() -> None:
    async with echo() as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        await ask(reader, writer, b"one")
        proxy.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await ask(reader, writer, b"two")
        await refused(proxy)
        proxy.heal()
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        assert await ask(reader, writer, b"four") == b"four"
        writer.close()


async def test_frozen_bytes_arrive_once_it_heals() -> None:
    async with echo() as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        await ask(reader, writer, b"one")
        proxy.freeze()
        answer = asyncio.create_task(ask(reader, writer, b"two"))
        await asyncio.sleep(0.2)
        assert not answer.done()
        proxy.heal()
        assert await answer == b"two"
        writer.close()


async def test_a_delay_delays() -> None:
    async with echo() as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        proxy.delay_seconds = 0.1
        began = time.monotonic()
        assert await ask(reader, writer, b"one") == b"one"
        assert time.monotonic() - began >= 0.2
        writer.close()


async def test_a_server_that_is_away_is_away_for_clients_too() -> None:
    proxy = Proxy(1)
    await proxy.start()
    await refused(proxy)
    await proxy.stop()
