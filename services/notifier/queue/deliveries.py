"""The statements on deliveries: each takes a batch, and each is one round trip.

Deliveries of one request and channel go in order. One that has to wait for an earlier one has no
`next_attempt_at`; it gets one when the earlier one is finished. Channels do not wait for one another.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery import Added, Claimed, NewDelivery, Result
from services.notifier.delivery_states import OPEN, from_any, in_sql
from shared.database.engine import Sessions
from shared.process.logs import get_log

log = get_log(__name__)

LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)

COLUMNS = """event_id, channel, request_id, template, language, work_number, service_title,
  submitted_at, due_at, occurred_at, message_id, traceparent, contents, owner"""
INSERT = text(f"""
insert into deliveries ({COLUMNS}, state)
select {COLUMNS}, case when owner is null then 'pending' else 'sending' end
from unnest(
  cast(:event_id as text[]), cast(:channel as text[]), cast(:request_id as uuid[]), cast(:template as text[]),
  cast(:language as text[]), cast(:work_number as text[]), cast(:service_title as text[]),
  cast(:submitted_at as timestamptz[]), cast(:due_at as timestamptz[]), cast(:occurred_at as timestamptz[]),
  cast(:message_id as text[]), cast(:traceparent as text[]), cast(:contents as bytea[]),
    cast(:owner as bigint[])
) with ordinality as new ({COLUMNS}, place)
order by place
on conflict (event_id, template) do nothing
returning id, event_id, template, trying_since, next_attempt_at""")  # noqa: S608  ours

# Waits for a result that is being committed, so that the next statement sees what became of the earlier
# delivery.
LOCK_OPEN = text(f"""
select id from deliveries
where request_id = any(cast(:requests as uuid[])) and state in ({in_sql(OPEN)})
  order by id for share""")  # noqa: S608  ours

EARLIER_IS_OPEN = f"""exists (
  select from deliveries earlier
  where earlier.request_id = d.request_id and earlier.id < d.id and earlier.channel = d.channel
    and earlier.state in ({in_sql(OPEN)}))"""
HOLD = text(f"""
update deliveries d set next_attempt_at = null
where d.request_id = any(cast(:requests as uuid[])) and d.state = 'pending' and d.attempts = 0
  and {EARLIER_IS_OPEN}""")  # noqa: S608  ours

CLAIM = text(f"""
with due as materialized (
  select id from deliveries
  where channel = :channel and {from_any("claim")} and next_attempt_at between :since and now()
    and exists (select from leases where owner = :owner and expires_at > clock_timestamp())
  order by next_attempt_at, id limit :most for update skip locked)
update deliveries d set state = 'sending', owner = :owner from due where d.id = due.id
returning d.id, d.request_id, d.template, d.language, d.work_number, d.service_title, d.submitted_at,
  d.due_at,
  d.occurred_at, d.message_id,
  case when d.template <> 'receipt' then
    (select receipt.message_id from deliveries receipt
     where receipt.request_id = d.request_id and receipt.template = 'receipt' limit 1) end,
  d.contents, d.attempts, d.trying_since, d.next_attempt_at, d.sending""")  # noqa: S608  ours

RECORD = text("""
with kept as (
  insert into sent_contents (delivery_id, contents)
  select d.id, d.contents from deliveries d
  where d.id = any(cast(:sent as bigint[])) and d.owner = :owner and d.state = 'sending'
    and d.contents is not null
  on conflict (delivery_id) do update set contents = excluded.contents, sent_at = now()),
done as (
  update deliveries d set state = r.state, attempts = d.attempts + 1, owner = null, last_reply = r.last_reply,
    next_attempt_at = now() + make_interval(secs => r.retry_seconds),
    finished_at = case when r.state <> 'deferred' then now() end,
    contents = case when r.state <> 'sent' then d.contents end
  from unnest(
    cast(:id as bigint[]), cast(:state as text[]), cast(:reply as text[]), cast(:last_reply as text[]),
    cast(:retry_seconds as float8[]), cast(:tell as bool[])
  ) as r (id, state, reply, last_reply, retry_seconds, tell)
  where d.id = r.id and d.owner = :owner and d.state = 'sending'
  returning d.id, d.channel, d.request_id, d.event_id, d.template, d.message_id, d.traceparent, d.sending,
    d.state,
    d.attempts, r.reply, r.last_reply, d.next_attempt_at, r.tell),
