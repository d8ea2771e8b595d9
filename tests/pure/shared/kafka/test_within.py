"""A call that swallows its cancellation holds up nobody."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.kafka.poll import poll_for_ever
from shared.kafka.stall_watch import StallWatch
from shared.kafka.within import CancelledByLibrary, within
from tests.eventually import eventually


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
    assert time.monotonic() - began < 30, "it would never end by itself"
    until.set()


async def test_who_waits_for_it_can_be_cancelled() -> None:
    until = asyncio.Event()
    waiting = asyncio.create_task(within(60, stubborn(until)))
    await asyncio.sleep(0)
    waiting.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - began < 30, "the limit is a minute"
    until.set()


async def cancelled_by_itself() -> None:
    raise asyncio.CancelledError


async def test_what_the_library_cancels_is_an_error_and_no_cancellation() -> None:
    with pytest.raises(CancelledByLibrary):
        await within(1, cancelled_by_itself())


async def test_a_reader_goes_on_when_the_library_cancels_its_wait_and_ends_when_it_is_cancelled() -> None:
    connected: list[int] = []

    @asynccontextmanager
    async def connect() -> AsyncIterator[Any]:
        connected.append(1)
        raise asyncio.CancelledError
        yield

    async def work(*_: object) -> None:
        raise AssertionError

    beats: list[int] = []
    reading = asyncio.create_task(
        poll_for_ever(connect, work, watch=lambda: StallWatch(["x"]), alive=lambda: beats.append(1))
    )

    async def tried_again() -> None:
        assert len(connected) > 1
        assert beats, "a reader that tries again is alive"

    await eventually(tried_again)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
