"""Bounds a call of the client library, which can swallow the cancellation that `asyncio.timeout` relies on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_SECONDS = 1.0
_left_behind: set["asyncio.Task[Any]"] = set()


class CancelledByLibrary(ConnectionError):
    """The client library cancelled what it was asked for, as it does with what waits on a connection that it closes."""


async def within(seconds: float, call: Coroutine[Any, Any, T]) -> T:
    """Give what a call gives; raises `TimeoutError` after `seconds`, though the call may go on for ever.

    aiokafka closes its tasks with `suppress(CancelledError)`, so a `stop()` that is cancelled can wait on.
    """
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
        _leave_behind(task)
        raise
    if done:
        if task.cancelled():
            raise CancelledByLibrary
        return task.result()
    task.cancel()
    _leave_behind(task)
    raise TimeoutError


def _leave_behind(task: "asyncio.Task[Any]") -> None:
    """Keep what goes on from being collected, and its error from being logged as never retrieved."""
    _left_behind.add(task)
    task.add_done_callback(_forget)


def _forget(task: "asyncio.Task[Any]") -> None:
    _left_behind.discard(task)
    if not task.cancelled():
        task.exception()
