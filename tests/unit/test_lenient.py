"""Records with header names that are not UTF-8 are read like all others."""

import struct

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c_py

from streams.lenient import LenientRecords, install

PLACEHOLDER = "##"
CRC_OFFSET, CRC_START = 17, 21  # of a record batch of version 2: the checksum, and where what it covers begins


def batch(*names: str, codec: int = 0) -> bytes:
    """A record batch with one record per header name; `##` in a name stands for two bytes that are not UTF-8."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 2**20)
    for number, name in enumerate(names):
        builder.append(number, 1, b"key", b"value %d" % number, [(name, b"v"), (name, None)])
    raw = bytearray(builder.build().replace(PLACEHOLDER.encode(), b"\xff\xfe"))
    struct.pack_into(">I", raw, CRC_OFFSET, calc_crc32c_py(bytes(raw[CRC_START:])))
    return bytes(raw)


def read(raw: bytes) -> list[tuple[bytes, tuple]]:
    records = LenientRecords(raw)
    found = []
    while records.has_next():
        batch = records.next_batch()
        assert batch.validate_crc()
        found += [(record.value, tuple(record.headers)) for record in batch]
    return found


def test_aiokafka_itself_fails_on_them():
    """The reason for all this still holds: aiokafka raises on a header name that is not UTF-8."""
    with pytest.raises(UnicodeDecodeError):
        list(DefaultRecordBatch(batch(PLACEHOLDER)))


def test_odd_names_come_with_escapes_and_all_records_come_once():
    """Records before, with and after such a name come once each, in order, the odd bytes as escapes."""
    raw = batch("good", PLACEHOLDER, "fine") + batch("next", f"{PLACEHOLDER}é")
    odd = "\\xff\\xfe"
    assert read(raw) == [
        (b"value %d" % number, ((name, b"v"), (name, None)))
        for number, name in ((0, "good"), (1, odd), (2, "fine"), (0, "next"), (1, f"{odd}é"))
    ]


def test_good_batches_are_read_as_aiokafka_reads_them():
    """Without such names nothing differs, compressed or not."""
    for codec in (0, 1, 2, 3, 4):  # none, gzip, snappy, lz4, zstd
        raw = batch("a", "é", codec=codec)
        assert read(raw) == [(r.value, tuple(r.headers)) for r in DefaultRecordBatch(raw)]


def test_installed_is_what_consumers_use():
    """Once installed, aiokafka's fetcher reads with it; installing again changes nothing."""
    install()
    install()
    assert fetcher.MemoryRecords is LenientRecords
