"""Running tracker's loops inside a test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from services.tracker.handle.publish_history import history_publisher
from shared.kafka.producer import EventProducer
from shared.outbox.publish import Publisher
from shared.web.health import Liveness


@asynccontextmanager
async def running_loop(loop: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
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
async def running_publisher(dsn: str, producer: EventProducer) -> AsyncIterator[Publisher]:
    """Publish the history for as long as the context lasts."""
    publisher = history_publisher(dsn, producer, Liveness(None, ()))
    async with running_loop(publisher.run()):
        yield publisher
