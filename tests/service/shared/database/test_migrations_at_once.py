"""Migrations that run at once, or were interrupted, end as one run.

Also those that make an index beside everything else.
"""

import asyncio
import sys

import asyncpg
import pytest

from shared.database.engine import migrate
from tests.conftest import SERVICES, FreshDatabase
from tests.service.migrate_to import migrate_to

TRACKER = SERVICES / "tracker" / "migrations"
BEFORE = "0019"
MIGRATE = (
    "import sys; from pathlib import Path; from shared.database.engine import migrate; "
    "migrate(Path(sys.argv[1]), sys.argv[2])"
)
FLAWED = "select relname from pg_index join pg_class on pg_class.oid = indexrelid where not indisvalid"


async def test_several_processes_at_once_wait_for_one_another_and_not_for_ever(
    fresh_database: FreshDatabase,
) -> None:
    dsn = await fresh_database("tracker")
    command = (sys.executable, "-c", MIGRATE, str(TRACKER), dsn)
    running = [await asyncio.create_subprocess_exec(*command, cwd=SERVICES.parent) for _ in range(3)]
    async with asyncio.timeout(60):
        assert [await each.wait() for each in running] == [0, 0, 0]
    connection = await asyncpg.connect(dsn)
    assert await connection.fetch(FLAWED) == []
    await connection.close()


async def test_an_index_whose_making_was_interrupted_is_made_anew(fresh_database: FreshDatabase) -> None:
    dsn = await fresh_database("tracker")
    await migrate_to(TRACKER, dsn, BEFORE)
    writer, other = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    writing = writer.transaction()
    await writing.start()
    await writer.execute("update requests set queue = queue")
    await other.execute("set statement_timeout = '200ms'")
    with pytest.raises(asyncpg.QueryCanceledError):
        await other.execute("create index concurrently requests_removable on requests (queue)")
    await writing.rollback()
    assert [row["relname"] for row in await other.fetch(FLAWED)] == ["requests_removable"]
    await asyncio.to_thread(migrate, TRACKER, dsn)
    assert await other.fetch(FLAWED) == []
    assert "retention_days" in await other.fetchval("select pg_get_indexdef('requests_removable'::regclass)")
    await writer.close()
    await other.close()
