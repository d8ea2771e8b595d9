"""Operators have deliveries tried again: one that failed or waits, or many failed ones of one cause."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy import Row, func, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.notifier.delivery_states import sources
from services.notifier.models import Delivery
from services.notifier.queue.delivery_lease import DUE
from shared.events.event import Moment
from shared.web.problems import NotFound, Problem

MAX_LIMIT = 1_000
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]

AGAIN = text("""
with chosen as materialized (
  select id from deliveries where state = 'failed' and contents is not null and id > :after
    and channel = :channel
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


class NotRetriable(Problem):
    """409: the delivery was sent, or is about to be."""

    status = HTTPStatus.CONFLICT
    slug = "not-retriable"
    title = "Only a failed, deferred or settled delivery can be tried again"


class ManyAgain(BaseModel):
    """Which failed deliveries to try again: those that meet every condition given, and at least one is."""

    channel: Text = Field(default="mail", description="The channel that they take")
    events: list[Text] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_LIMIT,
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
    limit: int = Field(default=500, ge=1, le=MAX_LIMIT)

    @model_validator(mode="after")
    def _is_a_choice(self) -> "ManyAgain":
        if all(
            each is None
            for each in (self.events, self.replies, self.template, self.failed_after, self.failed_before)
        ):
            raise ValueError("give at least one of events, replies, template, failed_after, failed_before")
        return self


async def again(session: AsyncSession, delivery_id: int) -> Delivery:
    """Make a delivery due now, with the whole time of its retry schedule before it.

    The worker is notified by the commit. Raises `NotFound`, `NotRetriable`.
    """
    tried: Delivery | None = await session.scalar(
        update(Delivery)
        .where(
            col(Delivery.id) == delivery_id,
            col(Delivery.state).in_(sources("again")),
            col(Delivery.contents).is_not(None),
        )
        .values(
            state="pending",
            next_attempt_at=func.now(),
            trying_since=func.now(),
            finished_at=None,
            settled_by=None,
            settled_note=None,
        )
        .returning(Delivery)
    )
    if tried is None:
        found = await session.get(Delivery, delivery_id)
        if found is None:
            raise NotFound("There is no such delivery")
        gone = found.state in sources("again")
        raise NotRetriable("Its contents are no longer kept" if gone else f"It is {found.state}")
    await notify_due(session)
    return tried


async def many_again(session: AsyncSession, which: ManyAgain) -> Sequence[Row[Any]]:
    """Make the oldest `limit` of them due now, as if they were new; return `id` and `event_id` of each."""
    rows = (await session.execute(AGAIN, which.model_dump())).all()
    if rows:
        await notify_due(session)
    return rows


async def notify_due(session: AsyncSession) -> None:
    """Wake the workers once the transaction is committed."""
    await session.execute(text("select pg_notify(:channel, '')"), {"channel": DUE})
