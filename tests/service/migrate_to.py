"""Databases as an earlier version left them."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlmodel import SQLModel, select

from shared.database.engine import connect, migrate, open_database

FIRST = "0001"
TABLES = "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"


async def migrate_to(folder: Path, dsn: str, revision: str) -> None:
    """Bring an empty database to an older revision."""
    await asyncio.to_thread(command.upgrade, _config(folder, dsn), revision)


async def migrate_back(folder: Path, dsn: str, revision: str) -> None:
    """Bring a database back to an older revision, with what is in it."""
    await asyncio.to_thread(command.downgrade, _config(folder, dsn), revision)


async def changed_by_upgrade(
    folder: Path, dsn: str, rows: str, models: Sequence[type[SQLModel]]
) -> list[str]:
    """Return the columns of the first revision that a model does not read as they were before the upgrade.

    `rows` is SQL that inserts one row into each table of an empty database of that revision, and `models` are
    of all these tables.
    """
    await migrate_to(folder, dsn, FIRST)
    connection = await connect(dsn)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    await connection.execute(rows)
    assert {model.__tablename__ for model in models} == {
        row["tablename"] for row in await connection.fetch(TABLES)
    }
    before = [await connection.fetchrow(f"select * from {model.__tablename__}") for model in models]  # noqa: S608  ours
    await connection.close()
    await asyncio.to_thread(migrate, folder, dsn)
    async with open_database(dsn) as sessions, sessions() as session:
        after = [(await session.scalars(select(model))).one() for model in models]
    pairs = zip(before, after, strict=True)
    return [
        f"{type(read).__name__}.{name}"
        for was, read in pairs
        for name, value in was.items()
        if getattr(read, name) != value
    ]


def _config(folder: Path, dsn: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.attributes["dsn"] = dsn
    return config
