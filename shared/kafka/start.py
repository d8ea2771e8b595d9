"""Starts a client of aiokafka whole or not at all."""

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

    A client that met a restarted broker before its registration was told of no brokers; when that one connection ends, it would try for ever without
    anybody to ask. A cancellation waits for the start to end, for half a start leaves a connection that `stop()` does not know of.
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