told as (
  insert into outcomes (channel, request_id, event_id, template, message_id, traceparent, sending, state,
    attempt,
    reply, codes, retry_at)
  select channel, request_id, event_id, template, message_id, traceparent, sending, state, attempts,
    reply, last_reply, next_attempt_at
  from done where tell order by id)
select (select count(*) from done) as recorded, exists (
  select from deliveries held
  where held.state = 'pending' and held.next_attempt_at is null
    and held.request_id in (select request_id from done where state <> 'deferred')
) as behind""")

FIRST_OF_ALL_OPEN = f"d.state = 'pending' and d.next_attempt_at is null and not {EARLIER_IS_OPEN}"
LET_GO = text(f"""
update deliveries d set next_attempt_at = now()
where d.request_id = any(cast(:requests as uuid[])) and {FIRST_OF_ALL_OPEN}""")  # noqa: S608  ours
LET_ALL_GO = text(f"update deliveries d set next_attempt_at = now() where {FIRST_OF_ALL_OPEN}")  # noqa: S608  ours


@asynccontextmanager
async def at_once(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Open a session whose every statement is a transaction.

    One round trip instead of three, for thousands.
    """
    async with sessions() as session:
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        yield session


async def add(session: AsyncSession, new: Sequence[NewDelivery]) -> list[Added]:
    """Insert deliveries in the order given and return those that were new.

    One that is there stays as it is.
    """
    if not new:
        return []
    added = await session.execute(
        INSERT, dict(zip(NewDelivery._fields, map(list, zip(*new, strict=True)), strict=True))
    )
    # A receipt is the first of its request, so it waits for nothing.
    followers = [row.request_id for row in new if row.template != "receipt"]
    if followers:
        await session.execute(LOCK_OPEN, {"requests": followers})
        await session.execute(HOLD, {"requests": followers})
    return [Added(*row) for row in added]


async def claim(
    session: AsyncSession, owner: int, channel: str, *, most: int, since: datetime = LONG_AGO
) -> list[Claimed]:
    """Claim up to `most` deliveries of a channel that are due, oldest first, while `owner`'s lease lasts.

    Claimed rows leave dead index entries until the next vacuum; `since` skips them.
    """
    values = {"owner": owner, "channel": channel, "most": most, "since": since}
    return sorted(Claimed(*row) for row in await session.execute(CLAIM, values))


async def record(session: AsyncSession, owner: int, results: Sequence[Result]) -> bool:
    """Write results and their outcomes.

    True if a delivery waits behind a finished one, so that `let_go` must follow.

    Deliveries whose lease was lost belong to another process, and may be sent twice, under the same
    `message_id`. One that is inserted at this very moment may be missed; `let_all_go`, from time to time,
    finds it.
    """
    columns = dict(zip(Result._fields, map(list, zip(*sorted(results), strict=True)), strict=True))
    del columns["request_id"]
    sent = [result.id for result in results if result.state == "sent"]
    row = (await session.execute(RECORD, columns | {"owner": owner, "sent": sent})).one()
    if row.recorded < len(results):
        log.warning("mails_may_repeat", count=len(results) - row.recorded)
    return bool(row.behind)


async def let_go(session: AsyncSession, requests: Sequence[UUID]) -> bool:
    """Make the next delivery of each request due if all earlier ones are finished; true if there was one."""
    return bool(await count(session, LET_GO, {"requests": list(requests)}))


async def let_all_go(session: AsyncSession) -> bool:
    """Do the same for every request."""
    return bool(await count(session, LET_ALL_GO, {}))


async def count(session: AsyncSession, statement: TextClause, parameters: dict[str, Any]) -> int:
    """Execute an update and return how many rows it changed."""
    result = cast("CursorResult[Any]", await session.execute(statement, parameters))
    return result.rowcount
