"""Second hop: open, insert a batch with its history, commit; a relay produces what is unpublished and marks it."""

import asyncio
import os
from collections.abc import Sequence

import asyncpg
import uvloop
from aiokafka import AIOKafkaProducer, ConsumerRecord

from proof.bench.floors.records import Form, Submitted, consumer, producer
from proof.bench.floors.settings import LIFECYCLE, MOST, SUBMITTED, FloorSettings
from shared.crypto.sealing import Opener

REGISTER = """
with registered as (
    insert into bench_requests (request_id, service, language, form, contact)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) on conflict (request_id) do nothing
    returning request_id, number, contact
)
insert into bench_history (request_id, value)
select request_id, convert_to(json_build_object('request_id', request_id, 'number', number, 'contact', contact)::text, 'UTF8') from registered
"""
UNPUBLISHED = "select id, request_id, value from bench_history where value is not null order by id limit $1"
MARK = "update bench_history set value = null, published_at = now() where id = any($1::bigint[])"


async def register(settings: FloorSettings, wake: asyncio.Event) -> None:
    """Consume for ever."""
    connection, opener = await asyncpg.connect(settings.database), Opener(settings.tracker_key)
    async with consumer(settings.kafka, SUBMITTED, "bench.tracker") as records:
        while True:
            polled = await records.getmany(timeout_ms=1_000, max_records=MOST)
            if rows := [_row(record, opener) for batch in polled.values() for record in batch]:
                await connection.execute(REGISTER, *map(list, zip(*rows, strict=True)))
                wake.set()
                await records.commit({partition: batch[-1].offset + 1 for partition, batch in polled.items()})


def _row(record: "ConsumerRecord[bytes, bytes]", opener: Opener) -> Sequence[object]:
    event = Submitted.model_validate_json(record.value or b"")
    opened = opener.open(event.form, purpose="form", request_id=event.request_id)
    Form.model_validate_json(opened)
    return event.request_id, event.service, event.language, opened.decode(), event.contact


async def relay(settings: FloorSettings, out: AIOKafkaProducer, wake: asyncio.Event) -> None:
    """Publish for ever; a lost mark only publishes again, so marks need not wait for the disk."""
    connection = await asyncpg.connect(settings.database, server_settings={"synchronous_commit": "off", "enable_seqscan": "off"})
    while True:
        await wake.wait()
        wake.clear()
        while rows := await connection.fetch(UNPUBLISHED, MOST):
            sent = [await out.send(LIFECYCLE, row["value"], str(row["request_id"]).encode()) for row in rows]
            await asyncio.gather(*sent)
            await connection.execute(MARK, [row["id"] for row in rows])


async def run(settings: FloorSettings) -> None:
    """Run both for ever."""
    wake = asyncio.Event()
    async with producer(settings.kafka) as out, asyncio.TaskGroup() as loops:
        loops.create_task(register(settings, wake))
        loops.create_task(relay(settings, out, wake))


if __name__ == "__main__":
    uvloop.run(run(FloorSettings.read(os.environ)))
