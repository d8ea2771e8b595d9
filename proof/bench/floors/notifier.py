"""Notifier's floor: decrypt the contact, insert a delivery row, send prepared mails over open connections.

Also aiosmtplib's plain sending loop.
"""

import asyncio
import time
from datetime import datetime, timedelta, timezone
from uuid import UUID

import asyncpg
import uvloop
from aiosmtplib import SMTP

from deploy.ports import HOST
from proof.bench.floors.records import LIFECYCLE, MOST, FloorSettings, Mailed, batches
from services.notifier.delivery import Claimed
from services.notifier.write.contents import Contents
from services.notifier.write.write_mail import MailWriter
from shared.crypto.sealing import Opener

CONNECTIONS = 8
GOOD = b"23"
SENDER, RECIPIENT = "asiointi@kunta.example", "anna.mallikas@example.com"
TABLES = (
    "create table bench_deliveries (request_id uuid, template text, email text not null, primary key "
    "(request_id, template))"
)
WRITE = """
insert into bench_deliveries (request_id, template, email) select * from unnest($1::uuid[], $2::text[],
    $3::text[])
on conflict (request_id, template) do nothing returning email
"""


def sample_mail() -> bytes:
    """Return the product's receipt, so that every floor sends as many bytes.

    With CRLF line ends, without the final dot.
    """
    noon, request_id = (
        datetime(2026, 11, 24, 12, tzinfo=timezone.utc),
        UUID("019aa000-0000-7000-8000-000000000000"),
    )
    what = (1, request_id, "receipt", "fi", "482913057", "Pyydä laskukopio")
    when = (noon, noon + timedelta(days=3), noon)
    mail = Claimed(
        *what,
        *when,
        "<sample.receipt@kunta.example>",
        None,
        contents=b"",
        attempts=0,
        trying_since=noon,
        due_since=noon,
    )
    writer = MailWriter(sender=SENDER, site_url="http://127.0.0.1:8400", link_key=bytes(32))
    return writer.write(mail, Contents(email=RECIPIENT, first_name="Anna"), RECIPIENT)


def work(settings: FloorSettings) -> None:
    """Consume and send until the process is ended."""
    uvloop.run(_work(settings))


def send_with_library(port: int, count: int) -> float:
    """Send `count` mails as in aiosmtplib's documentation; returns mails per second.

    Measured from when every connection is open.
    """
    return uvloop.run(_send_with_library(port, count))


async def _send_with_library(port: int, count: int) -> float:
    mail, recipients = sample_mail(), iter([f"lattia-{number}@bench.example" for number in range(count)])
    connections = [SMTP(hostname=HOST, port=port, use_tls=False, start_tls=False) for _ in range(CONNECTIONS)]
    await asyncio.gather(*(smtp.connect() for smtp in connections))

    async def work(smtp: SMTP) -> None:
        for recipient in recipients:
            await smtp.sendmail(SENDER, [recipient], mail)

    started = time.monotonic()
    await asyncio.gather(*map(work, connections))
    return count / (time.monotonic() - started)


async def send_mails(port: int, message: bytes, recipients: "asyncio.Queue[bytes]") -> None:
    """Send over one connection for ever, with MAIL, RCPT and DATA together as the product does.

    Raises `ConnectionError`.
    """
    reader, writer = await asyncio.open_connection(HOST, port)

    async def expect(answers: int) -> None:
        while answers:
            line = await reader.readline()
            if line[:1] not in GOOD or not line:
                raise ConnectionError(line.decode().strip() or "closed")
            answers -= line[3:4] != b"-"

    ended = message.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    try:
        await expect(1)
        writer.write(b"EHLO bench\r\n")
        await expect(1)
        while recipient := await recipients.get():
            writer.write(b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (SENDER.encode(), recipient))
            await expect(3)
            writer.write(ended)
            await expect(1)
    finally:
        writer.close()


async def _work(settings: FloorSettings) -> None:
    owed: asyncio.Queue[bytes] = asyncio.Queue(2 * MOST)
    message = sample_mail()
    async with asyncio.TaskGroup() as loops:
        loops.create_task(_write(settings, owed))
        for _ in range(CONNECTIONS):
            loops.create_task(send_mails(settings.smtp_port, message, owed))


async def _write(settings: FloorSettings, owed: "asyncio.Queue[bytes]") -> None:
    connection, opener = await asyncpg.connect(settings.database), Opener(settings.notifier_key)
    async for records in batches(settings, LIFECYCLE):
        rows = [_row(Mailed.model_validate_json(record.value or b""), opener) for record in records]
        for row in await connection.fetch(WRITE, *map(list, zip(*rows, strict=True))):
            await owed.put(row["email"].encode())


def _row(event: Mailed, opener: Opener) -> tuple[object, str, str]:
    email = opener.open(event.contact, purpose="contact", request_id=event.request_id).decode()
    if event.text is None:
        return event.request_id, "receipt", email
    opener.open(event.text, purpose="text", request_id=event.request_id)
    return event.request_id, "resolution", email
