"""Broken variant: does not wait for acks, so that a kill loses accepted requests in the buffer."""

import asyncio
from collections.abc import Iterable

from shared.events.envelope import Message
from shared.kafka import producer as product


def break_it() -> None:
    """Remove the wait for acks from the producer."""
    product.EventProducer.send_all = _send_all  # type: ignore[method-assign]  # breaks it from outside


async def _send_all(
    self: product.EventProducer, topic: str, messages: Iterable[Message], *, within: float = 30.0
) -> None:
    async with asyncio.timeout(within):
        await self._connected.wait()
        producer = self._producer
        assert producer is not None  # noqa: S101  the event says so
        for message in messages:
            future = await producer.send(topic, value=message.value, key=message.key, headers=message.headers)
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
