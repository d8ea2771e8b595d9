"""Replaces pooled connections whose server is gone, hangs, or is read-only after a fail-over."""

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from shared.database.driver_errors import DRIVER_ERRORS

TRY_SECONDS = 2.0
READ_ONLY = "25006"


def drop_lost_connections(engine: Engine, *, try_first: bool) -> None:
    """Drop all pooled connections once one shows that its server is lost.

    With `try_first` each connection is tested before it is used.
    """
    event.listen(engine, "handle_error", _on_error)
    if try_first:
        event.listen(engine, "checkout", _on_checkout)


def _on_error(context: ExceptionContext) -> None:
    error = context.original_exception
    if (
        isinstance(error, TimeoutError)
        and context.connection is not None
        and not context.connection.invalidated
    ):
        # A normal close would wait for the server.
        _terminate(context.connection.connection.driver_connection)
        context.is_disconnect = True
    elif getattr(error, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _on_checkout(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
    if not entry.info.get("used"):
        entry.info["used"] = True  # a new one was tested when it was made; `info` ends with the connection
        return
    if not connection.run_async(_takes_writes):
        raise InvalidatePoolError("The server is gone or read-only")


async def _takes_writes(connection: asyncpg.Connection) -> bool:
    try:
        return bool(await connection.fetchval("show transaction_read_only", timeout=TRY_SECONDS) == "off")
    except DRIVER_ERRORS:
        _terminate(connection)
        return False


def _terminate(connection: object) -> None:
    if isinstance(connection, asyncpg.Connection):
        connection.terminate()
