"""The SQLAlchemy engine, sessions and migrations on PostgreSQL, and which errors are transient."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from alembic import command
from alembic.config import Config
from asyncpg.exceptions import DataError, InternalClientError, PostgresError
from asyncpg.exceptions import InterfaceError as DriverError
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from shared.database.address import read_database_address
from shared.database.advisory_locks import MIGRATIONS
from shared.database.connection import COMMAND_SECONDS, MAX_CONNECTIONS, NoWritableServer, connect
from shared.database.driver_errors import DRIVER_ERRORS
from shared.database.drop_lost_connections import drop_lost_connections

__all__ = [
    "BY_INDEX",
    "DATABASE_ERRORS",
    "Sessions",
    "connect",
    "create_engine",
    "create_sessions",
    "is_transient",
    "migrate",
    "open_database",
    "ping",
    "run_migrations",
]

Sessions: TypeAlias = async_sessionmaker[AsyncSession]
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
BY_INDEX: Mapping[str, str] = MappingProxyType({"enable_seqscan": "off"})
"""Server settings where every statement has an index.

A plan made for a small table would scan it until the next ANALYZE.
"""
POOL_SECONDS = 3.0
MIGRATION_PAUSE_SECONDS = 0.2


def create_engine(
    dsn: str,
    *,
    most: int = MAX_CONNECTIONS,
    server_settings: Mapping[str, str] = NO_SETTINGS,
    try_first: bool = True,
    command_seconds: float | None = COMMAND_SECONDS,
) -> AsyncEngine:
    """Return a connection pool for `postgresql://…`; raises `BadDatabaseAddress`.

    At most `most` connections are open, half of them permanently. With `try_first` a connection is tested
    each time it is taken, and a dead or read-only one replaced; otherwise the first statement on it fails. A
    loop that retries its work anyway saves a round trip per transaction that way. `server_settings` are
    PostgreSQL's own (`{"enable_seqscan": "off"}`), for each connection of the pool.
    """
    read_database_address(dsn)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(connect, dsn, command_timeout=command_seconds, server_settings=server_settings),
        pool_size=(most + 1) // 2,
        max_overflow=most // 2,
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,
    )
    drop_lost_connections(engine.sync_engine, try_first=try_first)
    return engine


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Return a session factory; objects stay readable after the commit."""
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


@asynccontextmanager
async def open_database(
    dsn: str,
    *,
    most: int = MAX_CONNECTIONS,
    server_settings: Mapping[str, str] = NO_SETTINGS,
    try_first: bool = True,
) -> AsyncIterator[Sessions]:
    """Open a pool for as long as the context lasts."""
    engine = create_engine(dsn, most=most, server_settings=server_settings, try_first=try_first)
    try:
        yield create_sessions(engine)
    finally:
        await engine.dispose()


async def ping(sessions: Sessions) -> None:
    """Check that a connection accepts writes; raises the driver's error otherwise."""
    async with sessions() as session:
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        if await session.scalar(text("show transaction_read_only")) == "on":
            raise NoWritableServer("the server is read-only")


def migrate(folder: Path, dsn: str) -> None:
    """Upgrade one database to the newest revision of `folder`, an Alembic script folder.

    Idempotent; may run twice at the same time.
    """
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")


def run_migrations(metadata: MetaData) -> None:
    """Run the migrations, from an Alembic `env.py`: `run_migrations(models.metadata)`."""
    from alembic import context  # noqa: PLC0415  alembic's context exists only while env.py runs

    async def online() -> None:
        engine = create_engine(context.config.attributes["dsn"], command_seconds=None)
        try:
            async with engine.connect() as connection:
                await _only_one(connection)
                await connection.run_sync(_upgrade, metadata)
        finally:
            await engine.dispose()

    asyncio.run(online())


def _upgrade(connection: Connection, metadata: MetaData) -> None:
    from alembic import context  # noqa: PLC0415  as above

    # One transaction each, so that a migration can leave it (`autocommit_block`) to create an index
    # concurrently.
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _only_one(connection: AsyncConnection) -> None:
    """Wait for other processes that migrate; the lock lasts as long as the connection.

    It polls: a statement that waits for the lock holds a snapshot, which `create index concurrently` would
    wait for.
    """
    while not await connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": MIGRATIONS}):
        await connection.rollback()
        await asyncio.sleep(MIGRATION_PAUSE_SECONDS)
    await connection.commit()


TRANSIENT_SQLSTATES = ("08", "25006", "40", "53", "55P03", "57", "58")
"""Lost connections, read-only server, serialization and deadlock, resources, locks, shutdown, files."""


DATABASE_ERRORS = (SQLAlchemyError, *DRIVER_ERRORS)
"""All errors of an unavailable database: while a connection is being made it is the driver's own error."""


def is_transient(error: BaseException) -> bool:
    """True if a failure comes from a server that is unavailable or busy, so that a retry may succeed."""
    if isinstance(error, InterfaceError | InternalClientError | OSError | TimeoutError | PoolTimeoutError):
        return True
    if isinstance(error, DriverError):
        return not isinstance(error, DataError | ValueError | TypeError)
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _state(error.orig).startswith(TRANSIENT_SQLSTATES)
    return isinstance(error, PostgresError) and _state(error).startswith(TRANSIENT_SQLSTATES)


def _state(error: object) -> str:
    return getattr(error, "sqlstate", None) or ""
