"""Keeps the counts of the ledger few: every step adds a row of its own, so that no step waits for another."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.advisory_locks import LEDGER_FOLD

FOLD = text("""
    with folded as (delete from ledger_counts returning name, n)
    insert into ledger_counts (name, n) select name, sum(n) from folded group by name
""")


async def fold_counts(session: AsyncSession) -> None:
    """Make one row of each count; a process that is doing it already is not disturbed."""
    if await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": LEDGER_FOLD}):
        await session.execute(FOLD)
