"""Third hop: open the contact, write a delivery row, send ready bytes over persistent connections."""

import asyncio
import os

import asyncpg
import uvloop

from proof.bench.floors.records import Contact, Registered, consumer
from proof.bench.floors.settings import CONNECTIONS, LIFECYCLE, MOST, FloorSettings
from proof.bench.floors.smtp_connection import SmtpConnection, ended
from shared.crypto.sealing import Opener

WRITE = """
insert into bench_deliveries (request_id, email) select * from unnest($1::uuid[], $2::text[]) on conflict (request_id) do nothing returning email
"""


async def write(settings: FloorSettings, owed: asyncio.Queue[bytes]) -> None:
    """Consume for ever."""
    connection, opener = await asyncpg.connect(settings.database), Opener(settings.notifier_key)
    async with consumer(settings.kafka, LIFECYCLE, "bench.notifier") as records:
        while True:
            polled = await records.getmany(timeout_ms=1_000, max_records=MOST)
            events = [Registered.model_validate_json(record.value or b"") for batch in polled.values() for record in batch]
            if not events:
                continue
            emails = [_email(event, opener) for event in events]
            for row in await connection.fetch(WRITE, [event.request_id for event in events], emails):
                await owed.put(row["email"].encode())
            await records.commit({partition: batch[-1].offset + 1 for partition, batch in polled.items()})


def _email(event: Registered, opener: Opener) -> str:
    return Contact.model_validate_json(opener.open(event.contact, purpose="contact", request_id=event.request_id)).email


async def send(settings: FloorSettings, message: bytes, owed: asyncio.Queue[bytes]) -> None:
    """Send over one connection for ever."""
    connection = await SmtpConnection.open(settings.smtp_port)
    while True:
        await connection.send(await owed.get(), message)


async def run(settings: FloorSettings) -> None:
    """Run the consumer and the connections for ever."""
    owed: asyncio.Queue[bytes] = asyncio.Queue(2 * MOST)
    message = ended(settings.mail)
    async with asyncio.TaskGroup() as loops:
        loops.create_task(write(settings, owed))
        for _ in range(CONNECTIONS):
            loops.create_task(send(settings, message, owed))


if __name__ == "__main__":
    uvloop.run(run(FloorSettings.read(os.environ)))
