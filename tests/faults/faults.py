"""The faults: what each does to a run, and how it is undone."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from models.errors import BrokerError
from streams.kafka_topics import DEAD_TOPIC, DONE_TOPIC, PAGES_TOPIC, PARTS_PREFIX, kafka_topics
from tests.faults.cluster import PARTITIONS, Cluster
from tests.faults.feeder import Feeder
from tests.faults.fleet import Fleet
from tests.faults.history import History
from tests.faults.models import EDITIONS, KILLS, SLUGS
from tests.faults.pages import json_page
from tests.faults.readback import progress
from tests.faults.readers import Reader
from tests.faults.schedule import SLOTS, Fault


@dataclass
class Target:
    """What faults act on, and what they leave for the checker."""

    cluster: Cluster
    fleet: Fleet
    grouped: Reader
    feeder: Feeder
    history: History
    trimmed: list[tuple[int, int, int]] = field(default_factory=list)
    rolling_out: asyncio.Lock = field(default_factory=asyncio.Lock)

    def slot(self, fault: Fault) -> int:
        """The slot that a fault hits: one with a worker."""
        slots = self.fleet.slots
        return slots[fault.slot % len(slots)] if slots else 0


async def strike(target: Target, fault: Fault) -> None:
    """Do a fault from its beginning to its end."""
    target.history.note("fault", kind=fault.kind, slot=fault.slot, lasts=fault.lasts, amount=fault.amount)
    try:
        await FAULTS[fault.kind](target, fault)
    except (KafkaError, BrokerError) as error:  # the harness asks a Kafka that another fault has in hand
        target.history.note("fault failed", kind=fault.kind, error=repr(error))
    target.history.note("fault over", kind=fault.kind)


async def heal(target: Target) -> None:
    """Undo whatever is left of the faults."""
    target.cluster.heal()
    for number in range(target.cluster.count):
        await target.cluster.start_broker(number)
    for slot in target.fleet.slots:
        target.fleet.signal(slot, signal.SIGCONT)
    if not target.fleet.slots:
        await target.fleet.start(0)


async def kill(target: Target, fault: Fault) -> None:
    slot = target.slot(fault)
    await target.fleet.kill(slot)
    await asyncio.sleep(fault.lasts)
    await target.fleet.start(slot)


async def term(target: Target, fault: Fault) -> None:
    slot = target.slot(fault)
    await target.fleet.stop(slot)
    await asyncio.sleep(fault.lasts)
    await target.fleet.start(slot)


async def pause(target: Target, fault: Fault) -> None:
    slot = target.slot(fault)
    target.fleet.signal(slot, signal.SIGSTOP)
    await asyncio.sleep(fault.lasts)
    target.fleet.signal(slot, signal.SIGCONT)


async def stick(target: Target, fault: Fault) -> None:
    """The worker's model never ends the next batch; the watchdog is to end the worker."""
    target.fleet.flag(target.slot(fault)).touch()


async def killer(target: Target, fault: Fault) -> None:
    """A page that takes the process of whoever tags it along: dead after two attempts, and nothing else is."""
    url = f"https://killer.example/{fault.at}"
    await target.feeder.feed([json_page(url, f"# Killer\n{KILLS}")], 0)


async def join(target: Target, fault: Fault) -> None:
    free = [slot for slot in range(SLOTS) if slot not in target.fleet.slots]
    if free:
        await target.fleet.start(free[0])


async def leave(target: Target, fault: Fault) -> None:
    if len(target.fleet.slots) > 1:
        await target.fleet.stop(target.slot(fault))


async def swap(target: Target, fault: Fault) -> None:
    """Other models for all workers, one after the other, as one rolls them out; a swap more goes on, or back."""
    fleet = target.fleet
    async with target.rolling_out:
        fleet.edition = (fleet.edition + 1 + fault.slot % 2) % EDITIONS
        target.history.note("swap", edition=fleet.edition)
        for slot in fleet.slots:
            if slot in fleet.slots:  # one that another fault takes away comes back with the new models, if at all
                await fleet.stop(slot)
                await fleet.start(slot)
                await asyncio.sleep(fault.lasts)


async def cut(target: Target, fault: Fault) -> None:
    await _network(target, fault, lambda proxy: proxy.cut())


async def freeze(target: Target, fault: Fault) -> None:
    await _network(target, fault, lambda proxy: proxy.freeze())


async def reset(target: Target, fault: Fault) -> None:
    for proxy in target.cluster.proxies[target.slot(fault)]:
        proxy.reset()


async def delay(target: Target, fault: Fault) -> None:
    await _network(target, fault, lambda proxy: setattr(proxy, "delay_seconds", fault.amount))


