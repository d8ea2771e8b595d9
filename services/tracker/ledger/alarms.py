"""Raises an alarm when something is first seen overdue, ends it afterwards, and keeps it for months."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.domain import Reason
from services.tracker.ledger.overdue import Ledger, Part
from services.tracker.models import Alarm

KEPT = timedelta(days=90)
SEEN_BY: Mapping[Part, tuple[Reason, ...]] = {"kafka": ("no-number", "lag"), "spool": ("spool",)}
"""What cannot be said to be over while a part cannot be asked."""

RAISE = text("""
    insert into alarms (reason, place, most, began_at)
    select reason, place, most, :at
    from unnest(cast(:reasons as text[]), cast(:places as text[]),
        cast(:counts as bigint[])) as given (reason, place, most)
    on conflict (reason, place) where ended_at is null do update set most = excluded.most
        where alarms.most < excluded.most
""")
END = text("""
    update alarms set ended_at = :at where ended_at is null and reason <> all(cast(:unseen as text[]))
        and (reason, place) not in (
        select * from unnest(cast(:reasons as text[]), cast(:places as text[]))
    )
""")
FORGET = text("delete from alarms where began_at < :before and ended_at is not null")


async def update_alarms(session: AsyncSession, ledger: Ledger, *, starting: bool = False) -> None:
    """Raise an alarm for everything newly overdue, and end those of what no longer is.

    `most` keeps the worst count.

    While we are `starting`, a part that cannot be asked raises none: it may be starting too.

    """
    reasons, places = [each.reason for each in ledger.overdue], [each.place for each in ledger.overdue]
    unseen = [
        reason
        for part, blind in SEEN_BY.items()
        if ("unknown", part) in zip(reasons, places, strict=True)
        for reason in blind
    ]
    await session.execute(END, {"at": ledger.at, "reasons": reasons, "places": places, "unseen": unseen})
    raised = [each for each in ledger.overdue if not (starting and each.reason == "unknown")]
    if raised:
        columns = {
            "reasons": [each.reason for each in raised],
            "places": [each.place for each in raised],
            "counts": [each.count for each in raised],
        }
        await session.execute(RAISE, {"at": ledger.at, **columns})
    await session.execute(FORGET, {"before": ledger.at - KEPT})


async def latest_alarms(session: AsyncSession, most: int) -> Sequence[Alarm]:
    """Return the newest alarms, newest first."""
    return (
        await session.scalars(
            select(Alarm).order_by(col(Alarm.began_at).desc(), col(Alarm.id).desc()).limit(most)
        )
    ).all()
