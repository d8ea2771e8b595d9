"""A request that is accepted is on the topic, sealed, once."""

import asyncio
import json
import secrets
from uuid import UUID

import pytest

from services.intake.form.load_catalogue import load_catalogue
from services.intake.submit.submit_request import SOURCE
from shared.events.envelope import decode
from shared.events.request_submitted import RequestSubmitted
from shared.kafka.connection import KafkaConnection
from tests.eventually import eventually
from tests.service.intake.published_records import records_of
from tests.service.intake.request_bodies import ANSWERS, IN_CLEAR, PERSON, invoice_copy
from tests.service.intake.running_intake import NOTIFIER, TRACKER, Running, make_settings, running_intake


async def test_an_accepted_request_is_on_the_topic_before_the_answer_and_opens_for_tracker_and_notifier(
    intake: Running, kafka: KafkaConnection
) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await intake.send(invoice_copy(), traceparent=traceparent)
    assert answer.status_code == 202
    told = answer.json()
    assert told == {"request_id": told["request_id"], "work_number": None, "state": "accepted"}
    assert answer.headers["location"] == f"/api/v1/requests/{told['request_id']}"
    (record,) = await records_of(kafka, [told["request_id"]])
    envelope = decode(record.value, record.headers)
    event = envelope.event
    assert isinstance(event, RequestSubmitted)
    assert (envelope.id, envelope.source, str(event.request_id)) == (
        told["request_id"],
        SOURCE,
        told["request_id"],
    )
    assert envelope.traceparent is not None
    assert envelope.traceparent.split("-")[1] == traceparent.split("-")[1]
    assert (event.service, event.role, event.channel, event.authentication, event.queue) == (
        "pyyda-laskukopio",
        "person",
        "api",
        "none",
        "laskutus",
    )
    assert event.due_at > event.submitted_at
    request_id = UUID(told["request_id"])
    form = json.loads(TRACKER.open(event.sealed_form, purpose="form", request_id=request_id))
    assert form["person"] == {**PERSON, "phone": "0407654321"}
    assert {answer["field"]: answer["value"] for answer in form["answers"]} == {
        **ANSWERS,
        "delivery": "Kirjeenä",
    }
    contact = json.loads(NOTIFIER.open(event.sealed_contact, purpose="contact", request_id=request_id))
    assert contact == {"email": PERSON["email"], "first_name": ""}, (
        "a name that nobody has proven can be a message"
    )


async def test_no_personal_data_is_on_the_topic_in_clear(intake: Running, kafka: KafkaConnection) -> None:
    answer = await intake.send(invoice_copy(), key="idempotency-key-clear")
    (record,) = await records_of(kafka, [answer.json()["request_id"]])
    raw = b"".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])
    assert [text for text in IN_CLEAR if text.encode() in raw or json.dumps(text).encode() in raw] == []


async def test_every_example_of_the_catalogue_is_accepted_as_it_stands(intake: Running) -> None:
    for service in load_catalogue().services:
        described = (await intake.client.get(f"/api/v1/services/{service.code}")).json()
        (example,) = described["form_schema"]["examples"]
        answer = await intake.send({"service": service.code, "language": "sv", "form": example})
        assert answer.status_code == (401 if service.authentication == "strong" else 202), (
            service.code,
            answer.text,
        )


async def test_the_same_key_and_body_is_the_same_request_however_often_it_comes(
    intake: Running, kafka: KafkaConnection
) -> None:
    at_once = await asyncio.gather(
        *(intake.send(invoice_copy(), key="idempotency-key-again") for _ in range(10))
    )
    later = await intake.send(invoice_copy(first_name="  Aino "), key="idempotency-key-again")
    assert {answer.status_code for answer in (*at_once, later)} == {202}
    assert len({answer.json()["request_id"] for answer in (*at_once, later)}) == 1
    assert len(await records_of(kafka, [later.json()["request_id"]])) == 1


async def test_the_same_key_with_another_body_is_a_conflict_and_the_first_stands(
    intake: Running, kafka: KafkaConnection
) -> None:
    first = await intake.send(invoice_copy(), key="idempotency-key-conflict")
    other = await intake.send(invoice_copy(first_name="Eino"), key="idempotency-key-conflict")
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert other.json()["type"] == "urn:asiointi:problem:idempotency-conflict"
    assert len(await records_of(kafka, [first.json()["request_id"]])) == 1


async def test_two_bodies_under_one_key_at_the_same_moment_are_one_request_and_one_conflict(
    intake: Running,
) -> None:
    answers = await asyncio.gather(
        intake.send(invoice_copy(), key="idempotency-key-race"),
        intake.send(invoice_copy(first_name="Eino"), key="idempotency-key-race"),
    )
    assert sorted(answer.status_code for answer in answers) == [202, 409]


async def test_without_a_key_each_request_is_its_own(intake: Running) -> None:
    first, second = await intake.send(invoice_copy()), await intake.send(invoice_copy())
    assert first.json()["request_id"] != second.json()["request_id"]
    assert UUID(first.json()["request_id"]).version == 7


async def test_a_used_key_is_known_after_a_restart_from_the_topic(
    kafka: KafkaConnection, intake_database: str
) -> None:
    settings = make_settings(kafka, intake_database)
    async with running_intake(settings) as before:
        first = await before.send(invoice_copy(), key="idempotency-key-restart")
    request_id = first.json()["request_id"]
    async with running_intake(settings) as after:

        async def followed() -> bool:
            return after.intake.recent.remembers(UUID(request_id))

        await eventually(followed)
        assert (
            await after.send(invoice_copy(first_name="Eino"), key="idempotency-key-restart")
        ).status_code == 409
        assert (await after.send(invoice_copy(), key="idempotency-key-restart")).json()[
            "request_id"
        ] == request_id
        assert (await after.client.get(f"/api/v1/requests/{request_id}")).json() == {
            "request_id": request_id,
            "work_number": None,
            "state": "accepted",
        }
    assert len(await records_of(kafka, [request_id])) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there, and so on", "order-1", "x" * 15])
async def test_a_bad_or_guessable_key_is_named_and_why(intake: Running, key: str) -> None:
    answer = await intake.send(invoice_copy() | {"language": "en"}, key=key)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "Idempotency-Key"
    assert error["message"].startswith(
        "A key has 16 to 200 visible ASCII characters, such as a UUID. A short one could be guessed"
    )


async def test_the_least_length_of_a_key_is_described_and_enough(intake: Running) -> None:
    described = (await intake.client.get("/openapi.json")).json()["paths"]["/api/v1/requests"]["post"][
        "parameters"
    ]
    (key,) = (parameter["schema"] for parameter in described if parameter["name"] == "Idempotency-Key")
    assert (
        await intake.send(invoice_copy(), key=secrets.token_hex(key["minLength"])[: key["minLength"]])
    ).status_code == 202
