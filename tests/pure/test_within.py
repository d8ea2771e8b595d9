"""A call that swallows its cancellation holds up nobody."""

import asyncio
import time

import pytest

from shared.kafka.within import within


async def stubborn(until: asyncio.Event) -> str:
    while not until.is_set():
        try:
            await until.wait()
        except asyncio.CancelledError:
            continue
    return "done"


async def quick(value: int) -> int:
    return value


async def broken() -> None:
    raise LookupError


async def test_a_call_gives_what_it_gives() -> None:
    assert await within(1, quick(7)) == 7
    with pytest.raises(LookupError):
        await within(1, broken())


async def test_a_call_that_cannot_be_cancelled_ends_in_time_all_the_same() -> None:
    until, began = asyncio.Event(), time.monotonic()
    with pytest.raises(TimeoutError):
        await within(0.1, stubborn(until))
    assert time.monotonic() - began < 1
    until.set()


async def test_who_waits_for_it_can_be_cancelled() -> None:
    until = asyncio.Event()
    waiting = asyncio.create_task(within(60, stubborn(until)))
    await asyncio.sleep(0)
    waiting.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - began < 3
    until.set()
