"""Tells a record that Kafka will never take from a Kafka that is away."""

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
"""Errors that a record causes by itself. A missing right is none of them: an operator gives it, and the same record goes."""


LARGEST_RECORD = 4_000_000
"""Beyond what any topic takes: how large a record may be is for the topic to say (`max.message.bytes`)."""


def refusal_of(error: BaseException) -> str | None:
    """Give the reason where an error refuses a record."""
    return next((reason for kind, reason in REASONS.items() if isinstance(error, kind)), None)


def unsendable(message: Message) -> str | None:
    """Give the reason why the client itself cannot send a record."""
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
    """Send a record in a batch that holds no other, and wait for the ack."""
    batch = producer.create_batch()
    batch.append(key=message.key, value=message.value, timestamp=None, headers=message.headers)
    batch.close()
    await producer.partitions_for(topic)
    partition = producer._partition(  # noqa: SLF001  the same as for a record that is sent with others
        topic, None, None, None, message.key, message.value
    )
    await (await producer.send_batch(batch, topic, partition=partition))
