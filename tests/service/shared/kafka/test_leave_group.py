"""A group is left in time, whatever the client library still waits for."""

import asyncio
import time
from typing import Any

from shared.events.topics import COMMANDS
from shared.kafka.connection import KafkaConnection
from shared.kafka.group import group_consumer

WITHIN = 12.0


async def goes_on(until: asyncio.Event) -> None:
    """Swallow cancellation, as the library's own tasks can while they wait for one another."""
    while not until.is_set():
        try:
            await until.wait()
        except asyncio.CancelledError:
            continue


async def test_a_group_is_left_though_a_task_of_the_client_cannot_be_cancelled(
    kafka: KafkaConnection,
) -> None:
    until = asyncio.Event()
    try:
        async with asyncio.timeout(60), group_consumer(kafka, "leaves", [COMMANDS]) as consumer:
            await consumer.getmany(timeout_ms=100)
            fetcher: Any = consumer._fetcher  # noqa: SLF001  the library offers no other way to such a state
            fetcher._fetch_task.cancel()  # noqa: SLF001  as above
            fetcher._fetch_task = asyncio.create_task(goes_on(until))  # noqa: SLF001  as above
            began = time.monotonic()
        assert time.monotonic() - began < WITHIN
    finally:
        until.set()
