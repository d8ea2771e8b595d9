"""Starts an aiokafka client with a time limit and cleans up after a failed start."""

import asyncio
import contextlib
from typing import Protocol

from shared.kafka.within import CancelledByLibrary

START_SECONDS, STOP_SECONDS = 20.0, 5.0


class Client(Protocol):
    """A producer or a consumer of aiokafka."""

    async def start(self) -> object:
        """Connect."""


async def start(client: Client, *, within: float = START_SECONDS) -> None:
    """Start a client; raises `TimeoutError` where that takes longer than `within` seconds.

    A client that reached a restarted broker before its registration gets an empty list of brokers; when its
    one connection ends it would retry for ever without an address. A cancellation waits for the start to end,
    because half a start leaves a connection that `stop()` does not close.
    """
    starting = asyncio.ensure_future(client.start())
    try:
        await asyncio.wait({starting}, timeout=within)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_SECONDS):
                await starting
        raise
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting}, timeout=STOP_SECONDS)
        raise TimeoutError
    if starting.cancelled():
        raise CancelledByLibrary
    await starting
