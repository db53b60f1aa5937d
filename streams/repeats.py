"""Pages that were published a while ago: a page that is fed again is recognised by its id, and need not come out again.

The memory is this process's own, of one fixed size, and empty after a start. What it has of a partition counts until
another worker may have had that. Then a page may be published again, with the same ids, which subscribers drop.
"""

import hashlib
import struct
import time
from collections.abc import Callable, Mapping, Sequence

from models.page import Page
from streams.deadletters import ATTEMPTS
from streams.outcomes import Result
from streams.records import RawRecord
from streams.settings import Settings

MOST_PAGES = 2**20
"""Pages that are remembered at most: a day of twelve a second, in 36 MiB."""

_ENTRY = struct.Struct("<16s8s8sI")
"""Name of the page, digest of what it said, digest of where it came from, and the second in which it was published."""

_WAYS = 8
"""Entries that share a bucket; the oldest of them makes room."""


class Memory:
    """Names of 16 bytes, each with two digests of 8 bytes, for so many `seconds`; takes the same room however full.

    >>> memory = Memory(seconds=10, most=8, clock=iter([0, 1, 2, 12]).__next__)
    >>> memory.put(b"a" * 16, b"text....", b"source..")
    >>> memory.get(b"a" * 16), memory.get(b"b" * 16), memory.get(b"a" * 16)
    ((b'text....', b'source..'), None, None)
    """

    def __init__(self, seconds: float, most: int = MOST_PAGES, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._began = -1
        self._buckets = max(1, most // _WAYS)
        self._table = bytearray(self._buckets * _WAYS * _ENTRY.size)  # zeros take no memory until they are written

    def get(self, name: bytes) -> tuple[bytes, bytes] | None:
        """The digests that were put under this name within the window."""
        now = self._now()
        for _, (found, text, source, at) in self._bucket(name):
            if found == name and at and now - at <= self._seconds:
                return text, source
        return None

    def put(self, name: bytes, text: bytes, source: bytes) -> None:
        """Remember the digests under the name, in place of earlier ones, or of the oldest of its bucket."""
        entries = self._bucket(name)
        own = next((at for at, entry in entries if entry[0] == name and entry[3]), None)
        place = own if own is not None else min(entries, key=lambda pair: pair[1][3])[0]
        _ENTRY.pack_into(self._table, place, name, text, source, self._now())

    def _bucket(self, name: bytes) -> list[tuple[int, tuple[bytes, bytes, bytes, int]]]:
        """Each place of the bucket with what it holds; a time of 0 means nothing."""
        start = int.from_bytes(name[:8], "little") % self._buckets * _WAYS * _ENTRY.size
        places = range(start, start + _WAYS * _ENTRY.size, _ENTRY.size)
        return [(place, _ENTRY.unpack_from(self._table, place)) for place in places]

    def _now(self) -> int:
        """Seconds since the first use, counted from 1."""
        now = int(self._clock())
        if self._began < 0:
            self._began = now
        return now - self._began + 1


class Repeats:
    """Tells pages that need not be published again, as `NEWSIEVE_REPUBLISH` says.

    `changed`: a page whose id was published within `NEWSIEVE_REPEAT_SECONDS` is published again when its url or text is
    not what was published last. A page that is fed without an id has one made of both.
    `never`: it is not published again, whatever it says now.
    `always`: every page is published.

    Whatever the setting, a page is published again when the models are others, when it is a dead letter that was put
    back, and when Kafka hands out the same record again, of which nobody knows how much was delivered.
    """

    def __init__(
        self,
        settings: Settings,
        versions: Callable[[], Mapping[str, str]],
        tenure: Callable[[RawRecord], int] = lambda raw: 0,
        memory: Memory | None = None,
    ) -> None:
        self._mode = settings.republish
        self._versions = versions
        self._tenure = tenure
        self._memory = memory or Memory(settings.repeat_seconds, 0 if self._mode == "always" else MOST_PAGES)

    def of_batch(self) -> Callable[[RawRecord, Page], bool]:
        """A function that tells of the pages of one batch, in their order, whether each is a repeat."""
        here: dict[bytes, tuple[bytes, bytes]] = {}

        def is_repeat(raw: RawRecord, page: Page) -> bool:
            if self._mode == "always" or raw.header(ATTEMPTS):
                return False
            name, text, source = self._entry(raw, page)
            known = here.get(name) or self._memory.get(name)
            repeats = known is not None and known[1] != source and (self._mode == "never" or known[0] == text)
            if not repeats:
                here[name] = text, source
            return repeats

        return is_repeat

    def remember(self, results: Sequence[Result]) -> None:
        """Take note of what was published; to be called once it is acknowledged."""
        if self._mode == "always":
            return
        for result in results:
            if isinstance(result.page, Page) and not result.repeated:
                self._memory.put(*self._entry(result.raw, result.page))

    def _entry(self, raw: RawRecord, page: Page) -> tuple[bytes, bytes, bytes]:
        versions = [part for pair in sorted(self._versions().items()) for part in pair]
        name = _digest(16, page.id, str(self._tenure(raw)), *versions)
        return name, _digest(8, page.url, page.text), _digest(8, raw.source)


def _digest(size: int, *fields: str) -> bytes:
    total = hashlib.blake2b(digest_size=size)
    for field in fields:
        encoded = field.encode("utf8", "surrogatepass")
        total.update(len(encoded).to_bytes(8, "little") + encoded)
    return total.digest()
