"""Waits between two faults until a request that was sent after the first has its receipt."""

import asyncio
import time
from datetime import UTC, datetime

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError

MAX_WAIT_SECONDS = 180.0
LOOK_SECONDS = 0.2
QUIET_SECONDS = 3.0
"""Time for groups and leases to find their owners, so that faults do not add up."""
RECEIPT_SINCE = (
    "select exists (select from deliveries where template = 'receipt' and state = 'sent' and "
    "submitted_at > $1)"
)
AWAY = (OSError, TimeoutError, PostgresError, InterfaceError, InternalClientError)


async def wait_for_receipt(notifier_database: str, since: float) -> None:
    """Wait for the receipt of a request sent after `since`, at most `MAX_WAIT_SECONDS`.

    `since` is in seconds since 1970.
    """
    deadline, moment = time.monotonic() + MAX_WAIT_SECONDS, datetime.fromtimestamp(since, UTC)
    while time.monotonic() < deadline and not await _receipted(notifier_database, moment):  # noqa: ASYNC110  another process has no event to wait for
        await asyncio.sleep(LOOK_SECONDS)
    await asyncio.sleep(QUIET_SECONDS)


async def _receipted(database: str, moment: datetime) -> bool:
    try:
        connection = await asyncpg.connect(database, timeout=5)
        try:
            return bool(await connection.fetchval(RECEIPT_SINCE, moment, timeout=5))
        finally:
            await connection.close()
    except AWAY:
        return False
