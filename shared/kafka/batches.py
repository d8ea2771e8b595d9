"""Reads record batches one by one, so that a record that cannot be decoded does not stop its consumer.

aiokafka raises from `getmany` at such a record and never moves beyond it, or skips it silently where its
offset is wrong. Here the library still decodes the batch. Where that fails, the batch is decoded record by
record: each record that cannot be decoded becomes an `UnreadableRecord` at its offset, and reading continues
after it.
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
"""One poll returns about this much of a partition; the rest follows at the next poll."""
FORMAT = 2
"""The only record format that current brokers accept."""


@dataclass
class UnreadableRecord(ConsumerRecord[bytes | None, bytes | None]):
    """A range of the log that cannot be decoded: `count` offsets from `offset` on.

    `value` holds the raw bytes.
    """

    fault: str
    count: int


def offset_after(record: Record) -> int:
    """Return the offset after a record."""
    return record.offset + (record.count if isinstance(record, UnreadableRecord) else 1)


class Batch:
    """One batch, with the interface that aiokafka's partition reader expects."""

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
        # In a bad header only the offset can be trusted, because the broker wrote it.
        self.producer_id = None if self._fault else library.producer_id
        self.is_transactional = bool(library.is_transactional and not self._fault)
        self.is_control_batch = bool(library.is_control_batch and not self._fault)

    def validate_crc(self) -> bool:
        """Return true: a wrong checksum was already found in the constructor."""
        return True

    def __iter__(self) -> Iterator[Any]:
        library = self._library
        try:
            if self._fault:
                raise ValueError(self._fault)  # noqa: TRY301  as any other fault of the batch
            if library.compression_type:
                library = DefaultRecordBatch(self._unpacked())
        except Exception as error:  # noqa: BLE001  codecs raise many types
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
        """Return the batch without compression."""
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
    """The batches of one fetch response for one partition; the last one may be truncated."""

    replaces = "MemoryRecords"

    def __init__(self, data: bytes | None) -> None:
        self._data = bytes(data or b"")
        self._at = 0

    def size_in_bytes(self) -> int:
        """Return the size of the whole response."""
        return len(self._data)

    def has_next(self) -> bool:
        """True if there is another complete batch."""
        return len(self._data) - self._at >= LENGTH_END and self._end() <= len(self._data)

    def next_batch(self) -> Batch:
        """Return the next batch."""
        begin, self._at = self._at, self._end()
        return Batch(self._data[begin : self._at])

    def _end(self) -> int:
        length = int.from_bytes(self._data[self._at + LENGTH_AT : self._at + LENGTH_END], signed=True)
        # An invalid length: the rest of the data is one unreadable batch.
        return self._at + LENGTH_END + length if length > 0 else len(self._data)


class PartitionRecords(fetcher.PartitionRecords):
    """aiokafka's iterator over a partition, which also yields unreadable records at their offsets."""

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
        except Exception:  # noqa: BLE001  an unreadable marker ends its transaction; the broker names the next
            return True


class FetchResult(fetcher.FetchResult):
    """The fetched records of a partition, returned in portions of bounded size.

    A fetch of one megabyte may decompress to gigabytes.
    """

    replaces = "FetchResult"

    def getall(self, max_records: int | None = None) -> list[Record]:
        """Return the next records."""
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
    """Replace aiokafka's classes in this process by those above.

    aiokafka creates them by name and has no parameter for them.
    """
    for ours in (FetchedBatches, PartitionRecords, FetchResult):
        setattr(fetcher, ours.replaces, ours)


def _name(error: Exception) -> str:
    return str(error)[:100] if type(error) is ValueError else type(error).__name__
