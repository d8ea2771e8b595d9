"""An operator sends a dead letter back to where it came from, once."""

import base64
from collections.abc import Collection
from datetime import datetime, timezone
from http import HTTPStatus

from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.keyring import Keyring
from services.tracker.models import DeadLetter
from services.tracker.sign_older import as_intake_sent_it
from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from shared.kafka.dead_letter import is_part
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer, KafkaUnavailable, RecordRefused
from shared.logs import get_log
from shared.problems import NotFound, Problem, Unavailable

log = get_log(__name__)

SEND_SECONDS = 5.0


class NoWayBack(Problem):
    """409: the dead letter names no topic of ours to go back to, or Kafka or tracker would not take it."""

    status = HTTPStatus.CONFLICT
    slug = "no-way-back"
    title = "The dead letter cannot be sent back"


async def redrive_dead_letter(
    session: AsyncSession, dead_letter_id: int, by: str, producer: EventProducer, lags: LagReader, keyring: Keyring, topics: Collection[str]
) -> DeadLetter:
    """Send a dead letter to its origin topic, one of our `topics`, and mark it.

    One that went already, or that would be refused as not from intake, is not sent.

    Raises `NotFound`, `NoWayBack`, or `Unavailable` while Kafka is away. Should the mark be lost after the ack, a second sending is the same event
    with the same id, which its readers drop.
    """
    letter = await session.get(DeadLetter, dead_letter_id, with_for_update=True)
    if letter is None:
        raise NotFound("There is no such dead letter")
    if letter.redriven_at is not None:
        return letter
    if letter.origin_topic not in topics:
        raise NoWayBack(f"{letter.origin_topic} is none of our topics")
    if is_part([(name or "", value) for name, value in letter.headers]):
        raise NoWayBack("Only a part of the record was kept")
    headers = [(name or "", None if value is None else base64.b64decode(value)) for name, value in letter.headers]
    record: Message | None = Message(letter.key, letter.value, headers)
    try:
        if record and letter.origin_topic == SUBMITTED:
            record = await as_intake_sent_it(session, lags, keyring, (letter.origin_partition, letter.origin_offset), record)
        if record is None:
            raise NoWayBack("Intake did not make this record, or its topic no longer keeps it to be compared with")
        await producer.send(letter.origin_topic, record, within=SEND_SECONDS)
    except KafkaUnavailable:
        raise Unavailable("Kafka is away") from None
    except RecordRefused as refusal:
        raise NoWayBack(f"Kafka refuses the record: {refusal.reason}") from None
    letter.redriven_at, letter.redriven_by = datetime.now(timezone.utc), by
    log.info("dead_letter_redriven", dead_letter_id=dead_letter_id, topic=letter.origin_topic, by=by)
    return letter
