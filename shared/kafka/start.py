"""Starts a client of aiokafka whole or not at all."""

import asyncio
import contextlib
from typing import Protocol

STOP_SECONDS = 5.0


class Client(Protocol):
    """A producer or a consumer of aiokafka."""

    async def start(self) -> object:
        """Connect."""


async def start(client: Client) -> None:
    """Start a client. A cancellation waits for the start to end, for half a start leaves a connection that `stop()` does not know of."""
    starting = asyncio.ensure_future(client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_SECONDS):
                await starting
        raise
