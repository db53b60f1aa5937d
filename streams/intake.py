"""How pages come in: Faust's Kafka consumer, made to hand partitions over between two batches, and to keep plain books.

All that touches the insides of Faust and aiokafka for that is here and in `consumer_thread`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import faust
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.utils.queues import FlowControlEvent
from yarl import URL

from models.errors import DeliveryError
from streams.consumer_thread import ConsumerThread, transactions_of
from streams.custody import Custody
from streams.delivery import RETRY_SECONDS
from streams.fair_clock import within
from streams.records import RawRecord
from streams.transactions import Transactions
from streams.work import Work

HELD_BYTES = 16 * 2**20
"""How much may wait in memory to be tagged before no more is taken."""

ROOM_SECONDS = 0.02
"""How soon it is looked for room again: less than a batch takes."""

SHARE_OF_REBALANCE = 0.5
"""How much of the time that Kafka waits in a rebalance a batch in hand may take to end."""

HAND_OVER_SECONDS = 1.0
"""How long it may take to say that partitions are handed over, of the 3 s in which a worker promises to be gone."""

logger = logging.getLogger("newsieve.intake")


class _Consumer(driver.Consumer):
    """Faust's consumer, for one agent that acknowledges each partition in order."""

    _thread: ConsumerThread

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109 -- Faust's
        """Records, once there is room for them: what was handed out is in memory until it is acknowledged."""
        if sum(len(message.value or b"") for message in list(self._unacked_messages)) >= HELD_BYTES:
            await asyncio.sleep(ROOM_SECONDS)
            return {}
        return await super()._getmany(active_partitions, timeout)

    def _new_offset(self, tp: TP) -> int | None:
        """What to commit: one past the last acknowledged.

        Faust looks for gaps among the acknowledged offsets, and stops committing for good at some that are none, as
        after an aborted transaction that follows offset 0.
        """
        acked = self._acked[tp]
        if not acked:
            return None
        offset = max(acked) + 1
        acked.clear()
        self._acked_index[tp].clear()
        return offset

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        """Commit; what fails is committed with the next ones, where Faust takes it for done."""
        ours = {tp: offset for tp, offset in offsets.items() if tp in self.assignment()}
        done = bool(ours) and await self._commit(ours)
        if done:
            self._committed_offset.update(ours)
        else:
            for tp, offset in ours.items():
                self._acked[tp].append(offset - 1)
        return done

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let the batch in hand end and begin no other, commit it, and hand the partitions over.

        Otherwise whoever gets them would repeat it. The heartbeat goes on meanwhile.
        """
        _custody(self.app).is_open = False
        patience = self.app.conf.broker_rebalance_timeout * SHARE_OF_REBALANCE
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_until_idle(self.app), patience)
        await self._hand_over()
        if transactions := transactions_of(self.app):
            await transactions.close()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Begin batches again; with transactions, once nobody else can end one of those partitions any more."""
        transactions = transactions_of(self.app)
        if transactions and not self.app.should_stop:
            await transactions.open(assigned)
        _custody(self.app).assign(assigned, generation_id)
        # Faust sets it below, and may then give out records before it returns: not one of them may be left alone.
        self.app.consumer_generation_id = generation_id
        _custody(self.app).is_open = True
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        """Commit what is done, and hand the partitions over."""
        await super().on_stop()
        await self._hand_over()

    async def _hand_over(self) -> None:
        """Leave words behind with the offsets; what cannot be said in time, or is another's by now, is left unsaid."""
        said = asyncio.ensure_future(self._say_what_is_done())
        try:
            if await within(HAND_OVER_SECONDS, said, _work(self.app).clock):
                await said
            else:
                logger.info("handed over without a word: Kafka took too long")
        finally:
            said.cancel()
            _custody(self.app).hand_over({})  # said or not, nothing is in hand any more

    async def _say_what_is_done(self) -> None:
        try:
            while self._commit_fut:  # it began before the last batch ended, and Faust would leave it at that
                await asyncio.wait({self._commit_fut})
            await self.commit()
            words = _custody(self.app).hand_over(self._committed_offset)
            work = _work(self.app)
            if words and not (work.task or work.is_left):  # else a page may be the reason: let the next one be careful
                await self._thread.write(words)
        except (TimeoutError, DeliveryError) as error:
            logger.info("handed over without a word: %r", error)

    async def verify_all_partitions_active(self) -> None:
        """Leave that to the watchdog: Faust's own look only logs, and dies of a partition that has no position yet."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps count for nothing here."""


class _Transport(driver.Transport):
    Consumer = _Consumer


class Valve(FlowControlEvent):
    """Faust's valve between Kafka and the agent, but for what it throws away.

    Faust empties the agent's queue whenever it opens the valve. When one rebalance follows upon another it opens it
    twice, and what came in between from where the group is would be lost. What is stale is told by its generation.
    """

    def clear(self) -> None:
        """Throw nothing away."""


def install(app: Any, custody: Custody, work: Work, transactions: Transactions | None) -> None:
    """Make the app read its Kafka topics this way, and commit in transactions if there are; before it starts."""
    app.custody, app.work, app.transactions = custody, work, transactions
    app.flow_control = Valve()
    app.transport = _Transport([URL(f"{url}") for url in app.conf.broker_consumer], app)


def _custody(app: Any) -> Custody:
    found: Custody = app.custody
    return found


def _work(app: Any) -> Work:
    found: Work = app.work
    return found


async def _until_idle(app: Any) -> None:
    while _work(app).task:  # noqa: ASYNC110 -- batches end several times a second
        await asyncio.sleep(ROOM_SECONDS)


async def take(app: Any, messages: Sequence[Any]) -> bool:
    """Have these messages in hand; returns whether one of them may have killed the worker that had it before.

    Asks until Kafka answers: what is not in hand is not delivered, and nobody would hand it out again.
    """
    while True:
        try:
            return await _custody(app).take(messages, app._consumer._thread)
        except KafkaError as error:
            logger.warning("Kafka does not say what was in hand elsewhere, asking again: %s", error)
            await asyncio.sleep(RETRY_SECONDS)


def member_id(app: faust.App) -> str:
    """The name that Kafka gave to this worker in its group; empty while it has none."""
    consumer = getattr(getattr(app._consumer, "_thread", None), "_consumer", None)
    return getattr(getattr(consumer, "_coordinator", None), "member_id", "")


def is_current(app: Any, message: Any) -> bool:
    """Whether a message came since partitions were last shared out, and for the first time; to be asked once of each.

    What came before is handed out again.
    """
    custody = _custody(app)
    return bool(custody.is_open and message.generation_id == app.consumer_generation_id and custody.admit(message))


def is_ours(app: Any, message: Any) -> bool:
    """Whether a message in hand was not handed over meanwhile, as when its batch took too long in a rebalance."""
    return _custody(app).has(message)


def tenure(app: Any, raw: RawRecord) -> int:
    """How often this worker was given the record's partition."""
    return _custody(app).tenure(TP(raw.topic, raw.partition))


def is_behind(app: Any) -> bool:
    """Whether so much is left to read that a transaction should hold all it can."""
    if app.transactions is None:
        return False
    consumer: _Consumer = app._consumer
    done = consumer._committed_offset
    left = sum(max(0, consumer._thread.end(tp) - (done.get(tp) or 0)) for tp in consumer.assignment())
    return bool(left > app.conf.stream_buffer_maxsize)
