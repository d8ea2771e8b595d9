"""Notifier's floor: ready bytes over as many connections as notifier has, as fast as the server takes them.

`python -m proof.bench.floors.smtp_loop PORT HOW_MANY` prints `{"count": …, "seconds": …}`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

import uvloop

from proof.bench.floors.sample_mail import sample_mail
from proof.bench.floors.settings import CONNECTIONS
from proof.bench.floors.smtp_connection import SmtpConnection, ended


async def send_all(port: int, count: int) -> dict[str, float]:
    """Send `count` mails; the clock runs from when every connection is greeted."""
    message = ended(sample_mail())
    recipients = iter([f"lattia-{number}@bench.example".encode() for number in range(count)])
    connections = [await SmtpConnection.open(port) for _ in range(CONNECTIONS)]
    started = time.monotonic()
    await asyncio.gather(*(_send(connection, recipients, message) for connection in connections))
    seconds = time.monotonic() - started
    for connection in connections:
        connection.close()
    return {"count": count, "seconds": seconds}


async def _send(connection: SmtpConnection, recipients: Iterator[bytes], message: bytes) -> None:
    for recipient in recipients:
        await connection.send(recipient, message)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(send_all(int(sys.argv[1]), int(sys.argv[2])))))  # noqa: T201  its result
