"""Returns whether the mail server and Kafka answer at their ports."""

import asyncio
from collections.abc import Awaitable, Callable

from services.notifier.settings import Settings


def mail_server_there(settings: Settings) -> Callable[[], Awaitable[None]]:
    """Return the check; it raises `OSError` where nobody answers."""

    async def check() -> None:
        await _reach(settings.smtp_host, settings.smtp_port)

    return check


def kafka_there(settings: Settings) -> Callable[[], Awaitable[None]]:
    """Return the check; one answering broker is enough."""

    async def check() -> None:
        for server in settings.kafka_bootstrap_servers.split(","):
            host, _, port = server.strip().rpartition(":")
            try:
                await _reach(host, int(port))
            except OSError:
                continue
            return
        raise ConnectionError("no broker answers")

    return check


async def _reach(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    await writer.wait_closed()
