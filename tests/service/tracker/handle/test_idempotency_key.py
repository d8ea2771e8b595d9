"""A command with an Idempotency-Key happens once, however late and however often it comes again."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text as sql

from services.tracker.handle.answer_once import KEPT, forget_answers
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.database import fetch_rows, history_types, register_one

RESOLVED = "request.resolved.v1"
QUESTIONS = {"/api/v1/requests/search", "/api/v1/status"}
"""They change nothing."""


async def post(
    api: ApiClient,
    request_id: UUID,
    action: str,
    key: str | None = None,
    *,
    text: str | None = None,
    sub: str = "sap",
) -> httpx.Response:
    token = api.issuer.token("requests:write", sub=sub)
    headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
    return await api.client.post(
        f"/api/v1/requests/{request_id}/{action}", json={"text": text} if text else None, headers=headers
    )


async def test_a_delayed_retry_after_a_reopening_changes_nothing(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    first = await post(api, request_id, "resolve", "k1", text="Valmis.")
    await post(api, request_id, "reopen", "k2")
    again = await post(api, request_id, "resolve", "k1", text="Valmis.")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"] == "application/json"
    assert (await history_types(sessions, request_id)).count(RESOLVED) == 1
    assert (await api.get(f"/api/v1/requests/{request_id}")).json()["state"] == "in_progress"


async def test_without_a_key_every_command_is_a_new_one(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    for action in ("resolve", "reopen", "resolve"):
        assert (await post(api, request_id, action, text="Valmis.")).status_code == 200
    assert (await history_types(sessions, request_id)).count(RESOLVED) == 2
    assert await fetch_rows(sessions, "select * from kept_answers") == []


@pytest.mark.parametrize(("action", "text"), [("resolve", "Toinen."), ("reject", "Valmis.")])
async def test_a_key_with_another_command_is_refused_and_the_first_stands(
    api: ApiClient, sessions: Sessions, keyring: Keyring, action: str, text: str
) -> None:
    request_id = await register_one(sessions, keyring)
    await post(api, request_id, "resolve", "k1", text="Valmis.")
    await post(api, request_id, "reopen", "k2")
    other = await post(api, request_id, action, "k1", text=text)
    assert (other.status_code, other.json()["type"]) == (422, "urn:asiointi:problem:idempotency-key-reused")
    assert (
        await post(api, await register_one(sessions, keyring), "resolve", "k1", text="Valmis.")
    ).status_code == 422
    assert (await history_types(sessions, request_id)).count(RESOLVED) == 1


async def test_keys_of_two_callers_have_nothing_to_do_with_each_other(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    one, other = await register_one(sessions, keyring), await register_one(sessions, keyring)
    assert (await post(api, one, "take", "k1")).json()["request_id"] == str(one)
    assert (await post(api, other, "take", "k1", sub="maija")).json()["request_id"] == str(other)


async def test_a_refusal_is_the_answer_to_its_retry_too(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    refused = await post(api, request_id, "reopen", "k1")
    await post(api, request_id, "resolve", "k2", text="Valmis.")
    again = await post(api, request_id, "reopen", "k1")
    assert (refused.status_code, again.status_code) == (409, 409)
    assert again.json() == refused.json()
    assert again.headers["content-type"] == "application/problem+json"


async def test_ten_at_the_same_time_are_one(api: ApiClient, sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    answers = await asyncio.gather(
        *(post(api, request_id, "resolve", "k1", text="Valmis.") for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(await fetch_rows(sessions, "select * from kept_answers")) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "ä"])
async def test_an_unusable_key_is_named(
    api: ApiClient, sessions: Sessions, keyring: Keyring, key: str
) -> None:
    request_id = await register_one(sessions, keyring)
    headers = httpx.Headers({**api.headers(), "Idempotency-Key": key}, encoding="latin-1")
    answer = await api.client.post(f"/api/v1/requests/{request_id}/take", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_keys_are_forgotten_after_a_week(api: ApiClient, sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    for age, kept in ((KEPT - timedelta(minutes=1), 1), (timedelta(minutes=2), 0)):
        await post(api, request_id, "take", "k1")
        async with sessions.begin() as session:
            await session.execute(
                sql("update kept_answers set answered_at = answered_at - cast(:age as interval)"),
                {"age": age},
            )
            await forget_answers(session)
        assert len(await fetch_rows(sessions, "select * from kept_answers")) == kept


async def test_every_command_of_the_api_takes_a_key(api: ApiClient) -> None:
    paths = (await api.client.get("/openapi.json")).json()["paths"]
    commands = {
        path: route["post"] for path, route in paths.items() if path.startswith("/api/") and "post" in route
    }
    without = {
        path
        for path, route in commands.items()
        if "Idempotency-Key" not in {each["name"] for each in route.get("parameters", [])}
    }
    assert {path for path in without if not commands[path].get("deprecated")} == QUESTIONS
