"""Whatever lies in a log, reading it raises nothing, gives each place once, and goes on behind it."""

import gzip
import struct
from collections.abc import Callable

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from proof.chaos.clients.raw_batches import CRC_END, batch, record, with_checksum
from shared.kafka import decompress
from shared.kafka.batches import FetchedBatches, PartitionRecords, Record, UnreadableRecord, offset_after

PLACE = TopicPartition("t", 0)


def at(offset: int, content: bytes) -> bytes:
    """Put a batch at its offset, as the broker does."""
    return struct.pack(">q", offset) + content[8:]


def read(data: bytes, begin: int = 0) -> tuple[list[Record], int]:
    """Return what a consumer would be given, and its position after that."""
    facts = {
        "aborted_transactions": None,
        "fetch_offset": begin,
        "key_deserializer": None,
        "value_deserializer": None,
    }
    make: Callable[..., PartitionRecords] = PartitionRecords
    reading = make(PLACE, FetchedBatches(data), **facts, check_crcs=True, isolation_level=1)
    return list(reading), reading.next_fetch_offset


def three(payload: Callable[[bytes], bytes] = bytes, codec: int = 0) -> bytes:
    return batch(
        payload(b"".join(record(b"k", b"v%d" % delta, delta=delta) for delta in range(3))), 3, codec=codec
    )


BEFORE, AFTER = at(0, batch(record(b"k", b"before"))), at(4, batch(record(b"k", b"after")))
FAULTS = {
    "checksum": three()[:-1] + b"\x7f",
    "unknown-codec": three(codec=5),
    "codec-of-no-name": three(codec=7),
    "no-gzip": three(codec=1),
    "no-zstd": three(codec=4),
    "no-lz4": three(codec=3),
    "no-snappy": three(codec=2),
    "broken-xerial": three(
        lambda plain: b"\x82SNAPPY\x00" + b"\x00" * 8 + struct.pack(">i", -5) + plain, codec=2
    ),
    "gzip-cut-off": three(lambda plain: gzip.compress(plain)[:-9], codec=1),
    "format-of-tomorrow": batch(record(b"k", b"v"), 3, magic=3),
    "format-of-old": batch(record(b"k", b"v"), magic=1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_batch_that_cannot_be_read_is_one_place_and_its_neighbours_are_read(fault: str) -> None:
    found, position = read(BEFORE + at(1, FAULTS[fault]) + AFTER)
    assert [each.value for each in (found[0], found[-1])] == [b"before", b"after"]
    (unreadable,) = found[1:-1]
    assert isinstance(unreadable, UnreadableRecord)
    assert (unreadable.offset, unreadable.value) == (1, at(1, FAULTS[fault]))
    assert position == 5


def test_one_bad_record_costs_no_other_of_its_batch() -> None:
    plain = [record(b"k", b"v%d" % delta, delta=delta) for delta in range(3)]
    plain[1] = plain[1][:1] + b"\x00\x00\x02\x7f" + plain[1][5:]
    found, position = read(at(7, batch(b"".join(plain), 3)), 7)
    assert [(each.offset, each.value) for each in found if not isinstance(each, UnreadableRecord)] == [
        (7, b"v0"),
        (9, b"v2"),
    ]
    assert [(each.offset, each.count) for each in found if isinstance(each, UnreadableRecord)] == [(8, 1)]
    assert position == 10


def test_what_was_read_before_is_not_given_again() -> None:
    plain = b"".join(record(b"k", b"v", [(b"\xff", None)], delta=delta) for delta in range(3))
    found, _ = read(at(7, batch(plain, 3)), 8)
    assert [each.offset for each in found] == [8, 9]
    found, position = read(at(7, FAULTS["checksum"]), 8)
    assert (len(found), position) == (1, 10)


def test_a_batch_unpacks_to_a_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompress, "LIMIT", 1_000)
    large = record(b"k", b"x" * 2_000)
    found, position = read(at(0, batch(gzip.compress(large), codec=1)))
    assert [each.fault for each in found if isinstance(each, UnreadableRecord)] == ["TooMuch"]
    assert position == 1


def test_as_many_gzip_members_as_fit_cost_no_time() -> None:
    found, position = read(at(0, batch(gzip.compress(b"") * 40_000, codec=1)))
    assert [each.fault for each in found if isinstance(each, UnreadableRecord)] == ["TooMuch"]
    assert position == 1


@given(
    content=st.binary(max_size=300),
    count=st.integers(-5, 2**31 - 1),
    codec=st.integers(0, 15),
    delta=st.integers(-9, 50),
)
def test_no_bytes_raise_and_no_place_comes_twice(content: bytes, count: int, codec: int, delta: int) -> None:
    found, position = read(BEFORE + at(1, batch(content, count, codec=codec, last_delta=delta)))
    offsets = [each.offset for each in found]
    assert offsets == sorted(set(offsets))
    assert offsets[0] == 0
    assert position == 1 + max(0, delta) + 1
    assert all(offset_after(each) <= position for each in found)


@given(place=st.integers(CRC_END, 150), byte=st.integers(0, 255), checked=st.booleans())
def test_a_flipped_byte_ends_nothing(place: int, byte: int, checked: bool) -> None:
    content = bytearray(three())
    content[min(place, len(content) - 1)] = byte
    if checked:
        content = bytearray(with_checksum(bytes(content)))
    found, position = read(BEFORE + at(1, bytes(content)))
    assert found[0].value == b"before"
    assert position >= 2


@given(data=st.binary(max_size=300))
def test_bytes_that_are_no_batches_raise_nothing(data: bytes) -> None:
    batches = FetchedBatches(data)
    for _ in range(50):
        if not batches.has_next():
            break
        list(batches.next_batch())
    assert batches.size_in_bytes() == len(data)
