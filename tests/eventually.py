"""Waiting in tests: ask until it holds, with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.02
DEADLINE = 10.0


async def eventually(check: Callable[[], Awaitable[T]], timeout: float = DEADLINE) -> T:  # noqa: ASYNC109  a deadline for the whole wait
    """Call `check` until it raises nothing and gives no `False`, and give what it gave.

    At the deadline its last error is raised.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            async with asyncio.timeout_at(
                asyncio.get_running_loop().time() + max(deadline - time.monotonic(), PAUSE)
            ):
                answer = await check()
        except Exception:
            if time.monotonic() >= deadline:
                raise
        else:
            if answer is not False:
                return answer
            if time.monotonic() >= deadline:
                message = f"{getattr(check, '__name__', check)} did not hold within {timeout} s"
                raise AssertionError(message)
        await asyncio.sleep(PAUSE)


def eventually_sync(check: Callable[[], T], timeout: float = DEADLINE) -> T:
    """Do the same for a check that is no coroutine."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            answer = check()
        except Exception:
            if time.monotonic() >= deadline:
                raise
        else:
            if answer is not False:
                return answer
            if time.monotonic() >= deadline:
                message = f"{getattr(check, '__name__', check)} did not hold within {timeout} s"
                raise AssertionError(message)
        time.sleep(PAUSE)
