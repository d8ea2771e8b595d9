"""The one way to a connection, for bare asyncpg and for the pool."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from asyncpg.exceptions import InternalClientError, InvalidPasswordError
from sqlalchemy import text

from shared.database.connection import NoWritableServer
from shared.database.driver_errors import DRIVER_ERRORS
from shared.database.engine import connect, is_transient, open_database, ping
from tests.conftest import FreshDatabase
from tests.infra.embedded import free_ports


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Take connections and never say a word, as a host does whose network is gone; return the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def with_hosts(dsn: str, *before: str, query: str = "") -> str:
    """Put hosts before the one of the address."""
    parts = urlsplit(dsn)
    account, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{account}@{','.join((*before, host))}", query=query).geturl()


@pytest.mark.parametrize(
    "query", ["sslmode=disable", "sslmode=prefer", "sslmode=allow", "application_name=mine&connect_timeout=3"]
)
async def test_asyncpg_and_sqlalchemy_take_the_same_address(
    fresh_database: FreshDatabase, query: str
) -> None:
    dsn = with_hosts(await fresh_database("shared"), query=query)
    connection = await connect(dsn)
    async with open_database(dsn) as sessions, sessions() as session:
        name = "show application_name"
        assert (
            await session.scalar(text(name))
            == await connection.fetchval(name)
            == ("mine" if "mine" in query else "asiointi")
        )
        await ping(sessions)
    await connection.close()


async def test_a_demand_for_tls_that_the_server_does_not_have_is_refused(
    fresh_database: FreshDatabase,
) -> None:
    dsn = with_hosts(await fresh_database("shared"), query="sslmode=require")
    with pytest.raises(ConnectionError, match="rejected SSL"):
        await connect(dsn)
    async with open_database(dsn) as sessions:
        with pytest.raises(ConnectionError, match="rejected SSL"):
            await ping(sessions)


async def test_the_next_host_is_tried_at_once_where_one_is_gone_and_soon_where_one_hangs(
    fresh_database: FreshDatabase,
) -> None:
    dsn, (closed,) = await fresh_database("shared"), free_ports(1)
    async with silent_server() as silent, asyncio.timeout(2):
        connection = await connect(with_hosts(dsn, f"127.0.0.1:{closed}", f"127.0.0.1:{silent}"))
        assert await connection.fetchval("select 1") == 1
        await connection.close()


async def test_a_read_only_server_is_not_connected_to_and_counts_as_away(
    fresh_database: FreshDatabase,
) -> None:
    dsn = with_hosts(await fresh_database("shared"), query="options=-c default_transaction_read_only=on")
    with pytest.raises(NoWritableServer) as refused:
        await connect(dsn)
    assert is_transient(refused.value)
    connection = await connect(dsn + "&target_session_attrs=any")
    assert await connection.fetchval("show transaction_read_only") == "on"
    await connection.close()


async def test_a_wrong_password_is_told_as_such_though_other_hosts_are_away(
    fresh_database: FreshDatabase,
) -> None:
    dsn, (closed,) = await fresh_database("shared"), free_ports(1)
    with pytest.raises(InvalidPasswordError):
        await connect(with_hosts(dsn, f"127.0.0.1:{closed}").replace(urlsplit(dsn).password or "", "wrong"))


def test_a_driver_that_lost_track_of_its_session_counts_as_away() -> None:
    error = InternalClientError("cannot switch to state 12; another operation (2) is in progress")
    assert is_transient(error)
    assert isinstance(error, DRIVER_ERRORS), "a lease makes a new session instead of ending its process"
