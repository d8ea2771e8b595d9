"""Reads what a fetch brought, batch by batch, so that a record that cannot be read ends nothing.

aiokafka raises out of `getmany` at such a record and stays before it for ever, or passes over it in silence where its offset is a wrong one.
Here the library still does the reading; where it fails, the batch is read record by record. Each record that cannot be read becomes an
`UnreadableRecord` at its place, and the position goes on behind it.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch

from shared.kafka.decompress import decompress
from shared.kafka.parse_record import Unreadable, parse_records
from shared.logs import get_log

log = get_log(__name__)

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"

HEADER = struct.Struct(">qiibIhiqqqhii")
ATTRIBUTES_OFFSET = 21
LENGTH_END = 12
CODEC, APPEND_TIME, TRANSACTIONAL, CONTROL = 0x07, 0x08, 0x10, 0x20


@dataclass
class UnreadableRecord(ConsumerRecord[bytes | None, bytes | None]):
    """A place on the log that cannot be read: `count` offsets from `offset` on; `value` has the bytes that lie there, as they are."""

    fault: str
    count: int


def offset_after(record: Record) -> int:
    """Give the offset behind a record."""
    return record.offset + (record.count if isinstance(record, UnreadableRecord) else 1)


class Batch:
    """One batch as the library's reader of partitions takes it."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._reading: Iterator[Any] | None = None
        self.base_offset, self._magic = struct.unpack_from(">q8xb", raw.ljust(LENGTH_END + 5, b"\0"))
        self._known = self._magic == 2 and len(raw) >= HEADER.size  # noqa: PLR2004  the only format that brokers of today take
        fields = HEADER.unpack_from(raw) if self._known else (0,) * 13
        self._attributes, delta, self._first_timestamp, self._max_timestamp = fields[5:9]
        self.producer_id = fields[9] if self._known else None
        self._count = fields[12]
        self.next_offset = self.base_offset + max(0, delta) + 1

    @property
    def is_control_batch(self) -> bool:
        """Say whether this is a broker's own mark in the log, such as the end of a transaction."""
        return bool(self._attributes & CONTROL)

    @property
    def is_transactional(self) -> bool:
        """Say whether a transaction decides whether the records are given."""
        return bool(self._attributes & TRANSACTIONAL)

    def validate_crc(self) -> bool:
        """Say yes: a wrong checksum is found when the batch is read."""
        return True

    def __iter__(self) -> Iterator[Any]:
        try:
            plain = self._plain()
        except Exception as error:  # noqa: BLE001  codecs raise what they like
            yield Unreadable(self.base_offset, self.next_offset, self._max_timestamp, _name(error), self._raw)
            return
        following = self.base_offset
        try:
            for record in DefaultRecordBatch(plain):
                if not following <= record.offset < self.next_offset:
                    break
                yield record
                following = record.offset + 1
            else:
                return
        except Exception as error:  # noqa: BLE001  read below, record by record
            log.warning("batch_read_by_record", offset=self.base_offset, error=type(error).__name__)
        timestamp = (self._max_timestamp, 0) if self._attributes & APPEND_TIME else (self._first_timestamp, 1)
        places = range(self.base_offset, self.next_offset)
        for parsed in parse_records(plain[HEADER.size :], self._count, places, *timestamp):
            if parsed.offset >= following:
                yield parsed

    def __next__(self) -> Any:  # noqa: ANN401  the library's record
        self._reading = self._reading or iter(self)
        return next(self._reading)

    def _plain(self) -> bytes:
        """Give the batch with its records uncompressed."""
        if not self._known:
            message = f"format-{self._magic}"
            raise ValueError(message)
        if not DefaultRecordBatch(self._raw).validate_crc():
            message = "checksum"
            raise ValueError(message)
        codec = self._attributes & CODEC
        if not codec:
            return self._raw
        head = bytearray(self._raw[: HEADER.size])
        struct.pack_into(">h", head, ATTRIBUTES_OFFSET, self._attributes & ~CODEC)
        return bytes(head) + decompress(codec, self._raw[HEADER.size :])


class FetchedBatches:
    """The batches of one answer for one partition; the last one may be cut off."""

    replaces = "MemoryRecords"

    def __init__(self, data: bytes | None) -> None:
        self._data = bytes(data or b"")
        self._at = 0

    def size_in_bytes(self) -> int:
        """Give what the answer holds in all."""
        return len(self._data)

    def has_next(self) -> bool:
        """Say whether there is another whole batch."""
        return len(self._data) - self._at >= LENGTH_END and self._end() <= len(self._data)

    def next_batch(self) -> Batch:
        """Give it."""
        begin, self._at = self._at, self._end()
        return Batch(self._data[begin : self._at])

    def _end(self) -> int:
        (length,) = struct.unpack_from(">i", self._data, self._at + 8)
        # A length that cannot be one: what is left is one unreadable batch.
        return self._at + LENGTH_END + length if length > 0 else len(self._data)


class PartitionRecords(fetcher.PartitionRecords):
    """What the library's loop over a partition gives, with unreadable records at their places."""

    replaces = "PartitionRecords"

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Record:  # noqa: ANN401  the library's, or ours
        if not isinstance(record, Unreadable):
            as_the_library: Callable[[TopicPartition, Any], Record] = super()._consumer_record
            return as_the_library(tp, record)
        size, count = len(record.raw), record.following - record.first
        place = (tp.topic, tp.partition, record.first, record.timestamp, 0)
        return UnreadableRecord(*place, None, record.raw, None, -1, size, (), fault=record.fault, count=count)


def read_leniently() -> None:
    """Have every consumer of this process read so; aiokafka makes these classes by name and has no parameter for them."""
    for ours in (FetchedBatches, PartitionRecords):
        setattr(fetcher, ours.replaces, ours)


def _name(error: Exception) -> str:
    return str(error)[:100] if type(error) is ValueError else type(error).__name__
