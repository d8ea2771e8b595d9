"""A request's contents are removed: its mails keep their rows and outcomes, and lose what they said and to whom."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery_states import FINISHED, in_sql

ERASED = "erased"
# One that was still tried can go no more. Should it be under way at this moment, its sender finds that it is no longer his.
ERASE = text(f"""
with emptied as (
  update deliveries set contents = null, owner = null,
    next_attempt_at = case when state in ({in_sql(FINISHED)}) then next_attempt_at end,
    last_reply = case when state in ({in_sql(FINISHED)}) then last_reply else :erased end,
    finished_at = coalesce(finished_at, now()),
    state = case when state = 'sent' then state else 'failed' end
  where request_id = any(cast(:requests as uuid[]))
  returning id),
forgotten as (delete from sent_contents kept using emptied where kept.delivery_id = emptied.id)
update reports set mail = null from emptied where reports.delivery_id = emptied.id and reports.mail is not null""")  # noqa: S608  states of our own


async def erase_requests(session: AsyncSession, requests: Sequence[UUID]) -> None:
    """Empty all mails of these requests and what came back about them; a repeat changes nothing."""
    await session.execute(ERASE, {"requests": list(requests), "erased": ERASED})
