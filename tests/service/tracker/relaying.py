"""Running tracker's loops inside a test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from services.tracker.relay import Relay
from shared.health import Liveness
from shared.kafka.producer import EventProducer


@asynccontextmanager
async def running(loop: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Run a loop for as long as the context lasts; it must not end by itself."""
    task = asyncio.create_task(loop)
    try:
        yield task
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def relaying(dsn: str, producer: EventProducer) -> AsyncIterator[Relay]:
    """Run a relay for as long as the context lasts."""
    relay = Relay(dsn, producer, Liveness(None, ()))
    async with running(relay.run()):
        yield relay
