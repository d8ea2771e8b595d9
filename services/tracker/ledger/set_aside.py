"""Lists accepted requests without a number whose record became a dead letter or was skipped.

They are listed until they are registered, or settled with a note.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.ledger.overdue import MAX_SHOWN, Late

REGISTERED = text("""
    update dead_letters letter set registered_at = now() from requests
    where letter.accepted and letter.registered_at is null and requests.request_id = letter.request_id
""")
COUNTS = text("""
    with open as (
        select request_id, bool_or(note is not null) as settled, bool_or(redriven_at is null) as here
        from dead_letters where accepted and registered_at is null group by request_id
    ), gaps as (
        select coalesce(sum(next_offset - first_offset) filter (where settled_at is null),
            0)::bigint as waiting,
            coalesce(sum(next_offset - first_offset) filter (where note is not null), 0)::bigint as settled
        from skipped_records where topic = :submitted
    )
    select count(*) filter (where not settled) as overdue,
        (select waiting from gaps) + count(*) filter (where not settled and here) as set_aside,
        (select settled from gaps) + count(*) filter (where settled) as settled
    from open
""")
OLDEST = text("""
    select request_id, min(buried_at) as since, (array_agg(reason order by id desc))[1] as note
    from dead_letters where accepted and registered_at is null
    group by request_id having bool_and(note is null) order by since limit :shown
""")

SENT_AGAIN = text("""
    select request_id from dead_letters where accepted and registered_at is null
    group by request_id having bool_and(redriven_at is not null) limit :most
""")


@dataclass(frozen=True, slots=True)
class SetAside:
    """`overdue` requests have neither number nor note, the `oldest` of them first.

    `set_aside` and `settled` belong to what was accepted.

    A request that was sent again is overdue until it is registered, and counts as one on the log meanwhile.
    Of records that were passed over only the number is known.
    """

    overdue: int
    set_aside: int
    settled: int
    oldest: Sequence[Late]
    sent_again: frozenset[UUID]


async def read_set_aside(session: AsyncSession, submitted: str) -> SetAside:
    """Count them; those that got their number after all are noted first."""
    await session.execute(REGISTERED)
    counts = (await session.execute(COUNTS, {"submitted": submitted})).one()
    rows = (await session.execute(OLDEST, {"shown": MAX_SHOWN})).all() if counts.overdue else []
    sent_again = (
        frozenset((await session.scalars(SENT_AGAIN, {"most": MAX_SHOWN})).all())
        if counts.overdue
        else frozenset()
    )
    oldest = [Late(UUID(str(row.request_id)), row.since, None, row.note) for row in rows]
    return SetAside(counts.overdue, counts.set_aside, counts.settled, oldest, sent_again)
