"""Puts a record that can never succeed aside, as it came, with the reason and where it was."""

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from shared.events.envelope import Headers, Message
from shared.events.topics import dead_letter_topic
from shared.kafka.producer import EventProducer
from shared.logs import get_log
from shared.rejected import Rejected

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

log = get_log(__name__)

PREFIX = "dead_letter_"


async def bury(producer: EventProducer, record: "ConsumerRecord[bytes | None, bytes | None]", rejection: Rejected, group: str) -> None:
    """Send a record to its dead-letter topic and wait for the ack; raises `KafkaUnavailable`, and then nothing may be committed."""
    context = {
        "reason": rejection.reason,
        "detail": rejection.detail,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "group": group,
        "time": datetime.now(timezone.utc).isoformat(),
    }
    kept = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    headers: Headers = [*kept, *((PREFIX + name, text.encode()) for name, text in context.items())]
    # aiokafka refuses to send a record that has neither; an empty value is the nearest to nothing.
    value = b"" if record.key is None and record.value is None else record.value
    await producer.send(dead_letter_topic(record.topic), Message(record.key, value, headers))
    log.error("dead_letter", **context)
