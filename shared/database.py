"""PostgreSQL: the engine, one transaction per message or HTTP request, and migrations."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Sessions: TypeAlias = async_sessionmaker[AsyncSession]
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def create_engine(dsn: str, *, pool_size: int = 10, server_settings: Mapping[str, str] = NO_SETTINGS, try_first: bool = True) -> AsyncEngine:
    """Make the pool of connections for `postgresql://…`.

    With `try_first` a connection is tried each time that it is taken, and a dead one replaced; without, the first statement on it fails. A loop that
    tries its work again anyway saves a round trip for each of its transactions.

    `server_settings` are PostgreSQL's own (`{"enable_seqscan": "off"}`), for each connection of the pool.
    """
    url = dsn.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+asyncpg://", 1)
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=try_first,
        hide_parameters=True,
        connect_args={"timeout": 5, "server_settings": {"application_name": "asiointi", **server_settings}},
    )


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Make sessions of an engine; objects stay readable after the commit."""
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


@asynccontextmanager
async def open_database(
    dsn: str, *, pool_size: int = 10, server_settings: Mapping[str, str] = NO_SETTINGS, try_first: bool = True
) -> AsyncIterator[Sessions]:
    """Open a pool for as long as the context lasts."""
    engine = create_engine(dsn, pool_size=pool_size, server_settings=server_settings, try_first=try_first)
    try:
        yield create_sessions(engine)
    finally:
        await engine.dispose()


async def ping(sessions: Sessions) -> None:
    """Ask the server for an answer; raises what the driver raises when it is away."""
    async with sessions() as session:
        await (await session.connection()).execute(text("select 1"))


def migrate(folder: Path, dsn: str) -> None:
    """Bring one database to the newest revision of `folder` (an Alembic script folder); repeatable, and safe to run twice at once."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")


def run_migrations(metadata: MetaData) -> None:
    """Do what an Alembic `env.py` has to do: `run_migrations(models.metadata)`."""
    from alembic import context  # noqa: PLC0415  alembic's context exists only while env.py runs

    async def online() -> None:
        engine = create_engine(context.config.attributes["dsn"])
        try:
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade, metadata)
                await connection.commit()
        finally:
            await engine.dispose()

    asyncio.run(online())


MIGRATION_LOCK = 4_711_001


def _upgrade(connection: Connection, metadata: MetaData) -> None:
    from alembic import context  # noqa: PLC0415  as above

    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


TRANSIENT_SQLSTATES = ("08", "25006", "40", "53", "55P03", "57")
"""Connection trouble, read-only server, serialization and deadlock, out of resources, lock not to be had, being shut down."""


def is_transient(error: BaseException) -> bool:
    """Say whether a failure is one of a server that is away or busy, so that the same work may succeed later."""
    if isinstance(error, InterfaceError | OSError | TimeoutError | PoolTimeoutError):
        return True
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or state.startswith(TRANSIENT_SQLSTATES)
    return False
