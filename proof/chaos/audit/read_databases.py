"""Reads the tables of tracker and notifier for the audit."""

from collections.abc import Mapping
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proof.chaos.audit.evidence import AlarmRow, DeadLetterRow, DeliveryRow, HistoryRow, RequestRow

REQUESTS = "select request_id::text, work_number, language, email, state from requests"
HISTORY = """
    select request_id::text, id, event_id::text, type, text_box,
        value is not null or published_at is not null as owed
    from history order by id
"""
DEAD_LETTERS = (
    'select origin_topic as topic, origin_partition as partition, origin_offset as "offset", '
    'origin_group as "group" from dead_letters'
)
ALARMS = """
    select reason, place, extract(epoch from began_at)::float8 as began_at,
        extract(epoch from ended_at)::float8 as ended_at
    from alarms order by id
"""
DELIVERIES = "select request_id::text, event_id, template, message_id, state from deliveries order by id"
OPEN = {
    "intake": {"spooled": "select count(*) from spool"},
    "tracker": {"unpublished": "select count(*) from history where value is not null"},
    "notifier": {
        "mails under way": (
            "select count(*) from deliveries where state in ('pending', 'sending', 'deferred')"
        ),
        "mails refused": "select count(*) from deliveries where state = 'failed'",
        "mails that came back": "select count(*) from deliveries where returned_at is not null",
        "outcomes unacknowledged": "select count(*) from outcomes",
    },
}


async def read_tracker(
    dsn: str, data_key: bytes
) -> tuple[list[RequestRow], list[HistoryRow], list[DeadLetterRow], list[AlarmRow]]:
    """Read requests, history, dead letters and alarms; texts are decrypted by the key of 32 bytes."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return (
            [RequestRow(**dict(row)) for row in await connection.fetch(REQUESTS)],
            [_history(row, data_key) for row in await connection.fetch(HISTORY)],
            [DeadLetterRow(**dict(row)) for row in await connection.fetch(DEAD_LETTERS)],
            [AlarmRow(**dict(row)) for row in await connection.fetch(ALARMS)],
        )
    finally:
        await connection.close()


async def read_notifier(dsn: str) -> list[DeliveryRow]:
    """Read every delivery."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return [DeliveryRow(**dict(row)) for row in await connection.fetch(DELIVERIES)]
    finally:
        await connection.close()


async def still_open(databases: Mapping[str, str]) -> dict[str, int]:
    """Return how many things are not finished: spooled, unpublished, in flight."""
    counts: dict[str, int] = {}
    for service, questions in OPEN.items():
        connection = await asyncpg.connect(databases[service], timeout=10)
        try:
            for name, question in questions.items():
                counts[name] = int(await connection.fetchval(question))
        finally:
            await connection.close()
    return counts


def _history(row: asyncpg.Record, data_key: bytes) -> HistoryRow:
    facts = dict(row)
    box, context = facts.pop("text_box"), b"text/" + UUID(facts["event_id"]).bytes
    # The key's id, the nonce, the rest (shared/crypto/box.py).
    return HistoryRow(
        **facts, text=AESGCM(data_key).decrypt(box[4:16], box[16:], context).decode() if box else None
    )
