"""The state of each mail of one request, as its citizen is shown it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

MAILS = text("""
    with ours as (select event_id::text as event_id, id from history where request_id = :request_id)
    select owed.template, ours.id, case
        when owed.settled_at is not null then 'settled'
        when owed.returned_at is not null then 'returned'
        when owed.failed_at is not null then 'failed'
        when exists (
            select from mail_outcomes outcome where outcome.request_id = :request_id
                and outcome.cause_id = owed.event_id
            and outcome.sending = owed.sending and outcome.type = 'mail.deferred.v1'
        ) then 'deferred'
        else 'sending' end as state
    from ours join owed_mails owed using (event_id)
    union
    select outcome.template, ours.id, 'sent' from mail_outcomes outcome
    join ours on ours.event_id = outcome.cause_id
    where outcome.request_id = :request_id and outcome.type = 'mail.sent.v1'
        and not exists (select from owed_mails owed where owed.event_id = outcome.cause_id)
    order by 2
""")
UNDELIVERED = text("""
    select owed.event_id, owed.returned_at is not null as returned from history join owed_mails owed
        on owed.event_id = history.event_id::text
    where history.request_id = :request_id and owed.failed_at is not null and owed.settled_at is null
        order by history.id
""")


@dataclass(frozen=True, slots=True)
class MailState:
    """The latest mail of a kind.

    `deferred`: its server did not take it yet; `settled`: an operator has dealt with one that did not arrive.
    """

    template: str
    state: Literal["sending", "deferred", "sent", "failed", "returned", "settled"]


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A mail that failed, or came back."""

    event_id: str
    returned: bool


async def mails_of_request(session: AsyncSession, request_id: UUID) -> Sequence[MailState]:
    """Return one of each kind, in the order in which they were written."""
    latest: dict[str, MailState] = {}
    for mail in await session.execute(MAILS, {"request_id": request_id}):
        latest.pop(mail.template, None)
        latest[mail.template] = MailState(mail.template, mail.state)
    return list(latest.values())


async def undelivered_mails(session: AsyncSession, request_id: UUID) -> Sequence[Undelivered]:
    """Return those that did not arrive and that nobody has settled, the oldest first."""
    return [
        Undelivered(mail.event_id, mail.returned)
        for mail in await session.execute(UNDELIVERED, {"request_id": request_id})
    ]
