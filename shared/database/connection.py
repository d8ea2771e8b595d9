"""Opens connections to PostgreSQL on the host that accepts writes, and detects dead connections."""

import asyncio
import ssl
from collections.abc import Sequence
from socket import (
    AF_UNIX,
    IPPROTO_TCP,
    SO_KEEPALIVE,
    SOL_SOCKET,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_USER_TIMEOUT,
)
from typing import Any

import asyncpg
from asyncpg.exceptions import CannotConnectNowError, TargetServerAttributeNotMatched

from shared.database.address import SYSTEM, DatabaseAddress, read_database_address

MAX_CONNECTIONS = 20


COMMAND_SECONDS = 10.0
HEAD_START_SECONDS = 0.5
KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
SOCKET_OPTIONS = {
    "keepalives_idle": TCP_KEEPIDLE,
    "keepalives_interval": TCP_KEEPINTVL,
    "keepalives_count": TCP_KEEPCNT,
    "tcp_user_timeout": TCP_USER_TIMEOUT,
}
# The server too drops a dead client, and its locks, within seconds instead of two hours.
SERVER_SETTINGS = {
    "application_name": "asiointi",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "client_connection_check_interval": "5000",
    # A process that is frozen in a transaction keeps its rows locked; this limits how long others wait.
    "idle_in_transaction_session_timeout": "15000",
}


class NoWritableServer(ConnectionError):
    """Servers answer, but none that the address asks for: usually all are read-only during a fail-over."""


async def connect(dsn: str, **options: Any) -> asyncpg.Connection:  # noqa: ANN401  asyncpg's own options
    """Open a bare connection; `options` are those of `asyncpg.connect`, and override the address.

    Raises `BadDatabaseAddress`, `OSError` (also `NoWritableServer`) and asyncpg's own errors.

    Each command ends after `COMMAND_SECONDS` with `TimeoutError`, unless `command_timeout` says otherwise: a
    dead connection gives no other sign. Several hosts are tried in their order, each a little after the one
    before it, so that a hanging host delays nobody.
    """
    address = read_database_address(dsn)
    settings = {**SERVER_SETTINGS, **address.server_settings, **options.pop("server_settings", {})}
    shared = {
        "timeout": address.connect_seconds,
        "command_timeout": COMMAND_SECONDS,
        **options,
        "server_settings": settings,
    }
    return await _connect_to_first(address, shared)


async def _connect_to_first(address: DatabaseAddress, options: dict[str, Any]) -> asyncpg.Connection:
    waiting, running, failures = (
        list(address.hosts),
        set[asyncio.Task[asyncpg.Connection]](),
        list[BaseException](),
    )
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_connect(address, waiting.pop(0), options)))
            done, _ = await asyncio.wait(
                running, timeout=HEAD_START_SECONDS if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if error is None:
                    running.remove(task)
                    return task.result()
                running.remove(task)
                failures.append(error)
    finally:
        await _abandon(running)
    raise _most_informative(failures)


async def _connect(
    address: DatabaseAddress, place: tuple[str | None, int | None], options: dict[str, Any]
) -> asyncpg.Connection:
    host, port = place
    try:
        connection: asyncpg.Connection = await asyncpg.connect(
            address.tls_dsn,
            **{
                "target_session_attrs": address.target_session_attrs,
                "ssl": _system_trust(address),
                **options,
            },
            host=host,
            port=port,
            user=address.user,
            password=address.password,
            database=address.database,
            passfile=address.passfile,
        )
    except TargetServerAttributeNotMatched as error:
        raise NoWritableServer(f"{host}: the server is not {address.target_session_attrs}") from error
    _detect_dead_connection(connection, {**KEEPALIVE, **address.keepalive})
    return connection


def _system_trust(address: DatabaseAddress) -> ssl.SSLContext | None:
    if address.tls.get("sslrootcert") != SYSTEM:
        return None
    context = ssl.create_default_context()
    if "sslcert" in address.tls:
        context.load_cert_chain(
            address.tls["sslcert"], address.tls.get("sslkey"), lambda: address.tls.get("sslpassword", "")
        )
    return context


def _detect_dead_connection(connection: asyncpg.Connection, keepalive: dict[str, int]) -> None:
    """Set TCP keepalive and user time-out on the socket; asyncpg has no setting for it."""
    socket = connection._transport.get_extra_info("socket")  # noqa: SLF001
    if socket.family == AF_UNIX:
        return
    socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
    for name, option in SOCKET_OPTIONS.items():
        socket.setsockopt(IPPROTO_TCP, option, keepalive[name])


async def _abandon(tasks: set["asyncio.Task[asyncpg.Connection]"]) -> None:
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, asyncpg.Connection):
            ended.terminate()


def _most_informative(failures: Sequence[BaseException]) -> BaseException:
    """Prefer what a server answered, such as a wrong password, to an unavailable or read-only server."""
    answers = (
        error for error in failures if not isinstance(error, OSError | TimeoutError | CannotConnectNowError)
    )
    return next(answers, failures[0])
