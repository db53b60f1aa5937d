"""Dead letters read back, and put back on `pages.raw` byte for byte."""

import base64
import binascii
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, OffsetAndMetadata, TopicPartition

from streams.backlog import backlog, raw_record
from streams.kafka_topics import DEAD_TOPIC, PAGES_TOPIC
from streams.reach import connecting, speaking
from streams.records import Headers, RawRecord, Record
from streams.security import client_options
from streams.settings import Settings

ATTEMPTS = "newsieve-attempts"
MOST_DIGITS = 9
"""Of a number of attempts that we wrote."""

WORD_LETTERS = 4000
"""Most metadata that an offset has: Kafka's own limit, offset.metadata.max.bytes, is 4096."""

MOST_SINGLES = 2**20
"""How far from the mark single letters are remembered; a bit each, of which a row of equal ones takes no room."""


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
        return int(given) if given.isdigit() and len(given) <= MOST_DIGITS else 0

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


@dataclass(frozen=True)
class Replayed:
    """What was put back of a partition: all letters before an offset, and single ones from there on."""

    end: int = 0
    singles: frozenset[int] = frozenset()

    @classmethod
    def read(cls, end: int, word: str) -> Self:
        """What an offset and the metadata beside it say; metadata that make no sense say nothing.

        >>> Replayed.read(7, Replayed(7, frozenset({9, 12})).word())
        Replayed(end=7, singles=frozenset({9, 12}))
        """
        try:
            bits = zlib.decompressobj().decompress(base64.b64decode(word), MOST_SINGLES // 8)
        except (binascii.Error, zlib.error, ValueError):
            bits = b""
        held = ((n, byte) for n, byte in enumerate(bits) if byte)
        return cls(end, frozenset(end + 8 * n + bit for n, byte in held for bit in range(8) if byte >> bit & 1))

    def word(self) -> str:
        """The single ones as metadata: a compressed bit for each offset from `end` on."""
        if not self.singles:
            return ""
        bits = bytearray((max(self.singles) - self.end) // 8 + 1)
        for place in (offset - self.end for offset in self.singles):
            bits[place // 8] |= 1 << place % 8
        return base64.b64encode(zlib.compress(bits, 9)).decode()

    def has(self, offset: int) -> bool:
        """Whether that letter was put back."""
        return offset < self.end or offset in self.singles

    def up_to(self, end: int) -> "Replayed":
        """The same, and all before that offset."""
        return Replayed(end, frozenset(offset for offset in self.singles if offset >= end)) if end > self.end else self

    def and_these(self, offsets: Iterable[int]) -> "Replayed":
        """The same and those, as far as Kafka has room for it; what is left out are the last of them."""
        fresh = sorted(offset for offset in {*offsets, *self.singles} if 0 <= offset - self.end < MOST_SINGLES)
        while len((found := Replayed(self.end, frozenset(fresh))).word()) > WORD_LETTERS:
            fresh = fresh[: len(fresh) * 3 // 4]
        return found


class Mark:
    """What was put back, kept in Kafka as the offsets of a group of its own and the metadata beside them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer = AIOKafkaConsumer(
            **client_options(settings), group_id=f"{settings.group}-replay", enable_auto_commit=False
        )
        self._known: dict[TopicPartition, Replayed] = {}

    async def __aenter__(self) -> "Mark":
        try:
            async with connecting(self._settings):
                await self._consumer.start()
        except BaseException:  # when cancelled too: it may hold sockets
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def passed(self, letter: RawRecord) -> bool:
        """Whether this letter was put back before."""
        return (await self._replayed(TopicPartition(letter.topic, letter.partition))).has(letter.offset)

    async def move(self, replayed: Sequence[RawRecord]) -> None:
        """Note that these letters, and in each partition all before them, were put back."""
        for partition, offsets in _by_partition(replayed).items():
            await self._keep(partition, (await self._replayed(partition)).up_to(max(offsets) + 1))

    async def add(self, replayed: Sequence[RawRecord]) -> int:
        """Note that these letters alone were put back; returns how many of them there is no room for."""
        forgotten = 0
        for partition, offsets in _by_partition(replayed).items():
            more = (await self._replayed(partition)).and_these(offsets)
            forgotten += sum(not more.has(offset) for offset in offsets)
            await self._keep(partition, more)
        return forgotten

    async def _replayed(self, partition: TopicPartition) -> Replayed:
        if partition not in self._known:
            async with speaking(self._settings):
                found = await self._consumer._coordinator.fetch_committed_offsets([partition])
                place, ends = found.get(partition), await self._consumer.end_offsets([partition])
            is_of_this = place and 0 <= place.offset <= ends[partition]  # beyond the end, it is of a topic that is gone
            self._known[partition] = Replayed.read(place.offset, place.metadata) if is_of_this else Replayed()
            self._consumer.assign(list(self._known))  # offsets of others cannot be committed
        return self._known[partition]

    async def _keep(self, partition: TopicPartition, replayed: Replayed) -> None:
        if replayed != self._known[partition]:
            async with speaking(self._settings):
                await self._consumer.commit({partition: OffsetAndMetadata(replayed.end, replayed.word())})
            self._known[partition] = replayed


def _by_partition(letters: Sequence[RawRecord]) -> dict[TopicPartition, list[int]]:
    found: dict[TopicPartition, list[int]] = {}
    for letter in letters:
        found.setdefault(TopicPartition(letter.topic, letter.partition), []).append(letter.offset)
    return found


def _headers(encoded: bytes) -> Headers:
    try:
        pairs = orjson.loads(encoded)
        return tuple((str(key), None if value is None else base64.b64decode(value)) for key, value in pairs)
    except (ValueError, TypeError):
        return ()
