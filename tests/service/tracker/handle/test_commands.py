"""Commands over Kafka do what the API does, once per command; a refused one is answered."""

import asyncio
from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest
from uuid_utils.compat import uuid4

from services.tracker.handle.on_request_command import command_reader, on_request_command
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from shared.events.envelope import Envelope, encode
from shared.events.event import Event
from shared.events.rejected import Rejected
from shared.events.request_commands import (
    AskCustomer,
    CloseRequest,
    CustomerAnswered,
    RejectRequest,
    ResolveRequest,
    TakeRequest,
)
from shared.events.request_lifecycle import RequestCommandRefused
from shared.events.topics import DAY_MS, Topic, dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.consume import BatchConsumer
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from shared.web.health import Liveness
from tests.eventually import eventually
from tests.service.tracker.builders import TO_TRACKER
from tests.service.tracker.database import fetch_rows, history_types, register_one

SOURCE = "/back-office"


async def command(sessions: Sessions, keyring: Keyring, *envelopes: Envelope[Event]) -> None:
    async with sessions.begin() as session:
        await on_request_command(
            session, [replace(each, principal="backoffice") for each in envelopes], keyring=keyring
        )


def sealed(request_id: UUID, plaintext: bytes = b'{"text": "Valmis"}', purpose: str = "command") -> str:
    return TO_TRACKER.seal(plaintext, purpose=purpose, request_id=request_id)


def resolve(request_id: UUID, plaintext: bytes = b'{"text": "Valmis"}') -> Envelope[Event]:
    return Envelope(
        ResolveRequest(request_id=request_id, actor="sap", sealed_text=sealed(request_id, plaintext)), SOURCE
    )


async def refusals(sessions: Sessions, request_id: UUID) -> list[RequestCommandRefused]:
    found = await fetch_rows(
        sessions,
        "select value from history where request_id = :id and type = 'request.command_refused.v1'",
        id=request_id,
    )
    return [RequestCommandRefused.model_validate_json(row.value) for row in found]


