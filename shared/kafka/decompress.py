"""Decompresses the records of a batch up to a size limit, because a few kilobytes may expand to gigabytes."""

import struct
import zlib
from collections.abc import Callable, Mapping

import cramjam

LIMIT = 64 * 1024 * 1024
BUFFER_GROWTH = 8
MAX_GZIP_MEMBERS = 100
GZIP = b"\x1f\x8b"
XERIAL = b"\x82SNAPPY\x00"
XERIAL_HEADER = 16

CODECS: Mapping[int, str] = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}


class TooMuch(ValueError):
    """The records expand to more than `LIMIT` bytes."""


def decompress(codec: int, packed: bytes) -> bytes:
    """Return the decompressed bytes.

    Raises the codec's errors, `KeyError` for an unknown codec, `TooMuch` beyond `LIMIT`.
    """
    return _DECOMPRESSORS[CODECS[codec]](packed)


def _gzip(packed: bytes) -> bytes:
    plain = b""
    if not packed.startswith(GZIP):
        message = "no gzip"
        raise ValueError(message)
    for _ in range(MAX_GZIP_MEMBERS):
        member = zlib.decompressobj(wbits=31)
        plain += member.decompress(packed, LIMIT - len(plain) + 1)
        if len(plain) > LIMIT:
            raise TooMuch
        if not member.eof:
            message = "truncated"
            raise ValueError(message)
        packed = member.unused_data
        if not packed.startswith(GZIP):
            return plain
    raise TooMuch


def _snappy(packed: bytes) -> bytes:
    blocks = [packed]
    if packed.startswith(XERIAL):
        blocks, at = [], XERIAL_HEADER
        while at < len(packed):
            (size,) = struct.unpack_from(">i", packed, at)
            blocks.append(packed[at + 4 : at + 4 + size])
            at += 4 + max(0, size)
    if sum(cramjam.snappy.decompress_raw_len(block) for block in blocks) > LIMIT:
        raise TooMuch
    return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)


def _into_growing(decompress_into: Callable[[bytes, memoryview], int]) -> Callable[[bytes], bytes]:
    def decompress_bounded(packed: bytes) -> bytes:
        size = min(LIMIT, max(1024 * 1024, BUFFER_GROWTH * len(packed)))
        while True:
            room = bytearray(size)
            try:
                return bytes(memoryview(room)[: decompress_into(packed, memoryview(room))])
            except cramjam.DecompressionError as error:
                if "write whole buffer" not in str(error):
                    raise
            if size == LIMIT:
                raise TooMuch
            size = min(LIMIT, BUFFER_GROWTH * size)

    return decompress_bounded


_DECOMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "snappy": _snappy,
    "lz4": _into_growing(cramjam.lz4.decompress_into),
    "zstd": _into_growing(cramjam.zstd.decompress_into),
}
