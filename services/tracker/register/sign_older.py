"""Adds intake's MAC to a submission from before MACs when an operator sends it again.

Without it the record would be refused at its new offset.

Only what lies on the topic itself counts, below the offset that was recorded at the upgrade: where a dead
letter says that it came from is its sender's word.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.from_intake import read_unsigned_before
from shared.crypto.record_mac import has_mac
from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from shared.kafka.lag import LagReader


async def as_intake_sent_it(
    session: AsyncSession, lags: LagReader, keyring: Keyring, place: tuple[int, int], record: Message
) -> Message | None:
    """Return the submission at `place` (partition, offset) with intake's MAC; `None` if unverifiable.

    Raises `KafkaUnavailable`.
    """
    if has_mac(record.headers):
        return record if keyring.record_verifier.verify(record.key, record.value, record.headers) else None
    partition, offset = place
    if offset >= (await read_unsigned_before(session)).get(partition, 0):
        return None
    lay_there, _ = await lags.records_between(SUBMITTED, partition, offset, offset + 1)
    unsigned = [each for each in lay_there if not has_mac(each.headers)]
    same = [each for each in unsigned if (each.key, each.value) == (record.key, record.value)]
    return keyring.record_signer.sign(same[0]) if same else None


async def older_end(session: AsyncSession, topic: str, partition: int) -> int:
    """Return the offset before which records of a partition need no MAC."""
    return (await read_unsigned_before(session)).get(partition, 0) if topic == SUBMITTED else 0


def sign_unsigned(keyring: Keyring, record: Message) -> Message:
    """Return a record that lies below that offset with a MAC."""
    return record if has_mac(record.headers) else keyring.record_signer.sign(record)