async def test_commands_move_a_request_in_their_order(sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    ask = AskCustomer(
        request_id=request_id, actor="sap", sealed_text=sealed(request_id, '{"text": "Mikä?"}'.encode())
    )
    take, close = (
        TakeRequest(request_id=request_id, actor="sap"),
        CloseRequest(request_id=request_id, actor="sap"),
    )
    await command(
        sessions,
        keyring,
        Envelope(take, SOURCE),
        Envelope(ask, SOURCE),
        Envelope(CustomerAnswered(request_id=request_id, actor="sap"), SOURCE),
        resolve(request_id),
        Envelope(close, SOURCE),
    )
    (row,) = await fetch_rows(sessions, "select state, assignee from requests")
    assert (row.state, row.assignee) == ("closed", "backoffice")
    assert await history_types(sessions, request_id) == [
        "request.registered.v1",
        "request.assigned.v1",
        "request.state_changed.v1",
        "request.state_changed.v1",
        "request.resolved.v1",
        "request.closed.v1",
    ]
    texts = await fetch_rows(
        sessions,
        "select event_id, text_box, actor_kind, actor, details from history where text_box is not null "
        "order by id",
    )
    assert [keyring.at_rest.decrypt_text(row.text_box, row.event_id) for row in texts] == ["Mikä?", "Valmis"]
    assert [tuple(row)[2:] for row in texts] == [("client", "backoffice", {"on_behalf_of": "sap"})] * 2


async def test_a_repeated_command_is_one_command(sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    take, done = Envelope(TakeRequest(request_id=request_id, actor="sap"), SOURCE), resolve(request_id)
    await command(sessions, keyring, take, done, take)
    once = await history_types(sessions, request_id)
    await command(sessions, keyring, take, done)
    assert await history_types(sessions, request_id) == once
    assert await refusals(sessions, request_id) == [], (
        "the repeat of a take is not refused though the request is resolved"
    )


async def test_a_refusal_is_an_answer_and_no_dead_letter(sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    close: Envelope[Event] = Envelope(CloseRequest(request_id=request_id, actor="sap"), SOURCE)
    await command(
        sessions, keyring, close, close, Envelope(TakeRequest(request_id=request_id, actor="sap"), SOURCE)
    )
    (refused,) = await refusals(sessions, request_id)
    assert (refused.command_id, refused.command_type, refused.reason) == (
        close.id,
        "request.close.v1",
        "not-allowed-now",
    )
    assert "received" in refused.detail
    (row,) = await fetch_rows(sessions, "select state from requests")
    assert row.state == "in_progress", "the neighbour passed"


async def test_an_unknown_request_and_an_empty_text_are_refused(sessions: Sessions, keyring: Keyring) -> None:
    unknown, known = UUID(str(uuid4())), await register_one(sessions, keyring)
    await command(sessions, keyring, resolve(unknown), resolve(known, b'{"text": "  "}'))
    assert [each.reason for each in await refusals(sessions, unknown)] == ["not-found"]
    assert [each.reason for each in await refusals(sessions, known)] == ["invalid-fields"]


async def test_a_text_with_a_personal_code_is_refused_with_a_sentence(
    sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    await command(sessions, keyring, resolve(request_id, b'{"text": "Tunnus 131052-308T on kirjattu"}'))
    (refused,) = await refusals(sessions, request_id)
    assert (refused.reason, "Leave the henkil" in refused.detail) == ("personal-code-in-text", True)
    assert "308T" not in str(await fetch_rows(sessions, "select cast(history as text) from history"))


@pytest.mark.parametrize("plaintext", [b"no json", b"[]", b'{"text": 1}'])
async def test_a_text_that_is_none_is_poison(sessions: Sessions, keyring: Keyring, plaintext: bytes) -> None:
    request_id = await register_one(sessions, keyring)
    with pytest.raises(Rejected):
        await command(sessions, keyring, resolve(request_id, plaintext))
    assert await fetch_rows(sessions, "select 1 from processed_commands") == []


async def test_a_text_sealed_for_another_purpose_is_poison(sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    for event in (
        RejectRequest(request_id=request_id, actor="sap", sealed_text=sealed(request_id, purpose="form")),
        RejectRequest(request_id=request_id, actor="sap", sealed_text=sealed(UUID(int=5))),
        TakeRequest(request_id=request_id, actor="s\x00p"),
    ):
        with pytest.raises(Rejected):
            await command(sessions, keyring, Envelope(event, SOURCE))
    with pytest.raises(Rejected):
        await command(
            sessions,
            keyring,
            Envelope(TakeRequest(request_id=request_id, actor="sap"), SOURCE, id="x" * 5_000),
        )


async def test_who_acts_is_whose_topic_it_came_by_whatever_the_record_says(
    kafka: KafkaConnection, sessions: Sessions, keyring: Keyring, producer: EventProducer
) -> None:
    principals = {f"commands-sap-{uuid4()}": "sap", f"commands-payroll-{uuid4()}": "payroll"}
    topics = [Topic(name, 1, DAY_MS) for topic in principals for name in (topic, dead_letter_topic(topic))]
    await ensure_topics(kafka, topics)
    requests = {principal: await register_one(sessions, keyring) for principal in principals.values()}
    consumer = BatchConsumer(
        kafka,
        f"group-{uuid4()}",
        list(principals),
        handler=partial(on_request_command, keyring=keyring),
        sessions=sessions,
        producer=producer,
        liveness=Liveness(None, ()),
        read=command_reader(principals),
    )
    running = asyncio.create_task(consumer.run())
    for topic, principal in principals.items():
        take = TakeRequest(request_id=requests[principal], actor="operator")
        await producer.send(topic, encode(Envelope(take, "/operator")))

    async def entered() -> None:
        found = await fetch_rows(
            sessions, "select request_id, actor_kind, actor, details from history where action = 'take'"
        )
        assert {row.request_id: (row.actor_kind, row.actor, row.details) for row in found} == {
            request_id: ("client", principal, {"on_behalf_of": "operator"})
            for principal, request_id in requests.items()
        }

    await eventually(entered, 20)
    running.cancel()
    await asyncio.wait({running})
