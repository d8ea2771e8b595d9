"""What becomes of deliveries that wait while the mail server is away: they are deferred once, and given up when their time is over."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery_states import from_any
from services.notifier.queue.deliveries import let_go

MOST = 500

DEFER = text(f"""
with waiting as materialized (
  select id from deliveries where {from_any("defer_in_outage")} and next_attempt_at < now() - make_interval(secs => :seconds)
  order by next_attempt_at, id limit :most for update skip locked),
deferred as (
  update deliveries d set state = 'deferred', last_reply = :why from waiting where d.id = waiting.id
  returning d.id, d.request_id, d.event_id, d.template, d.message_id, d.traceparent, d.attempts, d.sending)
insert into outcomes (request_id, event_id, template, message_id, traceparent, sending, state, attempt, reply, codes, retry_at)
select request_id, event_id, template, message_id, traceparent, sending, 'deferred', attempts + 1, 'connection', :why,
  now() + make_interval(secs => :seconds)
from deferred order by id returning id""")  # noqa: S608  ours

GIVE_UP = text(f"""
with late as materialized (
  select id from deliveries where {from_any("give_up")} and next_attempt_at <= now()
  and trying_since < now() - make_interval(secs => :seconds) order by next_attempt_at, id limit :most for update skip locked),
failed as (
  update deliveries d set state = 'failed', last_reply = :why, next_attempt_at = null, finished_at = now()
  from late where d.id = late.id
  returning d.id, d.request_id, d.event_id, d.template, d.message_id, d.traceparent, d.attempts, d.sending)
insert into outcomes (request_id, event_id, template, message_id, traceparent, sending, state, attempt, reply, codes)
select request_id, event_id, template, message_id, traceparent, sending, 'failed', attempts + 1, 'connection', :why
from failed order by id returning request_id""")  # noqa: S608  ours


async def defer_waiting(session: AsyncSession, seconds: float, why: str) -> int:
    """Mark some of those as deferred that have waited so long, with `why` as their last reply; gives how many."""
    return len((await session.execute(DEFER, {"seconds": seconds, "most": MOST, "why": why})).all())


async def give_up_waiting(session: AsyncSession, seconds: float, why: str) -> int:
    """Let some of those fail that have been tried for so long, and later mails of their requests go; gives how many."""
    failed = (await session.scalars(GIVE_UP, {"seconds": seconds, "most": MOST, "why": why})).all()
    await let_go(session, failed)
    return len(failed)
