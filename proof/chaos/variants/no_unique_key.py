"""Broken variant: drops notifier's unique key, so that a batch that is read twice is mailed twice."""

import asyncio
import os

import asyncpg
from sqlalchemy import text

from services.notifier.queue import deliveries as product


def break_it() -> None:
    """Drop the constraint, and remove what needs it from the statement."""
    product.INSERT = text(product.INSERT.text.replace("on conflict (event_id, template) do nothing", ""))
    asyncio.run(_drop())


async def _drop() -> None:
    connection = await asyncpg.connect(os.environ["NOTIFIER_DATABASE_URL"], timeout=10)
    try:
        await connection.execute("alter table deliveries drop constraint if exists deliveries_event")
    finally:
        await connection.close()
