"""Dead letters read back, and put back on `pages.raw` byte for byte."""

import base64
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, OffsetAndMetadata, TopicPartition
from aiokafka.errors import KafkaError

from models.errors import BrokerError
from streams.backlog import backlog, raw_record
from streams.kafka_topics import DEAD_TOPIC, PAGES_TOPIC
from streams.records import Headers, RawRecord, Record
from streams.security import client_options
from streams.settings import Settings

ATTEMPTS = "newsieve-attempts"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead page: where it stands now (`letter`), where it came from (`source`), and why it died."""

    letter: RawRecord
    error: str
    detail: str
    source: str
    at_ms: int
    original_headers: Headers

    @property
    def attempts(self) -> int:
        """How often it was replayed before."""
        given = next((value or b"" for key, value in self.original_headers if key == ATTEMPTS), b"")
        return int(given) if given.isdigit() else 0

    @property
    def is_whole(self) -> bool:
        """Whether it holds the page: one that was too large for any topic stays where it came from."""
        return self.letter.value is not None or self.error == "no-value"

    def replay(self) -> Record:
        """The record as it came, every header in its place, with the number of attempts as the only addition."""
        kept = tuple((key, value) for key, value in self.original_headers if key != ATTEMPTS)
        headers = (*kept, (ATTEMPTS, str(self.attempts + 1).encode()))
        return Record(PAGES_TOPIC, self.letter.key, self.letter.value, headers)


def read_letter(record: ConsumerRecord) -> DeadLetter:
    """The dead letter in a record; what cannot be read of its headers is empty."""
    raw = raw_record(record)
    words = {name: raw.header(name).decode("utf8", "replace") for name in ("error", "detail", "source")}
    return DeadLetter(raw, **words, at_ms=record.timestamp, original_headers=_headers(raw.header("original-headers")))


async def letters(settings: Settings) -> AsyncIterator[DeadLetter]:
    """Yield all dead letters that Kafka still holds."""
    async for record in backlog(settings, DEAD_TOPIC):
        yield read_letter(record)


class Mark:
    """How far dead letters were replayed, kept in Kafka as the offsets of a group of its own."""

    def __init__(self, settings: Settings) -> None:
        self._broker = settings.broker
        self._consumer = AIOKafkaConsumer(
            **client_options(settings), group_id=f"{settings.group}-replay", enable_auto_commit=False
        )

    async def __aenter__(self) -> "Mark":
        try:
            await self._consumer.start()
        except KafkaError as error:
            await self._consumer.stop()
            raise BrokerError(f"no Kafka at {self._broker}; is it running? (`newsieve broker start`)") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def passed(self, letter: RawRecord) -> bool:
        """Whether this letter was replayed before."""
        partition = TopicPartition(letter.topic, letter.partition)
        if partition not in self._consumer.assignment():
            self._consumer.assign([*self._consumer.assignment(), partition])
        return letter.offset < (await self._consumer.committed(partition) or 0)

    async def move(self, replayed: Sequence[RawRecord]) -> None:
        """Note that these letters, and in each partition all before them, were replayed."""
        ends = {TopicPartition(r.topic, r.partition): OffsetAndMetadata(r.offset + 1, "") for r in replayed}
        if ends:
            await self._consumer.commit(ends)


def _headers(encoded: bytes) -> Headers:
    try:
        pairs = orjson.loads(encoded)
        return tuple((str(key), None if value is None else base64.b64decode(value)) for key, value in pairs)
    except (ValueError, TypeError):
        return ()
