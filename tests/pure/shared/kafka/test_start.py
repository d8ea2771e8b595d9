"""A Kafka client starts whole, fails, or is given up on; it never hangs."""

import asyncio

import pytest

from shared.kafka.start import start


class Starting:
    """A client whose start takes a while."""

    def __init__(self, seconds: float, failure: Exception | None = None) -> None:
        self._seconds = seconds
        self._failure = failure
        self.ended = ""

    async def start(self) -> None:  # noqa: D102  as the protocol says
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "whole"
        if self._failure:
            raise self._failure


async def test_a_start_that_never_ends_is_given_up_on() -> None:
    client = Starting(3600)
    with pytest.raises(TimeoutError):
        await start(client, within=0.02)
    assert client.ended == "cancelled"


async def test_a_failure_is_told() -> None:
    with pytest.raises(ConnectionError):
        await start(Starting(0, ConnectionError()))


async def test_a_cancellation_waits_for_the_start_to_end() -> None:
    client = Starting(0.05)
    task = asyncio.ensure_future(start(client))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.ended == "whole"
