"""Reads the console's counts: queues, late, arrived, handled, and what waits for an operator.

Each is counted through an index and only up to a limit, so that the cost does not grow with the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.domain import in_sql
from services.tracker.models import DEAD_LETTER_WAITS
from shared.events.vocabulary import OPEN, OURS, STATES

MAX_COUNTED = 1_000
"""Counts stop here."""
MAX_ARRIVED = 100_000

QUEUES = text(f"""
    with recursive found (state, queue) as (
        select state, (select min(queue) from requests where requests.state = states.state)
        from unnest(array[{in_sql(STATES)}]) as states (state)
        union all
        select state, (
            select min(queue) from requests
            where requests.state = found.state and requests.queue > found.queue
        )
        from found where queue is not null
    )
    select queue,
        sum((select count(*) from (select from requests
            where requests.state = found.state and requests.queue = found.queue
                and found.state in ({in_sql(OPEN)})
            limit :most) counted))::int as open,
        min((select min(submitted_at) from requests
            where requests.state = found.state and requests.queue = found.queue
                and found.state in ({in_sql(OPEN)}))) as oldest
    from found where queue is not null group by queue order by queue
""")  # noqa: S608  states of our own
COUNTS = text(f"""
    select
        (select count(*) from (select from requests
            where state in ({in_sql(OPEN)}) and state in ({in_sql(OURS)}) and due_at < :now
            limit :most) counted) as late,
        (select count(*) from (select from requests where submitted_at > :hour_ago
            limit :most_arrived) counted) as arrived,
        (select count(*) from (select from requests where resolved_at > :hour_ago
            limit :most_arrived) counted) as handled,
        (select count(*) from (select from dead_letters where {DEAD_LETTER_WAITS}
            limit :most) counted) as dead_letters,
        (select count(*) from (select from owed_mails
            where failed_at is not null and returned_at is null and settled_at is null
            limit :most) counted) as failed_mails,
        (select count(*) from (select from owed_mails
            where returned_at is not null and settled_at is null
            limit :most) counted) as returned_mails
""")  # noqa: S608  conditions of our own


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, and how many of its requests are open."""

    name: str
    open: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts at `at`; `arrived` and `handled` are of the last hour."""

    at: datetime
    queues: Sequence[Queue]
    oldest_open: datetime | None
    late: int
    arrived: int
    handled: int
    dead_letters: int
    failed_mails: int
    returned_mails: int


async def read_figures(session: AsyncSession) -> Figures:
    """Count now; see the limits `MAX_COUNTED` and `MAX_ARRIVED`."""
    now = datetime.now(timezone.utc)
    queues = (await session.execute(QUEUES, {"most": MAX_COUNTED})).all()
    times = {"now": now, "hour_ago": now - timedelta(hours=1)}
    counts = (
        await session.execute(COUNTS, {**times, "most": MAX_COUNTED, "most_arrived": MAX_ARRIVED})
    ).one()
    oldest = min((queue.oldest for queue in queues if queue.oldest), default=None)
    return Figures(
        at=now,
        queues=[Queue(queue.queue, queue.open) for queue in queues],
        oldest_open=oldest,
        **counts._mapping,  # noqa: SLF001  a row's public way to names
    )
