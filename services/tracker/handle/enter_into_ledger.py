"""What a step with a request writes into the ledger, in the step's own transaction."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.domain import MAIL_OWED
from services.tracker.models import HistoryEntry, OwedMail

# A request that was reopened and resolved again is one resolved request.
COUNT_RESOLVED = text("""
    insert into ledger_counts (name, n) select 'resolved', 1
    where not exists (select from history where request_id = :request_id and action = 'resolve' and id < :id)
""")


async def enter_into_ledger(session: AsyncSession, entry: HistoryEntry) -> None:
    """Note the mail that a step owes the citizen, and a request's first resolution.

    Registering does both in its own statement.
    """
    template = MAIL_OWED.get(entry.action) if entry.action else None
    if template:
        session.add(
            OwedMail(
                event_id=str(entry.event_id),
                request_id=entry.request_id,
                template=template,
                since=entry.occurred_at,
            )
        )
        await session.flush()
    if entry.action == "resolve":
        await session.execute(COUNT_RESOLVED, {"request_id": entry.request_id, "id": entry.id})
