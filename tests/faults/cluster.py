"""A real Kafka of one or three brokers, with a proxy of its own between each worker and each broker."""

import asyncio
import contextlib
import itertools
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from streams import kafka_admin, kafka_topics
from streams.broker import LocalBroker
from streams.broker import folder as files
from streams.broker.launch import is_free
from streams.settings import Settings
from tests.faults.models import SLUGS
from tests.faults.proxy import LOOPBACK, Proxy
from tests.faults.schedule import SLOTS

PARTITIONS = 4
MEMORY_MB = 256

QUICK = {
    "log.retention.check.interval.ms": "600000",  # only the harness trims
    "offsets.topic.num.partitions": "4",
}
"""Settings that let a run be short."""

REPLICATED = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "default.replication.factor": "3",
    "broker.session.timeout.ms": "4000",  # of the default 9 s: how soon a killed broker's partitions have new leaders
    "broker.heartbeat.interval.ms": "1000",
    "leader.imbalance.check.interval.seconds": "5",  # leaders move back, which is a fault too
    "controlled.shutdown.enable": "true",
}


class Cluster:
    """One or three brokers in `folder`; slot `n` of the workers reaches them through `proxies[n]` alone."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.count = count
        self.brokers: list[LocalBroker] = []
        self.proxies: list[list[Proxy]] = [[] for _ in range(SLOTS)]

    @property
    def settings(self) -> Settings:
        """How the harness itself reaches the brokers: past the proxies."""
        return Settings(broker=",".join(f"{LOOPBACK}:{broker.port}" for broker in self.brokers))

    @property
    def replication(self) -> int:
        return self.count

    def bootstrap_of(self, slot: int) -> str:
        """The addresses that the worker of a slot is given."""
        return ",".join(f"{LOOPBACK}:{proxy.port}" for proxy in self.proxies[slot])

    async def start(self) -> None:
        """Start everything; the brokers end with this process, even when it is killed."""
        controllers = [low_port() for _ in range(self.count)]
        for number in range(self.count):
            ports = [low_port() for _ in range(SLOTS)]
            proxies = [Proxy(port) for port in ports]
            for slot, proxy in enumerate(proxies):
                await proxy.start()
                self.proxies[slot].append(proxy)
            self.brokers.append(self._broker(number, controllers, ports, proxies))
        await asyncio.gather(*(asyncio.to_thread(broker.start, tied=True) for broker in self.brokers))

    def _broker(self, number: int, controllers: Sequence[int], ports: list[int], proxies: list[Proxy]) -> LocalBroker:
        names = [f"W{slot}" for slot in range(SLOTS)]
        voters = ",".join(f"{n}@{LOOPBACK}:{port}" for n, port in enumerate(controllers, 1))
        extra = {
            "node.id": str(number + 1),
            "controller.quorum.voters": voters,
            "listeners": _addresses(names, ports),
            "advertised.listeners": _addresses(names, [proxy.port for proxy in proxies]),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
        }
        folder = self.folder / f"broker-{number + 1}"
        extra |= QUICK | (REPLICATED if self.count > 1 else {})
        broker = LocalBroker(folder, low_port(), MEMORY_MB, controller_port=controllers[number], extra=extra)
        self._one_identity(folder)
        return broker

    def _one_identity(self, folder: Path) -> None:
        """All nodes of a cluster have its id."""
        with files.guarded(folder):
            first = self.folder / "broker-1" / files.MARKER
            if folder != first.parent:
                shutil.copyfile(first, folder / files.MARKER)

    async def stop(self) -> None:
        """Stop the brokers and the proxies."""
        await asyncio.gather(*(asyncio.to_thread(broker.stop) for broker in self.brokers))
        for proxy in (proxy for proxies in self.proxies for proxy in proxies):
            await proxy.stop()

    async def stop_broker(self, number: int, how: signal.Signals) -> None:
        """Stop a broker in good order (SIGTERM), or kill it."""
        broker = self.brokers[number]
        running = broker.running()
        if running and how == signal.SIGKILL:
            os.kill(running.pid, how)
        await asyncio.to_thread(broker.stop)

    async def start_broker(self, number: int) -> None:
        """Start a broker again; nothing happens when it runs."""
        await asyncio.to_thread(self.brokers[number].start, tied=True)

    def heal(self) -> None:
        """Let all proxies pass."""
        for proxy in (proxy for proxies in self.proxies for proxy in proxies):
            proxy.heal()

    async def renew_topics(self) -> None:
        """Delete all Kafka topics of an earlier run and make them anew."""
        wanted = kafka_topics.kafka_topics(SLUGS, PARTITIONS)
        async with asyncio.timeout(60), self.admin() as admin:
            while present := set(await admin.list_topics()) & {topic.name for topic in wanted}:
                with contextlib.suppress(Exception):
                    await admin.delete_topics(list(present))
                await asyncio.sleep(0.2)
            await kafka_admin.create(admin, wanted, self.replication)

    @contextlib.asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        """A connected admin client."""
        async with kafka_admin.admin_of(self.settings) as admin:
            yield admin


def low_port() -> int:
    """A free port below those that the system gives to outgoing connections.

    One of theirs may be taken while its broker is stopped; a client that tries it again and again can even connect to
    itself.
    """
    ports = (random.randint(20_000, 32_000) for _ in itertools.count())
    port = next(port for port in ports if port not in _GIVEN and is_free(port))
    _GIVEN.add(port)
    return port


_GIVEN: set[int] = set()


def _addresses(names: Sequence[str], ports: Sequence[int]) -> str:
    return ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in zip(names, ports, strict=True))
