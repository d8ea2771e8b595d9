"""Waits after the faults until no request, event or mail is in flight any more."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.kafka_users import ADMINISTRATOR
from proof.chaos.audit.read_databases import still_open
from proof.chaos.clients.back_office import BackOffice
from proof.chaos.clients.operators import AWAY
from proof.chaos.stack_under_test import StackUnderTest
from shared.kafka.connection import KafkaConnection

QUIET_SECONDS = 1.5
LOOK_SECONDS = 0.5


async def wait_until_done(under: StackUnderTest, within: float) -> Mapping[str, int]:
    """Wait until nothing has been open for a moment, at most `within` seconds; returns what is still open."""
    deadline, quiet_since = time.monotonic() + within, None
    last: Mapping[str, int] = {"unknown": 1}
    while time.monotonic() < deadline:
        try:
            last = {name: count for name, count in (await _open(under)).items() if count}
        except AWAY as error:
            last = {type(error).__name__: 1}
        if last:
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > QUIET_SECONDS:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return last


async def fetch_ledger(
    under: StackUnderTest, http: httpx.AsyncClient, back_office: BackOffice
) -> Mapping[str, Any] | None:
    """Return tracker's own ledger; `None` if it has none."""
    answer = await http.get(f"{under.url('tracker')}/api/v1/ledger", headers=await back_office.headers())
    return answer.json() if answer.is_success else None


async def _open(under: StackUnderTest) -> dict[str, int]:
    return await still_open(under.databases) | {"lag": await _lag(under.kafka[ADMINISTRATOR])}


async def _lag(kafka: KafkaConnection) -> int:
    """Return how many records all groups are behind."""
    admin = AIOKafkaAdminClient(**kafka.client_options())
    consumer = AIOKafkaConsumer(**kafka.client_options())
    try:
        await admin.start()
        await consumer.start()
        lag = 0
        for group, *_ in await admin.list_consumer_groups():
            committed: dict[TopicPartition, Any] = await admin.list_consumer_group_offsets(group)
            ends = await consumer.end_offsets(list(committed)) if committed else {}
            lag += sum(max(0, ends[place] - offset.offset) for place, offset in committed.items())
        return lag
    finally:
        await consumer.stop()
        await admin.close()
