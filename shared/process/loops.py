"""Loops that have no end: one that comes to an end all the same, in whatever way, is a failure that is seen."""

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
    """A loop that has no end came to one; it says which."""


def is_cancelled() -> bool:
    """Say whether somebody cancelled the present task; a `CancelledError` without that came out of a library, and would end a loop unseen."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def endless(loop: Loop) -> None:
    """Run a loop until cancelled; raises what it raises, and `LoopEnded` where it ends otherwise.

    A task group takes a `CancelledError` that nobody asked for as wished, and goes on without that task and without a word.
    """
    try:
        await loop
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        raise LoopEnded(_name(loop)) from error
    raise LoopEnded(_name(loop))


async def run_together(*loops: Loop) -> None:
    """Run loops until cancelled; where one fails, or ends, the others end too and an exception group is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(endless(loop))
    finally:
        _close(loops)


@asynccontextmanager
async def running_beside(*loops: Loop) -> AsyncIterator[None]:
    """Run loops beside an app for as long as the context lasts; should one fail or end, so does the process: uvicorn would serve on without it."""
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
    """Close those that were cancelled before their first step: Python warns of a coroutine that never ran."""
    for loop in loops:
        loop.close()


def _name(loop: Loop) -> str:
    return str(getattr(loop, "__qualname__", loop))
