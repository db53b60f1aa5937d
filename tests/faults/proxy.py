"""A TCP proxy between a worker and a broker, which can cut, refuse, freeze and delay."""

import asyncio
import contextlib

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 2**16


class Proxy:
    """Passes bytes between clients of `port` and `upstream_port`, both on this machine, until it is told otherwise."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.delay_seconds = 0.0
        self.port = 0
        self._refusing = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Break all connections and listen no more."""
        self.cut()
        self._flowing.set()
        if self._server:
            self._server.close()
            await asyncio.sleep(0)

    def reset(self) -> None:
        """Break the connections there are; new ones pass."""
        for writer in list(self._writers):
            writer.transport.abort()

    def cut(self) -> None:
        """Break the connections, and those that come, until it heals."""
        self._refusing = True
        self.reset()

    def freeze(self) -> None:
        """Let nothing pass, and break nothing, until it heals: as when a cable is pulled."""
        self._flowing.clear()

    def heal(self) -> None:
        """Pass bytes again, at once."""
        self._refusing = False
        self.delay_seconds = 0.0
        self._flowing.set()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self._refusing:
            to_client.transport.abort()
            return
        try:
            server, to_server = await asyncio.open_connection(LOOPBACK, self.upstream_port)
        except OSError:  # the broker is away
            to_client.transport.abort()
            return
        self._writers |= {to_client, to_server}
        await asyncio.gather(self._pump(client, to_server), self._pump(server, to_client))
        self._writers -= {to_client, to_server}

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK_BYTES):
                await self._flowing.wait()
                await asyncio.sleep(self.delay_seconds)
                target.write(chunk)
                await target.drain()
        target.close()
