"""Follows a topic as the product does, in a test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from shared.kafka.batches import Record
from shared.kafka.connection import KafkaConnection
from shared.kafka.follow import follow_topics


@contextlib.asynccontextmanager
async def followed_records(
    kafka: KafkaConnection, topic: str, *, back_seconds: float = 600
) -> AsyncIterator[list[Record]]:
    """Return a list that grows with the topic's records; the follower must live as long as the context."""
    found: list[Record] = []
    task = asyncio.create_task(
        follow_topics(kafka, [topic], found.append, back_seconds=back_seconds, most=100_000)
    )
    try:
        yield found
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
