"""Rows that have run out are deleted, once a minute."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import delete, select

from services.identity.models import Assertion, Attempt, BankVisit, Grant, Identification, Throttle
from services.identity.resources import utc_now
from services.identity.staff.throttle import FORGOTTEN_AFTER
from shared.database import DATABASE_ERRORS, Sessions
from shared.logs import get_log
from shared.loops import running_beside

log = get_log(__name__)

PAUSE_SECONDS = 60
IDENTIFICATIONS_KEPT = timedelta(days=1)
"""Far longer than an answer of a bank stays fresh, so that forgetting a number never lets one in again."""


@asynccontextmanager
async def cleaning_up(sessions: Sessions) -> AsyncIterator[None]:
    """Clean up for as long as the context lasts."""
    async with running_beside(clean_up_forever(sessions)):
        yield


async def clean_up_forever(sessions: Sessions) -> None:
    """Clean up every minute; a database that is away is tried again a minute later."""
    while True:
        try:
            await clean_up(sessions)
        except DATABASE_ERRORS as error:
            log.warning("clean_up_failed", error=type(error).__name__)
        except Exception as error:
            log.exception("clean_up_failed", error=type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def clean_up(sessions: Sessions) -> None:
    """Delete what has run out; handshakes go with their attempts."""
    now = utc_now()
    async with sessions() as session, session.begin():
        for table in (Attempt, Grant, Assertion, BankVisit):
            await session.execute(delete(table).where(table.expires_at < now))
        await session.execute(delete(Identification).where(Identification.seen_at < now - IDENTIFICATIONS_KEPT))
        # A try locks two of these in its own order: what it holds is left to the next time.
        forgotten = select(Throttle.name_digest).where(Throttle.last_failed_at < now - FORGOTTEN_AFTER).with_for_update(skip_locked=True)
        await session.execute(delete(Throttle).where(Throttle.name_digest.in_(forgotten)))
