"""Lists dead letters; an operator sends one again, or settles it. Their sealed contents stay sealed."""

import base64
from collections.abc import Collection, Sequence
from datetime import datetime, timezone
from http import HTTPStatus

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.domain import By
from services.tracker.models import DEAD_LETTER_WAITS, DeadLetter, TrackedRequest
from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.sign_older import as_intake_sent_it
from services.tracker.trouble.settle_note import NOTE_NEEDED, note_on_timeline, read_note
from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from shared.kafka.dead_letter import PART
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer, KafkaUnavailable, RecordRefused
from shared.process.logs import get_log
from shared.web.problems import NotFound, Problem, Unavailable

log = get_log(__name__)

SEND_SECONDS = 5.0
MAX_LIMIT = 200


class NoWayBack(Problem):
    """409: the dead letter names no topic of ours to go back to, or is not whole."""

    status = HTTPStatus.CONFLICT
    slug = "no-way-back"
    title = "The dead letter cannot be sent back"


class AlreadyRedriven(Problem):
    """409: the dead letter went back to its topic."""

    status = HTTPStatus.CONFLICT
    slug = "already-redriven"
    title = "The dead letter was sent back"


async def list_dead_letters(
    session: AsyncSession, *, waiting_only: bool = True, before: int | None = None, limit: int = 50
) -> Sequence[DeadLetter]:
    """Return dead letters, newest first; `before` is the id that the page before ended with."""
    found = select(DeadLetter).order_by(col(DeadLetter.id).desc()).limit(min(limit, MAX_LIMIT))
    if waiting_only:
        found = found.where(text(DEAD_LETTER_WAITS))
    if before is not None:
        found = found.where(col(DeadLetter.id) < before)
    return (await session.scalars(found)).all()


def can_go_back(letter: DeadLetter, topics: Collection[str]) -> bool:
    """Return whether a dead letter is a complete record of one of our `topics`."""
    return letter.origin_topic in topics and letter.emptied_at is None and part_of(letter) is None


def part_of(letter: DeadLetter) -> str | None:
    """Say what was left out of a record that was too large, or that it could not be read.

    None if the record is complete.
    """
    part = next((value for name, value in letter.headers if name == PART), None)
    return None if part is None else base64.b64decode(part).decode(errors="replace")


async def send_dead_letter_again(
    session: AsyncSession,
    dead_letter_id: int,
    by: str,
    producer: EventProducer,
    lags: LagReader,
    keyring: Keyring,
    topics: Collection[str],
) -> DeadLetter:
    """Send a dead letter to its origin topic, one of our `topics`, and mark it.

    A settled one is settled no longer.

    One that went already, or that would be refused as not from intake, is not sent.

    Raises `NotFound`, `NoWayBack`, or `Unavailable` while Kafka is away. Should the mark be lost after the
    ack, a second sending is the same event with the same id, which its readers drop.
    """
    letter = await _letter(session, dead_letter_id)
    if letter.redriven_at is not None:
        return letter
    if not can_go_back(letter, topics):
        removed = (
            "Its contents were removed when their retention time was over" if letter.emptied_at else None
        )
        raise NoWayBack(removed or part_of(letter) or f"{letter.origin_topic} is none of our topics")
    headers = [
        (name or "", None if value is None else base64.b64decode(value)) for name, value in letter.headers
    ]
    record: Message | None = Message(letter.key, letter.value, headers)
    try:
        if record and letter.origin_topic == SUBMITTED:
            record = await as_intake_sent_it(
                session, lags, keyring, (letter.origin_partition, letter.origin_offset), record
            )
        if record is None:
            raise NoWayBack(
                "Intake did not make this record, or its topic no longer keeps it to be compared with"
            )
        await producer.send(letter.origin_topic, record, within=SEND_SECONDS)
    except RecordRefused as refusal:
        raise NoWayBack(f"Kafka refuses the record: {refusal.reason}") from None
    except KafkaUnavailable:
        raise Unavailable("Kafka is away") from None
    letter.redriven_at, letter.redriven_by = datetime.now(timezone.utc), by
    for each in await _of_the_same_request(session, letter):
        each.note = each.dismissed_at = each.dismissed_by = None
    log.info("dead_letter_sent_again", dead_letter_id=dead_letter_id, topic=letter.origin_topic, by=by)
    return letter


async def settle_dead_letter(
    session: AsyncSession, dead_letter_id: int, by: By, note: str | None
) -> DeadLetter:
    """Settle the matter without the record; for an accepted request `note` says what the citizen was told.

    A second time changes nothing.

    Raises `NotFound`, `AlreadyRedriven`, `InvalidFields` without a note where one is needed.

    """
    letter = await _letter(session, dead_letter_id)
    if letter.redriven_at is not None and not letter.accepted:
        raise AlreadyRedriven
    said, registered = read_note(note), await _is_registered(session, letter)
    if said is None and letter.accepted and not registered:
        raise NOTE_NEEDED
    if letter.dismissed_at is None or (letter.note is None and said):
        for each in {
            letter.id: letter,
            **{each.id: each for each in await _of_the_same_request(session, letter)},
        }.values():
            each.dismissed_at, each.dismissed_by, each.note = datetime.now(timezone.utc), by.name, said
        if registered and letter.request_id:
            note_on_timeline(
                session, letter.request_id, "dead_letter.settled", by, **({"note": said} if said else {})
            )
        log.info(
            "dead_letter_settled",
            dead_letter_id=dead_letter_id,
            topic=letter.origin_topic,
            accepted=letter.accepted,
            by=by.name,
        )
    return letter


async def lay_aside_dead_letter(session: AsyncSession, dead_letter_id: int, by: By) -> DeadLetter:
    """Lay a dead letter aside without a word; one that is an accepted request stays overdue all the same.

    Raises `NotFound`, `AlreadyRedriven`.
    """
    letter = await _letter(session, dead_letter_id)
    if letter.redriven_at is not None:
        raise AlreadyRedriven
    if letter.dismissed_at is None:
        letter.dismissed_at, letter.dismissed_by = datetime.now(timezone.utc), by.name
        log.info(
            "dead_letter_laid_aside", dead_letter_id=dead_letter_id, topic=letter.origin_topic, by=by.name
        )
    return letter


async def _letter(session: AsyncSession, dead_letter_id: int) -> DeadLetter:
    letter = await session.get(DeadLetter, dead_letter_id, with_for_update=True)
    if letter is None:
        raise NotFound("There is no such dead letter")
    return letter


async def _is_registered(session: AsyncSession, letter: DeadLetter) -> bool:
    if letter.request_id is None:
        return False
    return (
        await session.scalar(
            select(TrackedRequest.request_id).where(col(TrackedRequest.request_id) == letter.request_id)
        )
        is not None
    )


async def _of_the_same_request(session: AsyncSession, letter: DeadLetter) -> Sequence[DeadLetter]:
    """Return the accepted dead letters of the same request, locked; each sending can have become one."""
    if not letter.accepted:
        return ()
    same = select(DeadLetter).where(col(DeadLetter.accepted), col(DeadLetter.request_id) == letter.request_id)
    return (await session.scalars(same.order_by(col(DeadLetter.id)).with_for_update())).all()
