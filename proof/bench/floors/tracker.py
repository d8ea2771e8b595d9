"""Tracker's floor: decrypt, insert a batch with its history, commit.

A relay publishes and marks the history.
"""

import asyncio
from collections.abc import Sequence

import asyncpg
import uvloop
from aiokafka import AIOKafkaProducer, ConsumerRecord

from proof.bench.floors.records import (
    LIFECYCLE,
    MOST,
    SUBMITTED,
    FloorSettings,
    Form,
    Submitted,
    batches,
    producer,
)
from shared.crypto.sealing import Opener

TABLES = """
create table bench_requests (
    request_id uuid primary key, number bigint generated always as identity, service text not null,
        language text not null,
    form text not null, contact text not null, state text not null default 'received',
        registered_at timestamptz not null default now()
);
create table bench_history (
    id bigint generated always as identity primary key, request_id uuid not null, value bytea,
        published_at timestamptz
);
create index bench_history_unpublished on bench_history (id) where value is not null;
"""
REGISTER = """
with registered as (
    insert into bench_requests (request_id, service, language, form, contact)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) on conflict
        (request_id) do nothing
    returning request_id, number, contact
)
insert into bench_history (request_id, value)
select request_id, convert_to(json_build_object('request_id', request_id, 'number', number, 'contact',
    contact)::text, 'UTF8')
from registered
"""
UNPUBLISHED = "select id, request_id, value from bench_history where value is not null order by id limit $1"
MARK = "update bench_history set value = null, published_at = now() where id = any($1::bigint[])"


def work(settings: FloorSettings) -> None:
    """Register and relay until the process is ended."""
    uvloop.run(_work(settings))


async def relay(settings: FloorSettings, out: AIOKafkaProducer, wake: asyncio.Event) -> None:
    """Publish for ever; a lost mark only causes a repeat, so marks need not wait for the disk."""
    connection = await asyncpg.connect(
        settings.database, server_settings={"synchronous_commit": "off", "enable_seqscan": "off"}
    )
    topic = settings.topic(LIFECYCLE)
    while True:
        await wake.wait()
        wake.clear()
        while rows := await connection.fetch(UNPUBLISHED, MOST):
            sent = [await out.send(topic, row["value"], str(row["request_id"]).encode()) for row in rows]
            await asyncio.gather(*sent)
            await connection.execute(MARK, [row["id"] for row in rows])


async def _work(settings: FloorSettings) -> None:
    wake = asyncio.Event()
    async with producer(settings.kafka) as out, asyncio.TaskGroup() as loops:
        loops.create_task(_register(settings, wake))
        loops.create_task(relay(settings, out, wake))


async def _register(settings: FloorSettings, wake: asyncio.Event) -> None:
    connection, opener = await asyncpg.connect(settings.database), Opener(settings.tracker_key)
    async for records in batches(settings, SUBMITTED):
        rows = [_row(record, opener) for record in records]
        await connection.execute(REGISTER, *map(list, zip(*rows, strict=True)))
        wake.set()


def _row(record: "ConsumerRecord[bytes, bytes]", opener: Opener) -> Sequence[object]:
    event = Submitted.model_validate_json(record.value or b"")
    opened = opener.open(event.form, purpose="form", request_id=event.request_id)
    Form.model_validate_json(opened)
    return event.request_id, event.service, event.language, opened.decode(), event.contact
