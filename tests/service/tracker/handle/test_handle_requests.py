"""Handlers move a request along its table, once per act, and the citizen's text travels sealed."""

import asyncio
import json
from uuid import UUID

import pytest

from services.tracker.domain import Action, By
from services.tracker.handle.handle_request import NotAllowedNow, handle_request
from services.tracker.models import TrackedRequest
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from shared.events.request_lifecycle import RequestResolved, RequestStateChanged
from shared.web.problems import InvalidFields, NotFound
from tests.eventually import eventually
from tests.service.tracker.builders import NOTIFIER
from tests.service.tracker.database import fetch_rows, history_types, register_one

MAIJA, SAP = By("staff", "maija"), By("client", "sap")


class RequestHandling:
    """Handles one request, each act in a transaction of its own."""

    def __init__(self, sessions: Sessions, keyring: Keyring, request_id: UUID) -> None:
        self.sessions, self.keyring, self.request_id = sessions, keyring, request_id

    async def act(self, action: Action, by: By = MAIJA, text: str | None = None) -> TrackedRequest:
        """Take one step and give the request as it then is."""
        async with self.sessions.begin() as session:
            return await handle_request(session, self.request_id, action, by, text=text, keyring=self.keyring)

    async def history(self) -> list[str]:
        """Return the types of what happened."""
        return await history_types(self.sessions, self.request_id)

    async def last_value(self) -> bytes:
        """Return the data of the newest event."""
        (row,) = await fetch_rows(
            self.sessions,
            "select value from history where request_id = :id order by id desc limit 1",
            id=self.request_id,
        )
        return bytes(row.value)


@pytest.fixture
async def handling(sessions: Sessions, keyring: Keyring) -> RequestHandling:
    return RequestHandling(sessions, keyring, await register_one(sessions, keyring))


async def test_a_request_is_handled_from_end_to_end(handling: RequestHandling) -> None:
    assert (await handling.act("take")).assignee == "maija"
    assert (await handling.act("ask_customer", text="Mikä lasku?")).state == "waiting_for_customer"
    question = RequestStateChanged.model_validate_json(await handling.last_value())
    assert (question.previous_state, question.state) == ("in_progress", "waiting_for_customer")
    await handling.act("customer_answered", By("citizen", None))
    resolved = await handling.act("resolve", SAP, "Lasku on hyvitetty.")
    assert (resolved.state, resolved.assignee) == ("resolved", "maija")
    assert resolved.resolved_at == resolved.changed_at
    event = RequestResolved.model_validate_json(await handling.last_value())
    opened = NOTIFIER.open(event.sealed_message, purpose="message", request_id=handling.request_id)
    assert json.loads(opened) == {"text": "Lasku on hyvitetty."}
    assert (event.actor_kind, event.actor) == ("client", "sap")
    closed = await handling.act("close")
    assert closed.closed_at is not None
    assert closed.resolved_at is not None
    reopened = await handling.act("reopen")
    assert (reopened.state, reopened.closed_at, reopened.resolved_at) == ("in_progress", None, None)
    assert len(await handling.history()) == 7


async def test_a_handler_may_answer_at_once(handling: RequestHandling) -> None:
    assert (await handling.act("reject", text="Väärä kunta")).state == "rejected"


async def test_the_same_resolution_again_is_one_event_and_another_is_refused(
    handling: RequestHandling,
) -> None:
    await handling.act("take")
    first = await handling.act("resolve", text="Valmis ")
    again = await handling.act("resolve", text=" Valmis")
    assert again.resolved_at == first.resolved_at
    with pytest.raises(NotAllowedNow) as refusal:
        await handling.act("resolve", text="Toinen")
    assert refusal.value.extra == {"state": "resolved", "possible": ["close", "reopen"]}
    assert (await handling.history()).count("request.resolved.v1") == 1


@pytest.mark.parametrize(
    ("before", "action", "text"),
    [
        ((), "take", None),
        (("take",), "ask_customer", "Mikä?"),
        ((), "reject", "Ei"),
        (("resolve",), "close", None),
        (("resolve",), "reopen", None),
    ],
)
async def test_every_act_taken_twice_is_one_event(
    handling: RequestHandling, before: tuple[Action, ...], action: Action, text: str | None
) -> None:
    for each in before:
        await handling.act(each, text="Valmis" if each == "resolve" else None)
    await handling.act(action, text=text)
    once = await handling.history()
    await handling.act(action, text=text)
    assert await handling.history() == once


async def waits_for_a_lock(sessions: Sessions) -> bool:
    return bool(
        await fetch_rows(
            sessions,
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
    )


@pytest.mark.parametrize(("second", "refused"), [("Toinen", True), ("Valmis", False)])
async def test_two_resolves_at_once_are_one_event(
    handling: RequestHandling, second: str, refused: bool
) -> None:
    async with handling.sessions.begin() as session:
        await handle_request(
            session, handling.request_id, "resolve", MAIJA, text="Valmis", keyring=handling.keyring
        )
        other = asyncio.create_task(handling.act("resolve", SAP, second))
        await eventually(lambda: waits_for_a_lock(handling.sessions))
    (answer,) = await asyncio.gather(other, return_exceptions=True)
    assert isinstance(answer, NotAllowedNow) == refused, answer
    assert (await handling.history()).count("request.resolved.v1") == 1


async def test_another_handler_takes_over(handling: RequestHandling) -> None:
    await handling.act("take")
    assert (await handling.act("take", By("staff", "pekka"))).assignee == "pekka"
    assert (await handling.history()).count("request.assigned.v1") == 2


@pytest.mark.parametrize("text", [None, "", "  \n", "x" * 10_001, "\x00\u200b\ud800"])
async def test_a_text_that_cannot_go_to_the_customer_is_refused(
    handling: RequestHandling, text: str | None
) -> None:
    with pytest.raises(InvalidFields):
        await handling.act("resolve", text=text)
    assert len(await handling.history()) == 1


async def test_a_citizen_cannot_resolve(handling: RequestHandling) -> None:
    with pytest.raises(NotAllowedNow):
        await handling.act("resolve", By("citizen", None), "Itse")


async def test_there_must_be_a_request(sessions: Sessions, keyring: Keyring) -> None:
    with pytest.raises(NotFound):
        await RequestHandling(sessions, keyring, UUID(int=1)).act("take")


async def test_times_of_a_history_always_rise(handling: RequestHandling) -> None:
    async with handling.sessions.begin() as session:
        request = await session.get(TrackedRequest, handling.request_id)
        assert request is not None
        request.changed_at = request.changed_at.replace(year=2090)
    await handling.act("take")
    await handling.act("resolve", text="Valmis")
    found = await fetch_rows(
        handling.sessions, "select occurred_at from history where action <> 'register' order by id"
    )
    assert found[0].occurred_at < found[1].occurred_at
