"""Many failed mails are tried again at once: those of one cause, or of some events."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.queue.delivery_lease import CHANNEL
from shared.events.event import Moment

MOST = 1_000
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]

AGAIN = text("""
with chosen as materialized (
  select id from deliveries where state = 'failed' and contents is not null and id > :after
    and (cast(:events as text[]) is null or event_id = any(cast(:events as text[])))
    and (cast(:replies as text[]) is null or last_reply = any(cast(:replies as text[])))
    and (cast(:template as text) is null or template = :template)
    and (cast(:failed_after as timestamptz) is null or finished_at > :failed_after)
    and (cast(:failed_before as timestamptz) is null or finished_at <= :failed_before)
  order by id limit :limit for update skip locked),
again as (
  update deliveries d set state = 'pending', next_attempt_at = now(), trying_since = now(), finished_at = null
  from chosen where d.id = chosen.id
  returning d.id, d.event_id)
select id, event_id from again order by id""")


class RetryMany(BaseModel):
    """Which failed mails to try again: those that meet every condition given, and at least one is."""

    events: list[Text] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST,
        description="CloudEvents ids of the events that they are about",
    )
    replies: list[Text] | None = Field(
        default=None, min_length=1, max_length=50, description="As `last_reply` has it, such as `530 5.7.0`"
    )
    template: Text | None = None
    failed_after: Moment | None = None
    failed_before: Moment | None = Field(
        default=None, description="With the same moment a repeat of the call changes nothing"
    )
    after: int = Field(default=0, ge=0, lt=2**63, description="`next` of the call before")
    limit: int = Field(default=500, ge=1, le=MOST)

    @model_validator(mode="after")
    def _is_a_choice(self) -> "RetryMany":
        if all(
            each is None
            for each in (self.events, self.replies, self.template, self.failed_after, self.failed_before)
        ):
            raise ValueError("give at least one of events, replies, template, failed_after, failed_before")
        return self


class RetriedMany(BaseModel):
    """The events whose mails are tried again; `next` is the `after` of the following call, null if none is left."""

    events: Sequence[str]
    next: int | None


async def retry_deliveries(session: AsyncSession, which: RetryMany) -> RetriedMany:
    """Make the oldest `limit` of them due now, as if they were new; the worker hears of it with the commit."""
    rows = (await session.execute(AGAIN, which.model_dump())).all()
    if rows:
        await session.execute(text("select pg_notify(:channel, '')"), {"channel": CHANNEL})
    following = rows[-1].id if len(rows) == which.limit else None
    return RetriedMany(events=[row.event_id for row in rows], next=following)
