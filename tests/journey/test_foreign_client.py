"""A back office on Kafka by another client library (librdkafka), as the user of `credentials.kafka`."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, Producer

from tests.eventually import eventually
from tests.journey.client import back_office, submit_example

Stack = dict[str, Any]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@pytest.fixture
def options(stack: Stack) -> dict[str, str]:
    known = stack["credentials"]["kafka"]
    return {
        "bootstrap.servers": known["bootstrap_servers"],
        "security.protocol": known["security_protocol"],
        "sasl.mechanism": known["sasl_mechanism"],
        "sasl.username": known["username"],
        "sasl.password": known["password"],
    }


@pytest.fixture
def consumer(options: dict[str, str]) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            **options,
            "group.id": f"backoffice.{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["requests.lifecycle"])
    yield consumer
    consumer.close()


def send(
    options: dict[str, str], topic: str, request_id: str, type_: str, facts: dict[str, str]
) -> int | None:
    """Send a CloudEvent and wait for the broker's answer; return the error's number, if it is one."""
    answers: list[KafkaError | None] = []
    producer = Producer({"enable.idempotence": True, "message.timeout.ms": 20_000, **options})
    context = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/sap",
        "type": type_,
        "time": datetime.now(timezone.utc).isoformat(),
    }
    headers: list[tuple[str, str | bytes | None]] = [
        (f"ce_{name}", value.encode()) for name, value in context.items()
    ]
    value = json.dumps({"request_id": request_id, **facts})
    producer.produce(
        topic, value, request_id, headers=headers, on_delivery=lambda error, _: answers.append(error)
    )
    producer.flush(30)
    return answers[0].code() if answers[0] else None


async def event_of(consumer: Consumer, request_id: str, type_: str) -> dict[str, Any]:
    async def found() -> dict[str, Any] | bool:
        message = await asyncio.to_thread(consumer.poll, 0.2)
        if message is None or message.error() or message.key() != request_id.encode():
            return False
        facts: dict[str, Any] = json.loads(message.value() or b"")
        return facts if dict(message.headers() or []).get("ce_type") == type_.encode() else False

    facts = await eventually(found, 30)
    assert isinstance(facts, dict)
    return facts


async def test_it_reads_what_happens_and_takes_a_request_under_work(
    stack: Stack, client: httpx.AsyncClient, options: dict[str, str], consumer: Consumer
) -> None:
    request_id = await submit_example(client, stack, "sap@esimerkki.fi")
    registered = await event_of(consumer, request_id, "request.registered.v1")
    assert registered["work_number"]
    assert (
        await asyncio.to_thread(
            send, options, "requests.commands", request_id, "request.take.v1", {"actor": "Sirpa"}
        )
        is None
    )
    await event_of(consumer, request_id, "request.assigned.v1")
    headers = await back_office(client, stack)
    shown = (await client.get(f"{stack['tracker']}/api/v1/requests/{request_id}", headers=headers)).json()
    assert shown["state"] == "in_progress"


@pytest.mark.parametrize(
    "topic", ["requests.submitted", "requests.lifecycle", "mail.outcomes", "requests.commands.dead-letter"]
)
async def test_it_cannot_write_what_is_not_its_own(options: dict[str, str], topic: str) -> None:
    answer = await asyncio.to_thread(
        send, options, topic, str(uuid.uuid4()), "request.take.v1", {"actor": "Sirpa"}
    )
    assert answer == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize(
    "wrong",
    [{"sasl.password": "guess"}, {"sasl.username": "tracker"}, {"security.protocol": "PLAINTEXT"}],
    ids=["password", "user", "nobody"],
)
async def test_without_its_credentials_it_gets_nowhere(
    options: dict[str, str], wrong: dict[str, str]
) -> None:
    if "security.protocol" in wrong:
        options = {name: value for name, value in options.items() if not name.startswith("sasl.")}
    answer = await asyncio.to_thread(
        send,
        {**options, **wrong, "message.timeout.ms": "4000"},
        "requests.commands",
        str(uuid.uuid4()),
        "x",
        {},
    )
    assert answer is not None
