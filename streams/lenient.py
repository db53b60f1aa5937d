"""A consumer that reads every record, also one whose header names are not UTF-8.

Kafka says that header names are UTF-8 and checks nothing. aiokafka raises in the middle of a fetch on one that is not:
the consumer ends, the next one fetches the same record and ends too. Here such names come with their odd bytes as
escapes (`\\xff`), and everything else as it is.
"""

from collections.abc import Iterator
from typing import Any, SupportsIndex

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


def install() -> None:
    """Make aiokafka's consumers of this process lenient; to be called before one is made."""
    fetcher.MemoryRecords = LenientRecords


class LenientRecords(_MemoryRecordsPy):
    """The batches of one fetch, each of them lenient."""

    def next_batch(self) -> Any:
        """Return the next batch, or None."""
        raw = self._next_slice
        batch = super().next_batch()
        return LenientBatch(batch, raw) if isinstance(batch, DefaultRecordBatch) else batch


class LenientBatch:
    """A batch read by aiokafka's fast reader, and from the first name that it cannot decode on by its slow one."""

    def __init__(self, batch: Any, raw: Any) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        count = 0
        try:
            for record in self._batch:
                yield record
                count += 1
        except UnicodeDecodeError:
            for number, record in enumerate(_SlowBatch(bytes(self._raw))):
                if number >= count:
                    yield record


class _SlowBatch(_DefaultRecordBatchPy):
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Escaping(self._buffer)


class _Escaping(bytearray):
    """Bytes whose slices decode with escapes in place of an error."""

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        found = super().__getitem__(key)
        return _Escaping(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Text of the bytes."""
        return super().decode(encoding, "backslashreplace")
