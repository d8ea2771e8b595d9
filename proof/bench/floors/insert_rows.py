"""Tracker's floor: inserts the rows that tracker wrote again, in batches, into empty tables."""

import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import uvloop

BATCH = 500
EVENT_FACTS_BYTES = 450
COLUMNS = """
select attname, format_type(atttypid, atttypmod) as kind from pg_attribute
where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = '' order by attnum
"""
ROWS = (
    "select * from requests where request_id in (select request_id from requests order by registered_at "
    "desc limit $1)"
)
ENTRIES = """
select h.*, length(r.sealed_contact) as sealed from history h join requests r using (request_id)
where h.type = 'request.registered.v1' and h.request_id = any($1::uuid[])
"""


def insert_rows(source: str, target: str, count: int) -> float:
    """Insert the latest `count` requests with their histories, one transaction per batch.

    Returns how many requests per second.
    """
    return uvloop.run(_insert_rows(source, target, count))


async def insert(
    connection: asyncpg.Connection, table: str, rows: Sequence[dict[str, Any]]
) -> tuple[Any, ...]:
    """Prepare the insert of rows into a table, without identity columns.

    Returns the arguments for `execute`.
    """
    columns = {row["attname"]: row["kind"] for row in await connection.fetch(COLUMNS, table)}
    places = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), start=1))
    statement = f"insert into {table} ({', '.join(columns)}) select * from unnest({places})"  # noqa: S608  the table's own names
    return statement, *([row[name] for row in rows] for name in columns)


async def _insert_rows(source: str, target: str, count: int) -> float:
    """Insert rows, with as many bytes to publish as tracker had."""
    connection = await asyncpg.connect(source)
    requests = [dict(row) for row in await connection.fetch(ROWS, count)]
    entries = [dict(row) for row in await connection.fetch(ENTRIES, [row["request_id"] for row in requests])]
    entries = [
        entry | {"value": bytes(entry["sealed"] + EVENT_FACTS_BYTES), "published_at": None}
        for entry in entries
    ]
    await connection.close()
    connection = await asyncpg.connect(target)
    await connection.execute("truncate requests, history")
    prepared = [
        (
            await insert(connection, "requests", requests[start : start + BATCH]),
            await insert(connection, "history", entries[start : start + BATCH]),
        )
        for start in range(0, count, BATCH)
    ]
    started = time.monotonic()
    for batch in prepared:
        async with connection.transaction():
            for statement in batch:
                await connection.execute(*statement)
    seconds = time.monotonic() - started
    await connection.close()
    return len(requests) / seconds
