"""Removes what is kept of deliveries.

At once when a request is erased, and by age when nobody sends them again.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery_states import FINISHED, in_sql
from services.notifier.queue.deliveries import at_once
from shared.database.engine import Sessions, is_transient
from shared.process.logs import get_log

log = get_log(__name__)

ERASED = "erased"
BATCH_SIZE = 1_000
PAUSE_SECONDS = 60.0

# One that was still tried can go no more. If it is under way at this moment, its sender finds that it lost
# it.
ERASE = text(f"""
with emptied as (
  update deliveries set contents = null, owner = null, settled_note = null,
    next_attempt_at = case when state in ({in_sql(FINISHED)}) then next_attempt_at end,
    last_reply = case when state in ({in_sql(FINISHED)}) then last_reply else :erased end,
    finished_at = coalesce(finished_at, now()),
    state = case when state in ({in_sql(FINISHED)}) then state else 'failed' end
  where request_id = any(cast(:requests as uuid[]))
  returning id),
forgotten as (delete from sent_contents kept using emptied where kept.delivery_id = emptied.id)
update reports set mail = null from emptied
where reports.delivery_id = emptied.id and reports.mail is not null""")  # noqa: S608  states of our own

FORGET_CONTENTS = text("""
with old as materialized (
  select delivery_id from sent_contents where sent_at < now() - make_interval(secs => :seconds)
  order by sent_at limit :most for update skip locked),
gone as (delete from sent_contents kept using old where kept.delivery_id = old.delivery_id)
select count(*) from old""")
FORGET_REPORTS = text("""
with old as materialized (
  select digest from reports
  where (mail is not null or delivery_id is null) and received_at < now() - make_interval(secs => :seconds)
  order by received_at limit :most for update skip locked),
emptied as (update reports r set mail = null from old where r.digest = old.digest
  and r.delivery_id is not null),
gone as (delete from reports r using old where r.digest = old.digest and r.delivery_id is null)
select count(*) from old""")

FORGET_CANARIES = text("""
with old as materialized (
  select event_id from canary_mails where added_at < now() - interval '1 day'
  limit :most for update skip locked),
mails as (select id from deliveries join old using (event_id)),
emptied as (delete from sent_contents kept using mails where kept.delivery_id = mails.id),
gone as (delete from deliveries d using mails where d.id = mails.id),
forgotten as (delete from canary_mails c using old where c.event_id = old.event_id)
select count(*) from old""")


async def erase_requests(session: AsyncSession, requests: Sequence[UUID]) -> None:
    """Empty all deliveries of these requests, in any channel, and reports about them.

    A repeat changes nothing.

    Rows and outcomes stay, without what was sent and to whom.
    """
    await session.execute(ERASE, {"requests": list(requests), "erased": ERASED})


async def forget_for_ever(sessions: Sessions, days: float) -> None:
    """Forget by age until cancelled."""
    while True:
        try:
            while await forget(sessions, days):
                pass
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("database_away", error=type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def forget(sessions: Sessions, days: float) -> bool:
    """Forget some of what is older than `days`; true if there may be more."""
    values = {"seconds": days * 86_400, "most": BATCH_SIZE}
    async with at_once(sessions) as session:
        counts = [
            await session.scalar(statement, values) or 0
            for statement in (FORGET_CONTENTS, FORGET_REPORTS, FORGET_CANARIES)
        ]
    return max(counts) == BATCH_SIZE
