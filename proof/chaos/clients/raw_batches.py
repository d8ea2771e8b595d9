"""Writes Kafka record batches byte by byte, to send what no client library would."""

import struct
import time
from collections.abc import Sequence
from typing import Self

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint

from shared.kafka.connection import KafkaConnection

HEADER = struct.Struct(">qiibIhiqqqhii")
CRC_OFFSET, CRC_END = 17, 21


def varint(number: int) -> bytes:
    """Encode a number as in records (zigzag)."""
    found = bytearray()
    encode_varint(number, found.append)
    return bytes(found)


def sized(part: bytes | None) -> bytes:
    """Encode bytes after their length."""
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
    """Encode a record, with header names as bytes; `delta` is its offset in the batch."""
    named = b"".join(sized(name) + sized(content) for name, content in headers)
    body = (
        b"\x00"
        + varint(timestamp_delta)
        + varint(delta)
        + sized(key)
        + sized(value)
        + varint(len(headers))
        + named
    )
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
    """Encode a batch of encoded (and compressed, if `codec` says so) records with a correct checksum."""
    now = int(time.time() * 1000) if timestamp is None else timestamp
    delta = count - 1 if last_delta is None else last_delta
    size = HEADER.size - 12 + len(payload)
    header = HEADER.pack(0, size, -1, magic, 0, codec, delta, now, now, -1, -1, -1, count)
    return with_checksum(header + payload)


def with_checksum(content: bytes) -> bytes:
    """Return a batch with its correct checksum."""
    return content[:CRC_OFFSET] + struct.pack(">I", calc_crc32c(content[CRC_END:])) + content[CRC_END:]


class RawProducer:
    """`async with RawProducer(kafka) as raw: await raw.send(topic, partition, batch(…))`.

    `offset` is where the last batch begins.
    """

    offset = -1

    def __init__(self, kafka: KafkaConnection) -> None:
        self._client = AIOKafkaClient(**kafka.client_options())

    async def __aenter__(self) -> Self:
        await self._client.bootstrap()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def send(self, topic: str, partition: int, content: bytes) -> int:
        """Send a batch unchanged; returns the broker's error code, 0 for success."""
        await self._client._wait_on_metadata(topic)  # noqa: SLF001  below what a producer offers
        leader = self._client.cluster.leader_for_partition(TopicPartition(topic, partition))
        topics = [(topic, [(partition, content)])]
        request = ProduceRequest(transactional_id=None, required_acks=-1, timeout=10_000, topics=topics)
        ((_, ((_, code, self.offset, *_),)),) = (await self._client.send(leader, request)).topics
        return int(code)
