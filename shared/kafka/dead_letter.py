"""Sends records that can never succeed to dead-letter topics, with the reason and origin in headers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from shared.events.envelope import Headers, Message
from shared.events.rejected import Rejected
from shared.events.topics import dead_letter_topic
from shared.kafka.batches import Record, UnreadableRecord
from shared.kafka.producer import EventProducer, KafkaUnavailable, RecordRefused
from shared.process.logs import get_log

log = get_log(__name__)

PREFIX = "dead_letter_"
PART = PREFIX + "part"
"""Header of a dead letter that is not the original record.

What was left out, or that it could not be decoded.
"""
VALUE_BYTES, KEY_BYTES, HEADERS_BYTES = 512 * 1024, 1024, 64 * 1024
"""How much of a record is kept that is too large for its dead-letter topic."""
DETAIL_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class _Letter:
    """A record to be sent as a dead letter, and the headers that name the reason and the origin."""

    message: Message
    added: Headers

    @property
    def complete(self) -> Message:
        return replace(self.message, headers=[*self.message.headers, *self.added])


async def send_dead_letters(
    producer: EventProducer, rejected: Sequence[tuple[Record, Rejected]], group: str
) -> None:
    """Send records to their dead-letter topics and wait for the acks; one that is too large is truncated.

    Raises `KafkaUnavailable`; then no offset may be committed.
    """
    letters: dict[str, list[_Letter]] = {}
    for record, rejection in rejected:
        letters.setdefault(dead_letter_topic(record.topic), []).append(_letter(record, rejection, group))
    for topic, of_topic in letters.items():
        try:
            # In one call: a flood of bad records must not delay its partition more than reading them does.
            await producer.send_all(topic, [letter.complete for letter in of_topic])
        except RecordRefused:
            for letter in of_topic:
                await _send_alone(producer, topic, letter)


def _letter(record: Record, rejection: Rejected, group: str) -> _Letter:
    context = {
        "reason": rejection.reason,
        "detail": rejection.detail[:DETAIL_BYTES],
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "group": group,
        "time": datetime.now(timezone.utc).isoformat(),
    }
    # The detail may quote the record, so it is sent with the record only and not logged.
    log.error("dead_letter", **{name: text for name, text in context.items() if name != "detail"})
    added: Headers = [
        (PREFIX + name, text.encode(errors="backslashreplace")) for name, text in context.items()
    ]
    if isinstance(record, UnreadableRecord):
        added.append((PART, f"unreadable: {record.count} records".encode()))
    kept: Headers = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    # A record must have a key or a value; an empty value is the closest to none.
    value = b"" if record.key is None and record.value is None else record.value
    return _Letter(Message(record.key, value, kept), added)


async def _send_alone(producer: EventProducer, topic: str, letter: _Letter) -> None:
    try:
        await producer.send(topic, letter.complete)
    except RecordRefused as refusal:
        log.warning("dead_letter_cut", refused=refusal.reason)
        await _send_part(producer, topic, letter.message, letter.added)


async def _send_part(producer: EventProducer, topic: str, whole: Message, added: Headers) -> None:
    headers, size = Headers(), 0
    for name, value in whole.headers:
        size += len(name.encode(errors="backslashreplace")) + len(value or b"")
        if size <= HEADERS_BYTES and name.isprintable():
            headers.append((name, value))
    dropped = len(whole.headers) - len(headers)
    parts = [
        f"{dropped} headers of {size} bytes" if dropped else "",
        *_cut("value", whole.value, VALUE_BYTES),
        *_cut("key", whole.key, KEY_BYTES),
    ]
    left_out = "; ".join(filter(None, parts))
    key = None if whole.key is None else whole.key[:KEY_BYTES]
    value = None if whole.value is None else whole.value[:VALUE_BYTES]
    try:
        await producer.send(
            topic, Message(key, value, [*headers, *added, (PART, f"left out: {left_out}".encode())])
        )
    except RecordRefused as refusal:
        # The topic's limit is smaller still: an operator must raise it. Until then no record may be skipped.
        raise KafkaUnavailable(f"{topic} refuses: {refusal.reason}") from refusal


def _cut(name: str, content: bytes | None, most: int) -> list[str]:
    if content is None or len(content) <= most:
        return []
    return [f"{name} from byte {most} of {len(content)}, sha256 {hashlib.sha256(content).hexdigest()}"]


def is_part(headers: Sequence[tuple[str, object]]) -> bool:
    """True if a dead letter holds less than its original record."""
    return any(name == PART for name, _ in headers)
