"""Writes record batches to a topic byte by byte: what no client library would send, and a broker may let through."""

import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint

HEADER = struct.Struct(">qiibIhiqqqhii")
CRC_OFFSET, CRC_END = 17, 21


def varint(number: int) -> bytes:
    """Encode a number as records have it (zigzag)."""
    found = bytearray()
    encode_varint(number, found.append)
    return bytes(found)


def sized(part: bytes | None) -> bytes:
    """Encode bytes behind their length."""
    return varint(-1) if part is None else varint(len(part)) + part


def record(
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[bytes, bytes | None]] = (),
    *,
    delta: int = 0,
    timestamp_delta: int = 0,
    body_end: bytes = b"",
) -> bytes:
    """Encode a record, with header names as bytes; `delta` is its place in the batch."""
    named = b"".join(sized(name) + sized(content) for name, content in headers)
    body = b"\x00" + varint(timestamp_delta) + varint(delta) + sized(key) + sized(value) + varint(len(headers)) + named
    return varint(len(body + body_end)) + body + body_end


def batch(
    payload: bytes,
    count: int = 1,
    *,
    codec: int = 0,
    magic: int = 2,
    timestamp: int | None = None,
    last_delta: int | None = None,
) -> bytes:
    """Put records that are encoded (and compressed, where `codec` says so) into a batch with a right checksum."""
    now = int(time.time() * 1000) if timestamp is None else timestamp
    delta = count - 1 if last_delta is None else last_delta
    size = HEADER.size - 12 + len(payload)
    header = HEADER.pack(0, size, -1, magic, 0, codec, delta, now, now, -1, -1, -1, count)
    whole = bytearray(header + payload)
    whole[CRC_OFFSET:CRC_END] = struct.pack(">I", calc_crc32c(bytes(whole[CRC_END:])))
    return bytes(whole)


async def produce(options: Mapping[str, Any], topic: str, content: bytes, partition: int = 0) -> tuple[int, int]:
    """Send a batch as it is (`options`: the client's); gives the broker's error code, 0 where it took it, and the offset of the first record."""
    client = AIOKafkaClient(**options)
    await client.bootstrap()
    try:
        await client._wait_on_metadata(topic)  # noqa: SLF001  below what a producer offers
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        request = ProduceRequest(transactional_id=None, required_acks=-1, timeout=10_000, topics=[(topic, [(partition, content)])])
        answer = await client.send(leader, request)
        ((_, ((_, code, offset, *_),)),) = answer.topics
        return int(code), int(offset)
    finally:
        await client.close()
