"""Finds code that holds one connection of a pool while it takes another.

Enough of it at once, and all wait for each other.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection

Holder = tuple["asyncio.Task[object]", int]


@contextmanager
def one_connection_at_a_time() -> Iterator[None]:
    """Refuse the second connection of a pool to a task that holds one, in every pool of this process.

    Raises at the end if there was one.
    """
    holders: dict[ConnectionPoolEntry, Holder] = {}
    twice: list[str] = []

    def on_checkout(
        _: DBAPIConnection, entry: ConnectionPoolEntry, connection: PoolProxiedConnection
    ) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        holder = (task, id(connection._pool))  # noqa: SLF001  the event does not name it
        if any(holder == other for known, other in holders.items() if known is not entry):
            twice.append(f"{task.get_name()} of {task.get_coro()}")
            raise AssertionError("holds one connection while it takes another")
        holders[entry] = holder

    def on_checkin(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        holders.pop(entry, None)

    event.listen(Pool, "checkout", on_checkout)
    event.listen(Pool, "checkin", on_checkin)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", on_checkout)
        event.remove(Pool, "checkin", on_checkin)
    assert not twice, f"tasks that held two connections of one pool: {twice}"
