"""Limits the time of an aiokafka call, which can swallow the cancellation that `asyncio.timeout` needs."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_SECONDS = 1.0
_left_behind: set["asyncio.Task[Any]"] = set()


class CancelledByLibrary(ConnectionError):
    """aiokafka cancelled the call itself, as it does when it closes the connection that the call waits on."""


async def within(seconds: float, call: Coroutine[Any, Any, T]) -> T:
    """Return the call's result; raises `TimeoutError` after `seconds`, though the call may go on for ever.

    aiokafka ends its tasks with `suppress(CancelledError)`, so a cancelled `stop()` can go on waiting.
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
    """Keep a reference to an abandoned task, so that asyncio neither collects it nor logs its error."""
    _left_behind.add(task)
    task.add_done_callback(_forget)


def _forget(task: "asyncio.Task[Any]") -> None:
    _left_behind.discard(task)
    if not task.cancelled():
        task.exception()
