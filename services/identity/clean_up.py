"""Deletes expired rows of identity's database once a minute."""

import asyncio
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from services.identity.models import Assertion, Attempt, BankVisit, Grant, Identification, Throttle, utc_now
from services.identity.staff.throttle import FORGOTTEN_AFTER
from shared.database.engine import DATABASE_ERRORS, Sessions
from shared.process.logs import get_log

log = get_log(__name__)

PAUSE_SECONDS = 60
IDENTIFICATIONS_KEPT = timedelta(days=1)
"""Far longer than a bank's answer stays fresh, so that no answer can be used again after this."""


async def clean_up_forever(sessions: Sessions) -> None:
    """Clean up every minute, for ever; after an error the next round tries again."""
    while True:
        try:
            await clean_up(sessions)
        except DATABASE_ERRORS as error:
            log.warning("clean_up_failed", error=type(error).__name__)
        except Exception as error:
            log.exception("clean_up_failed", error=type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def clean_up(sessions: Sessions) -> None:
    """Delete expired rows in one transaction; handshakes are deleted with their attempts."""
    now = utc_now()
    async with sessions() as session, session.begin():
        for table in (Attempt, Grant, Assertion, BankVisit):
            await session.execute(delete(table).where(col(table.expires_at) < now))
        await session.execute(
            delete(Identification).where(col(Identification.seen_at) < now - IDENTIFICATIONS_KEPT)
        )
        # A login locks two of these rows in an order of its own, so locked rows wait for the next round.
        forgotten = (
            select(Throttle.name_digest)
            .where(col(Throttle.last_failed_at) < now - FORGOTTEN_AFTER)
            .with_for_update(skip_locked=True)
        )
        await session.execute(delete(Throttle).where(col(Throttle.name_digest).in_(forgotten)))
