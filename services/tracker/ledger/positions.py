"""How far the reader of submissions has come, in the transaction of what it read: Kafka's committed offsets alone could lie.

Were an offset ever committed for a record that is not in the database, nobody would read that record again, and nothing would miss it. So the
database keeps the position itself, and a record beyond it is told.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kafka.consume import KeepPosition
from shared.kafka.poll import Stretch
from shared.logs import get_log

log = get_log(__name__)

# The rows are taken in one order by everybody, so that no two readers wait for each other while partitions move between them.
ADVANCE = text("""
    with given as (
        select * from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:firsts as bigint[]), cast(:nexts as bigint[]))
        as given (topic, partition, first, next) order by topic, partition
    ), skipped as (
        insert into skipped_records (reader, topic, partition, first_offset, next_offset, noticed_at)
        select known.reader, known.topic, known.partition, known.next_offset, given.first, now()
        from given join read_positions known on known.reader = :reader and known.topic = given.topic and known.partition = given.partition
        where given.first > known.next_offset
        returning next_offset - first_offset as records
    ), advanced as (
        insert into read_positions as known (reader, topic, partition, next_offset)
        select :reader, topic, partition, next from given
        on conflict (reader, topic, partition) do update set next_offset = greatest(known.next_offset, excluded.next_offset)
    )
    select coalesce(sum(records), 0)::bigint from skipped
""")


def position_keeper(reader: str) -> KeepPosition:
    """Give what a `BatchConsumer` calls: it enters the position, and any records that lie between the last one and the first of these."""

    async def keep_position(session: AsyncSession, stretches: Sequence[Stretch]) -> None:
        if not stretches:
            return
        columns = {
            "topics": [each.topic for each in stretches],
            "partitions": [each.partition for each in stretches],
            "firsts": [each.first for each in stretches],
            "nexts": [each.next for each in stretches],
        }
        if skipped := await session.scalar(ADVANCE, {"reader": reader, **columns}):
            log.error("records_skipped", reader=reader, records=skipped)

    return keep_position


# A partition that nobody has read from begins where its group stands when it is first looked at.
COMPARE = text("""
    with given as (
        select * from unnest(cast(:partitions as int[]), cast(:positions as bigint[])) as given (partition, position)
    ), known as (
        select partition, next_offset from read_positions where reader = :reader and topic = :topic order by partition for update
    ), begun as (
        insert into read_positions (reader, topic, partition, next_offset) select :reader, :topic, partition, position from given
        on conflict do nothing
    ), skipped as (
        insert into skipped_records (reader, topic, partition, first_offset, next_offset, noticed_at)
        select :reader, :topic, partition, next_offset, position, now() from given join known using (partition) where position > next_offset
        returning partition, first_offset, next_offset
    ), advanced as (
        update read_positions stood set next_offset = skipped.next_offset from skipped
        where stood.reader = :reader and stood.topic = :topic and stood.partition = skipped.partition
    )
    select coalesce(sum(next_offset - first_offset), 0)::bigint from skipped
""")


async def compare_positions(session: AsyncSession, reader: str, topic: str, stands: Mapping[int, int]) -> None:
    """Enter what Kafka's committed offsets (`stands`: partition to offset, read before this) have passed over, though no record has come since."""
    if not stands:
        return
    values = {"reader": reader, "topic": topic, "partitions": list(stands), "positions": list(stands.values())}
    if skipped := await session.scalar(COMPARE, values):
        log.error("records_skipped", reader=reader, records=skipped)
