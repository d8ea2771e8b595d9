"""What the ledger reads from tracker's tables: each through an index, and only so far."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.domain import Reason
from services.tracker.ledger.overdue import (
    MAIL_WITHIN,
    MAX_COUNTED,
    MAX_SHOWN,
    PUBLISHED_WITHIN,
    REMOVED_WITHIN,
    Late,
    Overdue,
    working_days_before,
)
from services.tracker.models import DEAD_LETTER_WAITS, REMOVABLE, REMOVAL_DUE

COUNTS = text("""
    select
        coalesce(sum(n) filter (where name = 'numbered'), 0)::bigint as numbered,
        coalesce(sum(n) filter (where name = 'receipted'), 0)::bigint as receipted,
        coalesce(sum(n) filter (where name = 'resolved'), 0)::bigint as resolved,
        (select count(*) from (select from owed_mails where failed_at is not null and template = 'receipt'
            limit :most) failed) as receipts_failed
    from ledger_counts
""")
OVERDUE_MAILS = text("""
    select owed.request_id, owed.since, requests.work_number, (
        select concat_ws(' ', type, reply, codes) from mail_outcomes outcome
        where outcome.request_id = owed.request_id and outcome.cause_id = owed.event_id
        order by occurred_at desc limit 1
    ) as note from (
        select * from owed_mails
        where failed_at is null and since < :before and (template = 'receipt') = :receipts order by since
            limit :shown
    ) owed left join requests using (request_id) order by owed.since
""")
COUNT_OVERDUE_MAILS = text("""
    select count(*) filter (where template = 'receipt') as receipts,
        count(*) filter (where template <> 'receipt') as others
    from (select template from owed_mails where failed_at is null and since < :before limit :most) overdue
""")
FAILED_MAILS = text("""
    select owed.request_id, owed.failed_at as since, requests.work_number, (
        select concat_ws(' ', type, reply, codes) from mail_outcomes outcome
        where outcome.request_id = owed.request_id and outcome.cause_id = owed.event_id
        order by occurred_at desc limit 1
    ) as note from (
        select * from owed_mails where failed_at is not null and returned_at is null and settled_at is null
        order by failed_at, event_id limit :shown
    ) owed left join requests using (request_id) order by owed.failed_at, owed.event_id
""")
COUNT_FAILED_MAILS = text("""
    select count(*) from (
        select from owed_mails where failed_at is not null and returned_at is null and settled_at is null
            limit :most
    ) failed
""")
RETURNED_MAILS = text("""
    select owed.request_id, owed.returned_at as since, requests.work_number, owed.return_status as note from (
        select * from owed_mails where returned_at < :before and settled_at is null
            order by returned_at, event_id limit :shown
    ) owed left join requests using (request_id) order by owed.returned_at, owed.event_id
""")
COUNT_RETURNED_MAILS = text("""
    select count(*) from (select from owed_mails where returned_at < :before and settled_at is null
        limit :most) returned
""")
OVERDUE_ENTRIES = text("""
    select entry.request_id, entry.occurred_at as since, work_number, null as note
    from (select id, request_id, occurred_at from history where value is not null and refused is null
        order by id limit :shown) entry
    left join requests using (request_id) where entry.occurred_at < :before order by entry.id
""")
COUNT_OVERDUE_ENTRIES = text("""
    select count(*) from (select occurred_at from history where value is not null and refused is null
        order by id limit :most) entry
    where occurred_at < :before
""")
UNSENDABLE = text("""
    select entry.request_id, entry.occurred_at as since, work_number,
        concat_ws(' ', entry.type, entry.refused) as note
    from (select * from history where value is not null and refused is not null order by id
        limit :shown) entry
    left join requests using (request_id) order by entry.id
""")
COUNT_UNSENDABLE = text(
    "select count(*) from "
    "(select from history where value is not null and refused is not null limit :most) refused"
)
DEAD_LETTERS = text(f"""
    select letter.key, letter.buried_at as since, letter.reason as note from dead_letters letter
    where {DEAD_LETTER_WAITS} order by id limit :shown
""")  # noqa: S608  a condition of our own
COUNT_DEAD_LETTERS = text(f"""
    select count(*) from (select from dead_letters where {DEAD_LETTER_WAITS} limit :most) waiting
""")  # noqa: S608  as above
SKIPPED = text(
    "select sum(next_offset - first_offset)::bigint as records, min(noticed_at) as since "
    "from skipped_records where settled_at is null and looked_up"
)
TO_BE_REMOVED = f"{REMOVABLE} and {REMOVAL_DUE} < timezone('UTC', cast(:before as timestamptz))"
COUNT_TO_BE_REMOVED = text(
    f"select count(*) from (select from requests where {TO_BE_REMOVED} limit :most) due"  # noqa: S608  as above
)
NOT_REMOVED = text(f"""
    select request_id, timezone('UTC', {REMOVAL_DUE}) as since, work_number, null as note
    from requests where {TO_BE_REMOVED} order by {REMOVAL_DUE} limit :shown
