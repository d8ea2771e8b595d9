"""The canary's latest complete run, stage by stage, and whether the next one is late."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.ledger.overdue import CanaryRun, Overdue

WITHIN = timedelta(seconds=60)
"""So long a canary may take from its beginning to its mail."""
LATEST_COMPLETE = text("select * from canary_runs where mailed_at is not null order by run desc limit 1")
DUE = text("select * from canary_runs where begun_at < :before order by run desc limit 1")
NEWEST = text("select max(begun_at) from canary_runs")
STAGES = (
    ("answered_at", "the form was not answered"),
    ("numbered_at", "no number"),
    ("mailed_at", "no mail"),
)


async def read_canary(
    session: AsyncSession, now: datetime, every_seconds: float
) -> tuple[CanaryRun | None, Overdue]:
    """Return the latest complete run, and an alarm if a later one is overdue or none has begun.

    One that failed is over as soon as a later one has gone all the way.
    """
    complete = (await session.execute(LATEST_COMPLETE)).one_or_none()
    run = None
    if complete is not None:
        moments = {
            "answered": complete.answered_at,
            "shown": complete.shown_at,
            "numbered": complete.numbered_at,
            "mailed": complete.mailed_at,
        }
        run = CanaryRun(
            complete.begun_at,
            {stage: (at - complete.begun_at).total_seconds() for stage, at in moments.items() if at},
        )
    newest = await session.scalar(NEWEST)
    if newest is not None and now - newest > timedelta(seconds=3 * every_seconds) + WITHIN:
        return run, Overdue("canary", 1, oldest_at=newest, note="none was sent")
    due = (await session.execute(DUE, {"before": now - WITHIN})).one_or_none()
    came_later = due is not None and complete is not None and complete.run > due.run
    if due is None or came_later or (due.mailed_at is not None and due.mailed_at - due.begun_at <= WITHIN):
        return run, Overdue("canary", 0)
    missing = next((note for stage, note in STAGES if getattr(due, stage) is None), "late")
    return run, Overdue(
        "canary", 1, oldest_at=due.begun_at, note=": ".join(filter(None, (missing, due.error)))
    )
