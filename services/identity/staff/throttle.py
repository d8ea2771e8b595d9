"""Slows down guessing: after some failures in a row, a name has to wait, longer each time."""

from datetime import timedelta

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.keys import digest
from services.identity.models import Throttle
from services.identity.resources import utc_now
from shared.database import Sessions

FREE_FAILURES = 5
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)


async def count_try(sessions: Sessions, username: str) -> timedelta:
    """Count a try as failed before its password is looked at, and give how long the name has to wait (zero: go on).

    In a transaction of its own, so that tries at the same moment count each other. A try that has to wait does not count.
    """
    now = utc_now()
    async with sessions() as session, session.begin():
        known = await session.get(Throttle, digest(_key(username)), with_for_update=True)
        left: timedelta = known.last_failed_at + _wait(known.failures) - now if known else timedelta(0)
        if left > timedelta(0):
            return left
        row = insert(Throttle).values(name_digest=digest(_key(username)), failures=1, last_failed_at=now)
        again = case((Throttle.last_failed_at < now - FORGOTTEN_AFTER, 1), else_=Throttle.failures + 1)
        await session.execute(row.on_conflict_do_update(index_elements=[Throttle.name_digest], set_={"failures": again, "last_failed_at": now}))
    return timedelta(0)


async def forget_failures(session: AsyncSession, username: str) -> None:
    """Start anew after a login that went well."""
    await session.execute(delete(Throttle).where(Throttle.name_digest == digest(_key(username))))


def _wait(failures: int) -> timedelta:
    if failures < FREE_FAILURES:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(failures - FREE_FAILURES, 10)), LONGEST_WAIT)


def _key(username: str) -> str:
    return username.strip().lower()
