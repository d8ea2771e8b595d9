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
from shared.kafka.parse_record import Parsed, Unreadable, parse_records
from shared.process.logs import get_log

log = get_log(__name__)

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"

HEADER_BYTES = 61
LENGTH_AT, LENGTH_END, ATTRIBUTES_OFFSET, COUNT_OFFSET = 8, 12, 21, 57
CODEC = 0x07
PORTION_BYTES = 16 * 1024 * 1024
"""A poll gives about so much of a partition, and the rest at the next."""
FORMAT = 2
"""The only one that brokers of today take."""


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

    __slots__ = (
        "_fault",
        "_library",
        "_raw",
        "_reading",
        "base_offset",
        "is_control_batch",
        "is_transactional",
        "next_offset",
        "producer_id",
    )

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._reading: Iterator[Any] | None = None
        library = self._library = DefaultRecordBatch(raw.ljust(HEADER_BYTES, b"\0"))
        self.base_offset: int = library.base_offset
        self.next_offset = max(library.next_offset, self.base_offset + 1)
        self._fault: str | None = None
        if library.magic != FORMAT or len(raw) < HEADER_BYTES:
            self._fault, self.next_offset = f"format-{library.magic}", self.base_offset + 1
        elif not library.validate_crc():
            self._fault = "checksum"
        # Of a header that is not right only the place is believed, which the broker has written.
        self.producer_id = None if self._fault else library.producer_id
        self.is_transactional = bool(library.is_transactional and not self._fault)
        self.is_control_batch = bool(library.is_control_batch and not self._fault)

    def validate_crc(self) -> bool:
        """Say yes: a wrong checksum is this batch's own fault, found above."""
        return True

    def __iter__(self) -> Iterator[Any]:
        library = self._library
        try:
            if self._fault:
                raise ValueError(self._fault)  # noqa: TRY301  as any other fault of the whole
            if library.compression_type:
                library = DefaultRecordBatch(self._unpacked())
        except Exception as error:  # noqa: BLE001  codecs raise what they like
            timestamp = 0 if self._fault else library.max_timestamp
            yield Unreadable(self.base_offset, self.next_offset, timestamp, _name(error), self._raw)
            return
        following = self.base_offset
        try:
            for record in library:
                if not following <= record.offset < self.next_offset:
                    break
                yield record
                following = record.offset + 1
            else:
                return
        except Exception as error:  # noqa: BLE001  read below, record by record
            log.warning("batch_read_by_record", offset=self.base_offset, error=type(error).__name__)
        for parsed in self._one_by_one():
            if parsed.offset >= following:
                yield parsed

    def __next__(self) -> Any:  # noqa: ANN401  the library's record
        self._reading = self._reading or iter(self)
        return next(self._reading)

    def _unpacked(self) -> bytes:
        """Give the batch as if it had never been compressed."""
        attributes = self._library.attributes
        head = bytearray(self._raw[:HEADER_BYTES])
        struct.pack_into(">h", head, ATTRIBUTES_OFFSET, attributes & ~CODEC)
        return bytes(head) + decompress(attributes & CODEC, self._raw[HEADER_BYTES:])

    def _one_by_one(self) -> Iterator[Parsed | Unreadable]:
        library = self._library
        plain = self._unpacked() if library.compression_type else self._raw
        times = (library.first_timestamp, 1) if library.timestamp_type == 0 else (library.max_timestamp, 0)
        (count,) = struct.unpack_from(">i", self._raw, COUNT_OFFSET)
        return parse_records(plain[HEADER_BYTES:], count, range(self.base_offset, self.next_offset), *times)


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
        length = int.from_bytes(self._data[self._at + LENGTH_AT : self._at + LENGTH_END], signed=True)
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

    def _contains_abort_marker(self, batch: Batch) -> bool:
        ends_aborted: Callable[[Batch], bool] = super()._contains_abort_marker
        try:
            return ends_aborted(batch)
        except Exception:  # noqa: BLE001  a marker that cannot be read ends its transaction: the next one is told by the broker
            return True


class FetchResult(fetcher.FetchResult):
    """What was fetched of a partition, given in portions of bounded size: a fetch of one megabyte may unpack to gigabytes."""

    replaces = "FetchResult"

    def getall(self, max_records: int | None = None) -> list[Record]:
        """Give the next records."""
        next_record: Callable[[], Record | None] = self.getone
        records: list[Record] = []
        size = 0
        while size < PORTION_BYTES and (max_records is None or len(records) < max_records):
            if (record := next_record()) is None:
                break
            records.append(record)
            size += (
                len(record.key or b"")
                + len(record.value or b"")
                + sum(len(name) + len(value or b"") for name, value in record.headers)
            )
        return records


def read_leniently() -> None:
    """Have every consumer of this process read so; aiokafka makes these classes by name and has no parameter for them."""
    for ours in (FetchedBatches, PartitionRecords, FetchResult):
        setattr(fetcher, ours.replaces, ours)


def _name(error: Exception) -> str:
    return str(error)[:100] if type(error) is ValueError else type(error).__name__
