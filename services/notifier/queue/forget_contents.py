"""Forgets the contents of mails that were sent so long ago that nobody sends them again, and mails that no report was found in."""

import asyncio

from sqlalchemy import text

from services.notifier.queue.deliveries import at_once
from shared.database.engine import Sessions, is_transient
from shared.process.logs import get_log

log = get_log(__name__)

AT_ONCE = 1_000
PAUSE_SECONDS = 60.0

FORGET_CONTENTS = text("""
with old as materialized (
  select delivery_id from sent_contents where sent_at < now() - make_interval(secs => :seconds)
  order by sent_at limit :most for update skip locked),
gone as (delete from sent_contents kept using old where kept.delivery_id = old.delivery_id)
select count(*) from old""")
FORGET_REPORTS = text("""
with old as materialized (
  select digest from reports where (mail is not null or delivery_id is null) and received_at < now() - make_interval(secs => :seconds)
  order by received_at limit :most for update skip locked),
emptied as (update reports r set mail = null from old where r.digest = old.digest and r.delivery_id is not null),
gone as (delete from reports r using old where r.digest = old.digest and r.delivery_id is null)
select count(*) from old""")

FORGET_CANARIES = text("""
with old as materialized (
  select event_id from canary_mails where added_at < now() - interval '1 day' limit :most for update skip locked),
mails as (select id from deliveries join old using (event_id)),
emptied as (delete from sent_contents kept using mails where kept.delivery_id = mails.id),
gone as (delete from deliveries d using mails where d.id = mails.id),
forgotten as (delete from canary_mails c using old where c.event_id = old.event_id)
select count(*) from old""")


async def forget_for_ever(sessions: Sessions, days: float) -> None:
    """Forget until cancelled."""
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
    """Forget some of what is older than so many days; says whether there may be more."""
    values = {"seconds": days * 86_400, "most": AT_ONCE}
    async with at_once(sessions) as session:
        counts = [
            await session.scalar(statement, values) or 0
            for statement in (FORGET_CONTENTS, FORGET_REPORTS, FORGET_CANARIES)
        ]
    return max(counts) == AT_ONCE
