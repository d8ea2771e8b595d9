"""Distinguishes a record that Kafka will never accept from a Kafka that is unavailable."""

from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    CorruptRecordException,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
    UnsupportedCodecError,
    UnsupportedForMessageFormatError,
    kafka_errors,
)

from shared.events.envelope import Message


class InvalidRecord(BrokerResponseError):
    """Broker error 87, which aiokafka does not know: the record breaks a rule of its topic."""

    errno = 87
    message = "INVALID_RECORD"


class UnsupportedCompression(BrokerResponseError):
    """Broker error 76, which aiokafka does not know."""

    errno = 76
    message = "UNSUPPORTED_COMPRESSION_TYPE"


kafka_errors |= {each.errno: each for each in (InvalidRecord, UnsupportedCompression)}

REASONS: Mapping[type[Exception], str] = {
    MessageSizeTooLargeError: "too-large",
    RecordTooLargeError: "too-large",
    RecordListTooLargeError: "too-large",
    InvalidRecord: "invalid-record",
    CorruptRecordException: "invalid-record",
    InvalidTimestampError: "invalid-timestamp",
    UnsupportedForMessageFormatError: "unsupported-format",
    UnsupportedCompression: "unsupported-compression",
    UnsupportedCodecError: "unsupported-compression",
}
"""Errors caused by the record itself.

A missing right is not one: once an operator grants it, the record is sent.
"""


LARGEST_RECORD = 4_000_000
"""Larger than any topic accepts; the topic's own limit (`max.message.bytes`) decides."""


def refusal_of(error: BaseException) -> str | None:
    """Return the reason if an error refuses a record, else `None`."""
    return next((reason for kind, reason in REASONS.items() if isinstance(error, kind)), None)


def unsendable(message: Message) -> str | None:
    """Return the reason if the client itself cannot send a record, else `None`."""
    if message.key is None and message.value is None:
        return "empty"
    try:
        names = [name.encode() for name, _ in message.headers]
    except (UnicodeEncodeError, AttributeError):
        return "invalid-record"
    parts: Sequence[object] = [message.key, message.value, *names, *(value for _, value in message.headers)]
    sizes = [len(part) for part in parts if isinstance(part, bytes)]
    if len(sizes) < len(parts) - parts.count(None):
        return "invalid-record"
    return "too-large" if sum(sizes) > LARGEST_RECORD else None


async def send_alone(producer: AIOKafkaProducer, topic: str, message: Message) -> None:
    """Send a record in a batch of its own, and wait for the ack."""
    batch = producer.create_batch()
    batch.append(key=message.key, value=message.value, timestamp=None, headers=message.headers)
    batch.close()
    await producer.partitions_for(topic)
    partition = producer._partition(  # noqa: SLF001  the same as for a record that is sent with others
        topic, None, None, None, message.key, message.value
    )
    await (await producer.send_batch(batch, topic, partition=partition))
