"""The statements of an outage.

Deliveries that wait are deferred once, and given up when their time is over.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery_states import from_any
from services.notifier.queue.deliveries import let_go

BATCH_SIZE = 500

DEFER = text(f"""
with waiting as materialized (
  select id from deliveries
  where channel = :channel and {from_any("defer_in_outage")}
    and next_attempt_at < now() - make_interval(secs => :seconds)
  order by next_attempt_at, id limit :most for update skip locked),
deferred as (
  update deliveries d set state = 'deferred', last_reply = :why from waiting where d.id = waiting.id
  returning d.id, d.channel, d.request_id, d.event_id, d.template, d.message_id, d.traceparent, d.attempts,
    d.sending)
insert into outcomes (
  channel, request_id, event_id, template, message_id, traceparent, sending, state, attempt, reply, codes,
    retry_at)
select channel, request_id, event_id, template, message_id, traceparent, sending, 'deferred', attempts + 1,
  'connection', :why, now() + make_interval(secs => :seconds)
from deferred order by id returning id""")  # noqa: S608  ours

GIVE_UP = text(f"""
with late as materialized (
  select id from deliveries
  where channel = :channel and {from_any("give_up")} and next_attempt_at <= now()
    and trying_since < now() - make_interval(secs => :seconds)
  order by next_attempt_at, id limit :most for update skip locked),
failed as (
  update deliveries d set state = 'failed', last_reply = :why, next_attempt_at = null, finished_at = now()
  from late where d.id = late.id
  returning d.id, d.channel, d.request_id, d.event_id, d.template, d.message_id, d.traceparent, d.attempts,
    d.sending)
insert into outcomes (
  channel, request_id, event_id, template, message_id, traceparent, sending, state, attempt, reply, codes)
select channel, request_id, event_id, template, message_id, traceparent, sending, 'failed', attempts + 1,
  'connection', :why
from failed order by id returning request_id""")  # noqa: S608  ours


async def defer_waiting(session: AsyncSession, channel: str, seconds: float, why: str) -> int:
    """Mark some that have waited for `seconds` as deferred, with `why` as their last reply.

    Return how many.
    """
    values = {"channel": channel, "seconds": seconds, "most": BATCH_SIZE, "why": why}
    return len((await session.execute(DEFER, values)).all())


async def give_up_waiting(session: AsyncSession, channel: str, seconds: float, why: str) -> int:
    """Fail some that were tried for `seconds`, and release later ones of their requests.

    Return how many failed.
    """
    values = {"channel": channel, "seconds": seconds, "most": BATCH_SIZE, "why": why}
    failed = (await session.scalars(GIVE_UP, values)).all()
    await let_go(session, failed)
    return len(failed)
