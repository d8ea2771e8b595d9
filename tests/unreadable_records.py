"""Records that a real broker takes, and that a client library or a parser fails at."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import cramjam
from aiokafka.codec import lz4_encode

from proof.chaos.clients.raw_batches import batch, record, varint
from tests.service.shared.running_consumer import take_command

BOMB = 80 * 1024 * 1024


def event(
    request_id: UUID, *headers: tuple[bytes, bytes | None], delta: int = 0, body_end: bytes = b""
) -> bytes:
    """Encode a right command with more headers."""
    message = take_command(request_id)
    named = [(name.encode(), value) for name, value in message.headers]
    return record(message.key, message.value, [*named, *headers], delta=delta, body_end=body_end)


def zstd(payload: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(payload))


def too_short(whole: bytes) -> bytes:
    """Let a record claim one byte less than it has."""
    size, shift = 0, 0
    for place, byte in enumerate(whole):
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return varint((size >> 1) - 1) + whole[place + 1 :]
    raise AssertionError


@dataclass(frozen=True)
class Kind:
    """A batch of one request, or of several.

    Those at the places `lost` are set aside, the others are carried out.
    """

    make: Callable[[Sequence[UUID]], bytes]
    size: int = 1
    lost: tuple[int, ...] = ()


KINDS: Mapping[str, Kind] = {
    "header-name-not-text": Kind(lambda ids: batch(event(ids[0], (b"\xff\xfe", b"x")))),
    "header-name-not-text-compressed": Kind(
        lambda ids: batch(zstd(event(ids[0], (b"\xff\xfe", None))), codec=4)
    ),
    "header-name-not-text-among-others": Kind(
        lambda ids: batch(event(ids[0]) + event(ids[1], (b"\xc3", b""), delta=1) + event(ids[2], delta=2), 3),
        3,
    ),
    "header-bytes-not-text": Kind(lambda ids: batch(event(ids[0], (b"ce_kasittelija", b"M\xe4kel\xe4")))),
    "bytes-behind-gzip": Kind(lambda ids: batch(gzip.compress(event(ids[0])) + b"xx", codec=1)),
    "two-gzip-members": Kind(
        lambda ids: batch(gzip.compress(event(ids[0])) + gzip.compress(event(ids[1], delta=1)), 2, codec=1), 2
    ),
    "snappy-without-frames": Kind(
        lambda ids: batch(bytes(cramjam.snappy.compress_raw(event(ids[0]))), codec=2)
    ),
    "lz4": Kind(lambda ids: batch(lz4_encode(event(ids[0])), codec=3)),
    "same-offset-twice": Kind(lambda ids: batch(event(ids[0]) + event(ids[1]), 2), 2),
    "offset-before-the-batch": Kind(lambda ids: batch(event(ids[0], delta=-5))),
    "offset-far-ahead": Kind(lambda ids: batch(event(ids[0], delta=1_000_000))),
    "time-before-all-times": Kind(lambda ids: batch(event(ids[0]), timestamp=-(2**62))),
    "unknown-attributes": Kind(lambda ids: batch(event(ids[0]), codec=0x4000)),
    "gigabytes-in-kilobytes": Kind(lambda _: batch(zstd(record(b"k", bytes(BOMB))), codec=4), lost=(0,)),
    "record-length-wrong": Kind(
        lambda ids: batch(gzip.compress(too_short(event(ids[0], (b"x", b"y")))), codec=1), lost=(0,)
    ),
    "neither-key-nor-value": Kind(lambda _: batch(record(None, None)), lost=(0,)),
    "nested-json": Kind(lambda _: batch(record(b"k", b"[" * 400_000)), lost=(0,)),
}
