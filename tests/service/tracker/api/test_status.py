"""A citizen's status: by number and e-mail or by a signed link, and nothing to be learned by guessing."""

import pytest

from services.tracker import work_number
from services.tracker.personal_data.keyring import Keyring
from shared.crypto import follow_link
from shared.database.engine import Sessions
from shared.text.work_number import grouped
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.database import fetch_rows, register_one

MAIL = "matti.meikalainen@example.fi"


async def number(sessions: Sessions) -> str:
    (row,) = await fetch_rows(sessions, "select work_number from requests")
    return str(row.work_number)


async def test_the_number_and_the_mail_show_the_story_in_public_terms(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    for action, text in (("take", None), ("ask-customer", "Mikä lasku?"), ("resolve", "Hyvitetty.")):
        await api.post(f"/api/v1/requests/{request_id}/{action}", {"text": text})
    shown = grouped(await number(sessions))
    by_number = await api.post("/api/v1/status", {"work_number": shown, "email": f" {MAIL.upper()} "})
    by_link = await api.post("/api/v1/status", {"link": follow_link.sign(request_id, keyring.link_key)})
    status = by_number.json()
    assert status == by_link.json()
    assert (status["state"], status["request_id"]) == ("resolved", str(request_id))
    assert (status["service"], status["service_title"]) == ("kysy-laskusta", "Fråga om en faktura")
    assert [(step["state"], step["text"]) for step in status["timeline"]] == [
        ("received", None),
        ("in_progress", None),
        ("waiting_for_customer", "Mikä lasku?"),
        ("resolved", "Hyvitetty."),
    ]
    assert {"sap", "Matti", MAIL} & set(by_number.text.replace('"', " ").split()) == set()
    short = (await api.get(f"/api/v1/status/{request_id}")).json()
    assert short == {name: status[name] for name in status if name != "timeline"}


async def test_unknown_number_wrong_mail_and_forged_link_get_one_and_the_same_answer(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    answers = [
        await api.post("/api/v1/status", body)
        for body in (
            {"work_number": await number(sessions), "email": "other@example.fi"},
            {"work_number": work_number.work_number(99, b"k" * 32), "email": MAIL},
            {"link": follow_link.sign(request_id, b"x" * 32)},
            {"link": "nonsense"},
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("482 913 057", "wrong-check-digit"), ("482 913", "wrong-length"), ("", "wrong-length")],
)
async def test_a_mistyped_number_is_told_as_such(api: ApiClient, typed: str, reason: str) -> None:
    answer = await api.post("/api/v1/status", {"work_number": typed, "email": MAIL})
    assert (answer.status_code, answer.json()["type"], answer.json()["reason"]) == (
        422,
        "urn:asiointi:problem:invalid-work-number",
        reason,
    )


@pytest.mark.parametrize(
    "body", [{}, {"work_number": "482913057"}, {"email": MAIL}, [], {"link": 1}, {"link": "x" * 300}]
)
async def test_half_a_question_is_told_as_such(api: ApiClient, body: object) -> None:
    answer = await api.post("/api/v1/status", body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:asiointi:problem:invalid-fields")
    assert MAIL not in answer.text


async def test_an_unknown_request_has_no_status(api: ApiClient) -> None:
    assert (await api.get("/api/v1/status/00000000-0000-0000-0000-000000000001")).status_code == 404
    assert (await api.get("/api/v1/status/482913057")).status_code == 422
