"""Notifier's floor: ready bytes over as many connections as notifier has, as fast as the server takes them.

`python -m proof.bench.floors.smtp_loop PORT HOW_MANY WAY` prints `{"count": …, "seconds": …}`. The way is `library` (aiosmtplib's `sendmail`, as
anybody would write it) or `fastest` (bytes on a socket, answers counted and not read).
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import uvloop
from aiosmtplib import SMTP

from proof.bench.floors.sample_mail import SENDER, sample_mail
from proof.bench.floors.settings import CONNECTIONS
from proof.bench.floors.smtp_connection import HOST, SmtpConnection, ended

Send: TypeAlias = Callable[[str], Awaitable[object]]
"""Sends the one mail to an address over a connection of its own."""


async def open_library(port: int, mail: bytes) -> Send:
    """Connect with aiosmtplib."""
    smtp = SMTP(hostname=HOST, port=port, use_tls=False, start_tls=False)
    await smtp.connect()
    return lambda recipient: smtp.sendmail(SENDER, [recipient], mail)


async def open_fastest(port: int, mail: bytes) -> Send:
    """Connect with bare bytes."""
    connection, message = await SmtpConnection.open(port), ended(mail)
    return lambda recipient: connection.send(recipient.encode(), message)


WAYS = {"library": open_library, "fastest": open_fastest}


async def send_all(port: int, count: int, way: str) -> dict[str, float]:
    """Send `count` mails; the clock runs from when every connection is greeted."""
    mail = sample_mail()
    recipients = iter([f"lattia-{number}@bench.example" for number in range(count)])
    connections = [await WAYS[way](port, mail) for _ in range(CONNECTIONS)]

    async def work(send: Send) -> None:
        for recipient in recipients:
            await send(recipient)

    started = time.monotonic()
    await asyncio.gather(*map(work, connections))
    return {"count": count, "seconds": time.monotonic() - started}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(send_all(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))))  # noqa: T201  its result
