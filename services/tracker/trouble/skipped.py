"""Lists records that a consumer skipped; an operator has them sent again, or settles them."""

from collections.abc import Sequence
from datetime import datetime, timezone
from http import HTTPStatus

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.models import SkippedRecords
from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.sign_older import older_end, sign_unsigned
from services.tracker.trouble.settle_note import NOTE_NEEDED, read_note
from shared.events.topics import SUBMITTED
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.process.logs import get_log
from shared.web.problems import NotFound, Problem, Unavailable

log = get_log(__name__)

SEND_SECONDS = 10.0
MAX_SHOWN = 100
MAX_SENT = 10_000


class NoLongerThere(Problem):
    """410: the topic does not keep the records any more; `kept` of `skipped` are left."""

    status = HTTPStatus.GONE
    slug = "no-longer-there"
    title = "The topic no longer keeps all of these records"


async def list_skipped(session: AsyncSession) -> Sequence[SkippedRecords]:
    """Return what waits for an operator, oldest first."""
    waiting = select(SkippedRecords).where(
        col(SkippedRecords.settled_at).is_(None), col(SkippedRecords.looked_up)
    )
    return (await session.scalars(waiting.order_by(col(SkippedRecords.id)).limit(MAX_SHOWN))).all()


async def send_skipped_again(
    session: AsyncSession,
    skipped_id: int,
    by: str,
    lags: LagReader,
    producer: EventProducer,
    keyring: Keyring,
) -> SkippedRecords:
    """Send the records to the end of their topic, where they are read like any other.

    What was registered after all is a repeat there.

    Raises `NotFound`, `NoLongerThere` (nothing is sent), or `Unavailable` while Kafka is away. What is
    settled already stays so.
    """
    skipped = await _waiting(session, skipped_id)
    if skipped.settled_at is not None:
        return skipped
    older = await older_end(session, skipped.topic, skipped.partition)
    unsigned = skipped.first_offset < older
    following = min(
        skipped.next_offset, skipped.first_offset + MAX_SENT, older if unsigned else skipped.next_offset
    )
    try:
        records, complete = await lags.records_between(
            skipped.topic, skipped.partition, skipped.first_offset, following
        )
        if not complete:
            raise NoLongerThere(kept=len(records), skipped=skipped.next_offset - skipped.first_offset)
        signed = [sign_unsigned(keyring, record) for record in records] if unsigned else records
        await producer.send_all(skipped.topic, signed, within=SEND_SECONDS)
    except KafkaUnavailable:
        raise Unavailable("Kafka is away") from None
    log.info("skipped_sent_again", skipped_id=skipped_id, records=len(records), by=by)
    if following < skipped.next_offset:
        skipped.first_offset = following  # the rest is for the next time
        return skipped
    return _settle(skipped, by)


async def settle_skipped(session: AsyncSession, skipped_id: int, by: str, note: str | None) -> SkippedRecords:
    """Settle the matter without the records, because they are gone or are known from elsewhere.

    For submissions, `note` has to say what their citizens were told. Raises `NotFound`, `InvalidFields`.
    """
    skipped, said = await _waiting(session, skipped_id), read_note(note)
    if skipped.settled_at is None:
        if said is None and skipped.topic == SUBMITTED:
            raise NOTE_NEEDED
        log.info("skipped_settled", skipped_id=skipped_id, by=by)
        _settle(skipped, by).note = said
    return skipped


async def _waiting(session: AsyncSession, skipped_id: int) -> SkippedRecords:
    skipped = await session.get(SkippedRecords, skipped_id, with_for_update=True)
    if skipped is None:
        raise NotFound("There is no such gap")
    return skipped


def _settle(skipped: SkippedRecords, by: str) -> SkippedRecords:
    skipped.settled_at, skipped.settled_by = datetime.now(timezone.utc), by
    return skipped