async def _network(target: Target, fault: Fault, spoil: Callable[..., None]) -> None:
    proxies = target.cluster.proxies[target.slot(fault)]
    for proxy in proxies:
        spoil(proxy)
    await asyncio.sleep(fault.lasts)
    for proxy in proxies:
        proxy.heal()


async def broker_stop(target: Target, fault: Fault, how: signal.Signals = signal.SIGTERM) -> None:
    await target.cluster.stop_broker(fault.slot, how)
    await asyncio.sleep(fault.lasts)
    await target.cluster.start_broker(fault.slot)


async def broker_kill(target: Target, fault: Fault) -> None:
    await broker_stop(target, fault, signal.SIGKILL)


async def leader(target: Target, fault: Fault) -> None:
    async with target.cluster.admin() as admin:
        [topic] = await admin.describe_topics([PAGES_TOPIC])
    leads = topic["partitions"][fault.slot]["leader"] - 1
    target.history.note("leader", broker=leads + 1)
    await broker_stop(target, Fault(fault.at, fault.kind, leads, fault.lasts))


async def starve(target: Target, fault: Fault) -> None:
    """All copies are wanted while one broker is away: no produce with acks=all can succeed."""
    names = [name for name in _topics() if name.startswith(PARTS_PREFIX) or name in (DONE_TOPIC, DEAD_TOPIC)]
    await _configure(target, names, {"min.insync.replicas": "3"})
    try:
        await broker_stop(target, fault)
    finally:
        await _configure(target, names, {})


async def full(target: Target, fault: Fault, *names: str) -> None:
    """The Kafka topics take nothing for a while, but for the ends of transactions.

    Kafka 4.3.1 does not try again to write an end that a topic refuses (78 bytes): that transaction never ends, until
    the broker is started again. No disk that is full does that.
    """
    await _configure(target, names, {"max.message.bytes": "100"})
    await asyncio.sleep(fault.lasts)
    await _configure(target, names, {})


def _topics() -> dict[str, dict[str, str]]:
    return {topic.name: topic.configs for topic in kafka_topics(SLUGS, PARTITIONS)}


async def _configure(target: Target, names: tuple[str, ...] | list[str], changes: dict[str, str]) -> None:
    """Set the topics' configuration to what it was at first, with changes on top; tried until it is so."""
    safe = {"min.insync.replicas": str(min(2, target.cluster.replication))}
    wanted = {name: safe | _topics()[name] | changes for name in names}
    for _ in range(30):
        with contextlib.suppress(KafkaError, BrokerError):
            async with target.cluster.admin() as admin:
                resources = [ConfigResource(ConfigResourceType.TOPIC, *item) for item in wanted.items()]
                answers = await admin.alter_configs(resources)
                if not any(row[0] for answer in answers for row in answer.resources):
                    return
        await asyncio.sleep(0.5)
    raise BrokerError("Kafka does not take the topics' configuration")


async def trim(target: Target, fault: Fault) -> None:
    """Retention takes half of what is waiting while no worker runs."""
    slots = target.fleet.slots
    await target.fleet.stop_all()
    await asyncio.sleep(1)
    now = await progress(target.cluster, target.fleet.group)
    firsts = {n: now.committed.get(n, 0) for n in now.ends}
    cuts = [(n, firsts[n], (firsts[n] + end + 1) // 2) for n, end in now.ends.items()]
    async with target.cluster.admin() as admin:
        await admin.delete_records(
            {TopicPartition(PAGES_TOPIC, n): RecordsToDelete(before_offset=end) for n, _, end in cuts}
        )
    target.trimmed += cuts
    target.history.note("trimmed", cuts=cuts)
    for slot in slots:
        await target.fleet.start(slot)


async def reader(target: Target, fault: Fault) -> None:
    await target.grouped.restart()


FAULTS: dict[str, Callable[[Target, Fault], Awaitable[None]]] = {
    "kill": kill, "term": term, "pause": pause, "nap": pause, "stick": stick, "killer": killer,
    "join": join, "leave": leave, "cut": cut, "reset": reset, "freeze": freeze, "delay": delay,
    "broker-stop": broker_stop, "broker-kill": broker_kill, "leader": leader, "starve": starve,
    "full-done": lambda target, fault: full(target, fault, DONE_TOPIC),
    "full-dead": lambda target, fault: full(target, fault, DEAD_TOPIC),
    "full-parts": lambda target, fault: full(target, fault, *(n for n in _topics() if n.startswith(PARTS_PREFIX))),
    "trim": trim, "reader": reader, "swap": swap,
}  # fmt: skip
