"""A fault of the client library's own reconnects the reader, and ends nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer

from shared.kafka.poll import Polled, PollFailed, poll, poll_for_ever
from shared.kafka.stall_watch import StallWatch


class Broken:
    """A consumer that fails as no client library should."""

    async def getmany(self, **_: object) -> dict[Any, Any]:
        """Fail."""
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


async def test_whatever_the_library_raises_is_a_failed_poll() -> None:
    with pytest.raises(PollFailed, match="UnicodeDecodeError"):
        await poll(cast("AIOKafkaConsumer", Broken()), {})


async def test_a_failed_poll_connects_again() -> None:
    connected = asyncio.Semaphore(0)

    @contextlib.asynccontextmanager
    async def connect() -> AsyncIterator[AIOKafkaConsumer]:
        connected.release()
        yield cast("AIOKafkaConsumer", Broken())

    async def work(_: AIOKafkaConsumer, __: Polled) -> None:
        raise AssertionError

    polling = asyncio.create_task(poll_for_ever(connect, work, watch=lambda: StallWatch(["t"])))
    async with asyncio.timeout(10):
        for _ in range(3):
            await connected.acquire()
    assert not polling.done()
    polling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await polling