""")  # noqa: S608  as above
NUMBERS = text("select request_id, work_number from requests where request_id = any(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(PG_UUID))
)


async def read_counts(session: AsyncSession) -> dict[str, int]:
    """Count numbered, receipted, resolved and failed receipts."""
    return dict((await session.execute(COUNTS, {"most": MAX_COUNTED})).one()._mapping)  # noqa: SLF001  a row's public way to names


async def overdue_mails(session: AsyncSession, now: datetime) -> list[Overdue]:
    """Return the receipts and the other mails that neither went nor were reported as failed in time."""
    before = now - MAIL_WITHIN
    counted = (await session.execute(COUNT_OVERDUE_MAILS, {"before": before, "most": MAX_COUNTED})).one()
    reasons: tuple[tuple[Reason, int, bool], ...] = (
        ("no-receipt", counted.receipts, True),
        ("no-mail", counted.others, False),
    )
    found = []
    for reason, count, receipts in reasons:
        if count:
            late = await _late(session, OVERDUE_MAILS, before=before, receipts=receipts, shown=MAX_SHOWN)
            found.append(_overdue(reason, count, late))
    return found


async def failed_mails(session: AsyncSession) -> Overdue:
    """Return the mails that will not go by themselves, and that no operator has dealt with."""
    count = await session.scalar(COUNT_FAILED_MAILS, {"most": MAX_COUNTED}) or 0
    return _overdue(
        "mail-failed", count, await _late(session, FAILED_MAILS, shown=MAX_SHOWN) if count else ()
    )


async def returned_mails(session: AsyncSession, now: datetime, working_days: float) -> Overdue:
    """Return the mails that came back so long ago that somebody should have dealt with them."""
    before = working_days_before(now, working_days)
    count = await session.scalar(COUNT_RETURNED_MAILS, {"before": before, "most": MAX_COUNTED}) or 0
    late = await _late(session, RETURNED_MAILS, before=before, shown=MAX_SHOWN) if count else ()
    return _overdue("returned-mail-unsettled", count, late)


async def overdue_entries(session: AsyncSession, now: datetime) -> Overdue:
    """Return the entries of the history that wait too long to be published."""
    before = now - PUBLISHED_WITHIN
    count = await session.scalar(COUNT_OVERDUE_ENTRIES, {"before": before, "most": MAX_COUNTED}) or 0
    return _overdue(
        "unpublished",
        count,
        await _late(session, OVERDUE_ENTRIES, before=before, shown=MAX_SHOWN) if count else (),
    )


async def unsendable_entries(session: AsyncSession) -> Overdue:
    """Return the history entries that Kafka refuses and that no operator has sent again or settled."""
    count = await session.scalar(COUNT_UNSENDABLE, {"most": MAX_COUNTED}) or 0
    return _overdue("unsendable", count, await _late(session, UNSENDABLE, shown=MAX_SHOWN) if count else ())


async def waiting_dead_letters(session: AsyncSession) -> Overdue:
    """Return the dead letters that no operator has dealt with; those that hold a request's id name it."""
    count = await session.scalar(COUNT_DEAD_LETTERS, {"most": MAX_COUNTED}) or 0
    letters = (await session.execute(DEAD_LETTERS, {"shown": MAX_SHOWN})).all() if count else []
    named = [(id_, letter) for letter in letters if (id_ := request_id_of(letter.key))]
    numbers = await numbers_of(session, [id_ for id_, _ in named])
    late = [Late(id_, letter.since, numbers.get(id_), letter.note) for id_, letter in named]
    return Overdue("dead-letter", count, oldest_at=letters[0].since if letters else None, requests=late)


async def to_be_removed(session: AsyncSession, now: datetime) -> tuple[int, Overdue]:
    """Count requests whose contents are due for removal, and return those that are overdue."""
    due = await session.scalar(COUNT_TO_BE_REMOVED, {"before": now, "most": MAX_COUNTED}) or 0
    before = now - REMOVED_WITHIN
    count = await session.scalar(COUNT_TO_BE_REMOVED, {"before": before, "most": MAX_COUNTED}) if due else 0
    return due, _overdue(
        "not-removed",
        count or 0,
        await _late(session, NOT_REMOVED, before=before, shown=MAX_SHOWN) if count else (),
    )


async def skipped_records(session: AsyncSession) -> Overdue:
    """Return how many records a reader was never given, and nobody has had sent again."""
    found = (await session.execute(SKIPPED)).one()
    return Overdue("skipped", found.records or 0, oldest_at=found.since)


async def numbers_of(session: AsyncSession, request_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the work numbers of those that have one."""
    if not request_ids:
        return {}
    return {
        row.request_id: row.work_number for row in await session.execute(NUMBERS, {"ids": list(request_ids)})
    }


def request_id_of(key: bytes | None) -> UUID | None:
    """Read a record's key, which can be anything."""
    try:
        return UUID((key or b"").decode("ascii"))
    except ValueError:
        return None


async def _late(session: AsyncSession, statement: TextClause, **values: object) -> list[Late]:
    rows = await session.execute(statement, values)
    return [Late(row.request_id, row.since, row.work_number, row.note) for row in rows]


def _overdue(reason: Reason, count: int, late: Sequence[Late]) -> Overdue:
    return Overdue(reason, count, oldest_at=late[0].since if late else None, requests=late)
