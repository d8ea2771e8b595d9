"""Tracker's floor: the rows that it wrote, inserted again in batches into empty tables with the same indexes, and nothing else.

`python -m proof.bench.floors.inserts FROM_DSN TO_DSN HOW_MANY` prints `{"count": …, "seconds": …}`.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import uvloop

BATCH = 500
EVENT_FACTS_BYTES = 450
COLUMNS = """
select attname, format_type(atttypid, atttypmod) as kind from pg_attribute
where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = '' order by attnum
"""
ROWS = "select * from requests where request_id in (select request_id from requests order by registered_at desc limit $1)"
ENTRIES = """
select h.*, length(r.sealed_contact) as sealed from history h join requests r using (request_id)
where h.type = 'request.registered.v1' and h.request_id = any($1::uuid[])
"""


@dataclass(frozen=True)
class Insert:
    """One statement and its parameters: an array for each column."""

    statement: str
    parameters: Sequence[list[Any]]


async def insert_of(connection: "asyncpg.Connection", table: str, rows: Sequence[dict[str, Any]]) -> Insert:
    """Prepare the insert of a batch into a table; identity columns are left to the server."""
    columns = {row["attname"]: row["kind"] for row in await connection.fetch(COLUMNS, table)}
    places = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), start=1))
    statement = f"insert into {table} ({', '.join(columns)}) select * from unnest({places})"  # noqa: S608  the table's own names
    return Insert(statement, [[row[name] for row in rows] for name in columns])


async def read_rows(source: str, count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read what tracker wrote last: requests and the first entries of their histories, with as many bytes to publish as they had."""
    connection = await asyncpg.connect(source)
    try:
        requests = [dict(row) for row in await connection.fetch(ROWS, count)]
        entries = [dict(row) for row in await connection.fetch(ENTRIES, [row["request_id"] for row in requests])]
    finally:
        await connection.close()
    return requests, [entry | {"value": bytes(entry["sealed"] + EVENT_FACTS_BYTES), "published_at": None} for entry in entries]


async def insert_all(source: str, target: str, count: int) -> dict[str, float]:
    """Insert `count` requests with their histories, a transaction a batch; the clock runs over the transactions alone."""
    requests, entries = await read_rows(source, count)
    connection = await asyncpg.connect(target)
    await connection.execute("truncate requests, history")
    batches = [
        (await insert_of(connection, "requests", some), await insert_of(connection, "history", theirs))
        for some, theirs in zip(_batches(requests), _batches(entries), strict=True)
    ]
    started = time.monotonic()
    for batch in batches:
        async with connection.transaction():
            for insert in batch:
                await connection.execute(insert.statement, *insert.parameters)
    seconds = time.monotonic() - started
    await connection.close()
    return {"count": len(requests), "seconds": seconds}


def _batches(rows: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


if __name__ == "__main__":
    print(json.dumps(uvloop.run(insert_all(sys.argv[1], sys.argv[2], int(sys.argv[3])))))  # noqa: T201  its result
