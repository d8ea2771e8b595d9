"""Runs endless loops and makes sure that one that ends, for any reason, is seen as a failure."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from shared.process.logs import get_log

log = get_log(__name__)

Loop: TypeAlias = Coroutine[Any, Any, None]


class LoopEnded(RuntimeError):
    """An endless loop ended; the message names it."""


def is_cancelled() -> bool:
    """True if the present task was cancelled.

    A `CancelledError` without that came out of a library, and would end a loop unseen.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def endless(loop: Loop) -> None:
    """Run a loop until cancelled; raises what it raises, and `LoopEnded` where it returns.

    A task group takes a stray `CancelledError` for a normal end, and silently goes on without that task.
    """
    try:
        await loop
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        raise LoopEnded(_name(loop)) from error
    raise LoopEnded(_name(loop))


async def run_together(*loops: Loop) -> None:
    """Run loops until cancelled.

    When one fails or ends, the others are cancelled and an exception group is raised.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(endless(loop))
    finally:
        _close(loops)


@asynccontextmanager
async def running_beside(*loops: Loop) -> AsyncIterator[None]:
    """Run loops beside an app for as long as the context lasts; if one fails or ends, the process ends.

    Otherwise uvicorn would go on serving without it.
    """
    tasks = [asyncio.create_task(_end_process_with(loop)) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _close(loops)


async def _end_process_with(loop: Loop) -> None:
    try:
        await endless(loop)
    except Exception as error:
        log.critical("loop_failed", loop=_name(loop), error=type(error).__name__, exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


def _close(loops: Iterable[Loop]) -> None:
    """Close loops that were cancelled before their first step: Python warns of a coroutine that never ran."""
    for loop in loops:
        loop.close()


def _name(loop: Loop) -> str:
    return str(getattr(loop, "__qualname__", loop))
