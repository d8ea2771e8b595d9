"""No record on any topic ends a process, and the next request gets its number and its mail at once."""

import json
from collections.abc import AsyncIterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from proof.chaos.clients.raw_batches import RawProducer
from shared.events.envelope import Message
from shared.events.topics import LIFECYCLE, MAIN_TOPICS, TOPICS
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from tests.eventually import eventually
from tests.journey.client import (
    Addresses,
    back_office,
    fresh_address,
    number_of,
    submit_example,
    wait_for_mails,
)
from tests.unreadable_records import KINDS

SOON = 15.0


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


def pids(stack: Addresses) -> Mapping[str, int]:
    return dict(json.loads(Path(stack["file"]).read_text())["pids"])


async def test_no_record_on_any_topic_ends_a_process_or_holds_up_a_request(
    stack: Addresses, client: httpx.AsyncClient
) -> None:
    kafka = KafkaConnection(**stack["credentials"]["kafka_admin"])
    before, headers = pids(stack), await back_office(client, stack)
    async with RawProducer(kafka) as raw, EventProducer(kafka, "test") as producer:
        for topic in TOPICS:
            for partition, (name, kind) in zip(cycle(range(topic.partitions)), KINDS.items(), strict=False):
                assert (
                    await raw.send(topic.name, partition, kind.make([uuid4() for _ in range(kind.size)])) == 0
                ), name
            await producer.send(topic.name, Message(b"k", b"x" * 1_048_400, []))
            await producer.send(topic.name, Message(b"k", b"{}", [("traceparent", b"0" * 1_040_000)]))
        facts = {"request_id": 123, "work_number": "123456789", "state": "received", "service_title": "x"}
        await producer.send(LIFECYCLE, Message(b"k", json.dumps(facts).encode(), []))
    for _ in range(3):
        address = fresh_address()
        request_id = await submit_example(client, stack, address)
        await number_of(client, stack, request_id)
        await wait_for_mails(client, stack, address, 1)

    async def all_set_aside() -> None:
        letters = await waiting(client, stack, headers)
        places = {each["origin_topic"] for each in letters if each["reason"] == "unreadable"}
        assert {topic.name for topic in MAIN_TOPICS} <= places

    await eventually(all_set_aside, SOON)
    assert pids(stack) == before
    while letters := await waiting(client, stack, headers):
        for letter in letters:
            (
                await client.post(
                    f"{stack['tracker']}/api/v1/dead-letters/{letter['id']}/dismiss", headers=headers
                )
            ).raise_for_status()


async def waiting(
    client: httpx.AsyncClient, stack: Addresses, headers: Mapping[str, str]
) -> list[dict[str, Any]]:
    answer = await client.get(
        f"{stack['tracker']}/api/v1/dead-letters", headers=headers, params={"limit": 200}
    )
    return list(answer.raise_for_status().json()["dead_letters"])
