"""Records each consumer's offsets in the transaction that handled the records, to detect skipped ones.

Were an offset ever committed for a record that is not in the database, nobody would read that record again,
and nothing would miss it. So the database keeps the position itself. An offset that was passed over counts
only where the log gives a record in it: commit markers, rolled-back, compacted and expired records are none.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kafka.consume import KeepPosition
from shared.kafka.poll import OffsetRange
from shared.kafka.producer import KafkaUnavailable
from shared.process.logs import get_log

log = get_log(__name__)

HoldsRecords: TypeAlias = Callable[[str, int, int, int], Awaitable[bool]]
"""Returns whether the log gives a record of a topic's partition, from an offset to before another."""

KEPT = frozenset({"tracker.submitted", "tracker.commands", "tracker.mail-outcomes"})
"""The readers whose position is kept."""

# The rows are taken in one order by everybody, so that no two readers wait for each other while partitions
# move between them.
ADVANCE = text("""
    with given as (
        select * from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:firsts as bigint[]),
            cast(:nexts as bigint[]))
        as given (topic, partition, first, next) order by topic, partition
    ), advanced as (
        insert into read_positions as known (reader, topic, partition, next_offset)
        select :reader, topic, partition, next from given
        on conflict (reader, topic, partition) do update
            set next_offset = greatest(known.next_offset, excluded.next_offset)
    )
    select known.topic, known.partition, known.next_offset as first, given.first as next
    from given join read_positions known on known.reader = :reader and known.topic = given.topic
        and known.partition = given.partition
    where given.first > known.next_offset
""")
# A partition that nobody has read from begins at its group's offset when it is first looked at.
COMPARE = text("""
    with given as (
        select * from unnest(cast(:partitions as int[]), cast(:positions as bigint[])) as given (partition,
            position)
    ), known as (
        select partition, next_offset from read_positions where reader = :reader and topic = :topic
            order by partition for update
    ), begun as (
        insert into read_positions (reader, topic, partition, next_offset)
            select :reader, :topic, partition, position from given
        on conflict do nothing
    ), passed_over as (
        select partition, next_offset as first, position as next from given join known using (partition)
            where position > next_offset
    ), advanced as (
        update read_positions stood set next_offset = passed_over.next from passed_over
        where stood.reader = :reader and stood.topic = :topic and stood.partition = passed_over.partition
    )
    select :topic as topic, partition, first, next from passed_over
""")
SKIPPED = text("""
    insert into skipped_records (reader, topic, partition, first_offset, next_offset, noticed_at, looked_up)
    values (:reader, :topic, :partition, :first, :next, now(), :looked_up)
""")
UNSURE = text("""
    select id, reader, topic, partition, first_offset as first, next_offset as next from skipped_records
    where settled_at is null and not looked_up order by id limit 20 for update skip locked
""")
SURE = text("update skipped_records set looked_up = true where id = :id")
NOTHING_THERE = text("delete from skipped_records where id = :id")


def position_keeper(reader: str, holds_records: HoldsRecords) -> KeepPosition:
    """Return what a `BatchConsumer` calls.

    It enters the position, and any records that lie between the last one and the first of these.
    """

    async def keep_position(session: AsyncSession, offset_ranges: Sequence[OffsetRange]) -> None:
        if not offset_ranges:
            return
        columns = {
            "topics": [each.topic for each in offset_ranges],
            "partitions": [each.partition for each in offset_ranges],
            "firsts": [each.first for each in offset_ranges],
            "nexts": [each.next for each in offset_ranges],
        }
        passed_over = (await session.execute(ADVANCE, {"reader": reader, **columns})).all()
        await _enter_skipped(session, reader, passed_over, holds_records)

    return keep_position


async def compare_positions(
    session: AsyncSession, reader: str, topic: str, committed: Mapping[int, int], holds_records: HoldsRecords
) -> None:
    """Enter what the committed offsets have passed over although it was never handled.

    `committed` maps a partition to its offset, and was read before this.
    """
    if committed:
        values = {
            "reader": reader,
            "topic": topic,
            "partitions": list(committed),
            "positions": list(committed.values()),
        }
        passed_over = (await session.execute(COMPARE, values)).all()
        await _enter_skipped(session, reader, passed_over, holds_records)


async def _enter_skipped(
    session: AsyncSession, reader: str, passed_over: Sequence[Row[Any]], holds_records: HoldsRecords
) -> None:
    for gap in passed_over:
        place = {"topic": gap.topic, "partition": gap.partition, "first": gap.first, "next": gap.next}
        try:
            if not await holds_records(*place.values()):
                continue
        except KafkaUnavailable:
            await session.execute(SKIPPED, {"reader": reader, "looked_up": False, **place})
            log.warning("skipped_records_not_looked_up", reader=reader, **place)
        else:
            await session.execute(SKIPPED, {"reader": reader, "looked_up": True, **place})
            log.error("records_skipped", reader=reader, **place)


async def look_up_skipped(session: AsyncSession, holds_records: HoldsRecords) -> None:
    """Ask the log about what was passed over while it could not be asked.

    Raises `KafkaUnavailable` where it still cannot.
    """
    for gap in (await session.execute(UNSURE)).all():
        place = {"topic": gap.topic, "partition": gap.partition, "first": gap.first, "next": gap.next}
        if await holds_records(*place.values()):
            await session.execute(SURE, {"id": gap.id})
            log.error("records_skipped", reader=gap.reader, **place)
        else:
            await session.execute(NOTHING_THERE, {"id": gap.id})
