"""Removes the contents of requests after their retention time, and of old dead letters.

What stays of a request: its number, service, states and times. One that is open is never removed, and one
that is reopened begins anew.
"""

import asyncio
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.tracker.handle.publish_history import NOTIFY_PUBLISHER
from services.tracker.models import REMOVABLE, REMOVAL_DUE, HistoryEntry
from shared.database.engine import Sessions, is_transient
from shared.events.request_lifecycle import RequestErased
from shared.events.vocabulary import State
from shared.process.crash_points import crash_point
from shared.process.logs import get_log

log = get_log(__name__)

BATCH_SIZE = 100
PAUSE_SECONDS = 60.0
MAX_DAYS = 90
"""Days that a set-aside record and an operator's note about records are kept where nobody knows the request.

As long as their topic keeps them.
"""
COMMAND_DAYS = 14 + MAX_DAYS
"""Days after which a command cannot come again, neither from its topic nor from the dead letters."""
REMOVED = "–"
"""Stands where a note was: that there was one says that the matter is settled."""
OF_THEIR_HISTORY = "event_id in (select event_id::text from history where request_id = any(:ids))"

# What waits to be published holds contents too, so a request waits for it. Kafka's last word on what it
# refused was no.
TAKE_DUE = text(f"""
    select request_id, work_number, service, queue, state, retention_days, changed_at, now() as erased_at
        from requests
    where {REMOVABLE} and {REMOVAL_DUE} < timezone('UTC', now()) and not exists (
        select from history where history.request_id = requests.request_id and value is not null
            and refused is null
    ) order by {REMOVAL_DUE} limit :most for update skip locked
""")  # noqa: S608  our own conditions
EMPTY = (
    text("""
        update requests set erased_at = now(), first_name = '', last_name = '', phone = '', email = '',
            business_id = null, name_key = '',
            email_index = '', personal_code = null, personal_code_index = null, answers = '[]',
                answers_box = null,
            sealed_contact = '', body_digest = ''
        where request_id = any(:ids)
    """),
    text("update mail_outcomes set codes = null where request_id = any(:ids) and codes is not null"),
    text(f"""
        update owed_mails set failed_at = coalesce(failed_at, now()), failure = 'erased',
            settled_at = coalesce(settled_at, now()),
            settled_note = null
        where {OF_THEIR_HISTORY}
    """),  # noqa: S608  as above
    text("""
        update history set text = null, text_box = null, details = null, value = null
        where request_id = any(:ids)
            and (text is not null or text_box is not null or details is not null or value is not null)
    """),
    text(f"""
        update dead_letters set emptied_at = now(), value = null, headers = '[]', detail = '', note = case
            when note is not null then '{REMOVED}' end
        where request_id = any(:ids) and emptied_at is null
    """),  # noqa: S608  as above
)
"""The rows stay.

A mail that still is owed can no longer be sent by anybody: it is settled with its request.
"""
# An accepted request that is neither registered nor settled is open.
EMPTY_SET_ASIDE = text(f"""
    with old as materialized (
        select id from dead_letters where emptied_at is null
            and buried_at < now() - make_interval(days => :days)
            and not (accepted and registered_at is null and note is null)
        order by buried_at limit :most for update skip locked
    )
    update dead_letters letter set emptied_at = now(), value = null, headers = '[]', detail = '',
        key = case when request_id is not null then key end, note = case
            when note is not null then '{REMOVED}' end
    from old where letter.id = old.id returning 1
""")  # noqa: S608  as above
EMPTY_NOTES = text(f"""
    update skipped_records set note = '{REMOVED}' where id in (
        select id from skipped_records where note <> '{REMOVED}'
            and settled_at < now() - make_interval(days => :days)
        order by id limit :most for update skip locked
    ) returning 1
""")  # noqa: S608  as above
FORGET_COMMANDS = text("""
    delete from processed_commands where (source, command_id) in (
        select source, command_id from processed_commands
            where processed_at < now() - make_interval(days => :days)
        order by processed_at limit :most for update skip locked
    ) returning 1
""")
BY_AGE = ((EMPTY_SET_ASIDE, MAX_DAYS), (EMPTY_NOTES, MAX_DAYS), (FORGET_COMMANDS, COMMAND_DAYS))


class Due(NamedTuple):
    """A request whose time is over; `changed_at` is when it was closed, for good."""

    request_id: UUID
    work_number: str
    service: str
    queue: str
    state: State
    retention_days: int
    changed_at: datetime
    erased_at: datetime


async def remove_for_ever(sessions: Sessions) -> None:
    """Remove until cancelled; several processes may do so at once."""
    while True:
        try:
            while await remove_due(sessions):
                crash_point("tracker.retention.after-batch")
        except Exception as error:
            if is_transient(error):
                log.warning("database_away", error=type(error).__name__)
            else:
                # What is not removed in time is an alarm; requests go on being handled meanwhile.
                log.exception("retention_failed", error=type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def remove_due(sessions: Sessions, most: int = BATCH_SIZE) -> bool:
    """Remove some of what is due by the database's clock; says whether there may be more."""
    async with sessions.begin() as session:
        due = [Due(*row) for row in await session.execute(TAKE_DUE, {"most": most})]
        if due:
            await _erase(session, due)
    counts = [len(due)]
    for statement, days in BY_AGE:
        async with sessions.begin() as session:
            counts.append(len((await session.execute(statement, {"days": days, "most": most})).all()))
    return max(counts) == most


async def _erase(session: AsyncSession, due: list[Due]) -> None:
    ids = [each.request_id for each in due]
    for statement in EMPTY:
        await session.execute(statement, {"ids": ids})
    await session.execute(insert(HistoryEntry), [_entry(each) for each in due])
    await session.execute(NOTIFY_PUBLISHER)
    log.info("requests_erased", count=len(due))


def _entry(due: Due) -> dict[str, object]:
    event = RequestErased(
        request_id=due.request_id,
        work_number=due.work_number,
        service=due.service,
        queue=due.queue,
        state=due.state,
        closed_at=due.changed_at,
        retention_days=due.retention_days,
        occurred_at=due.erased_at,
    )
    return {
        "request_id": due.request_id,
        "event_id": uuid7(),
        "type": event.type,
        "occurred_at": due.erased_at,
        "actor_kind": "system",
        "value": to_json(event),
    }
