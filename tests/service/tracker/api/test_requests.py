"""Back-office systems find, read and handle requests over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.tracker import work_number
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from shared.text.work_number import grouped
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import ANSWERS, HETU, NOW, submission
from tests.service.tracker.database import fetch_rows, history_types, register, register_one

pytestmark = pytest.mark.usefixtures("one_connection")


async def number_of(sessions: Sessions, request_id: UUID) -> str:
    (row,) = await fetch_rows(
        sessions, "select work_number from requests where request_id = :id", id=request_id
    )
    return str(row.work_number)


async def found(api: ApiClient, **query: object) -> list[str]:
    answer = await api.get("/api/v1/requests", **query)
    assert answer.status_code == 200, answer.text
    return [each["request_id"] for each in answer.json()["requests"]]


async def searched(api: ApiClient, q: str) -> list[str]:
    answer = await api.post("/api/v1/requests/search", {"q": q})
    assert answer.status_code == 200, answer.text
    assert HETU not in answer.text
    return [each["request_id"] for each in answer.json()["requests"]]


async def test_a_request_is_read_by_its_id_and_its_number(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    number = await number_of(sessions, request_id)
    answers = [
        await api.get(f"/api/v1/requests/{each}")
        for each in (str(request_id), number, grouped(number), f"{number[:3]}-{number[3:]}")
    ]
    whole = answers[0].json()
    assert all(answer.json() == whole for answer in answers)
    assert whole["person"]["personal_identity_code"] == HETU
    assert whole["answers"] == ANSWERS
    assert [each["type"] for each in whole["timeline"]] == ["request.registered.v1"]
    assert whole["possible"] == ["take", "resolve", "reject"]


@pytest.mark.parametrize(
    ("id_", "reason"),
    [("482913057", "wrong-check-digit"), ("12", "wrong-length"), ("none%00", "wrong-length")],
)
async def test_a_mistyped_number_is_told_as_such(api: ApiClient, id_: str, reason: str) -> None:
    answer = await api.get(f"/api/v1/requests/{id_}")
    assert (answer.status_code, answer.json()["type"], answer.json()["reason"]) == (
        422,
        "urn:asiointi:problem:invalid-work-number",
        reason,
    )


async def test_an_unknown_request_is_not_found(api: ApiClient) -> None:
    for path in (
        "/api/v1/requests/00000000-0000-0000-0000-000000000001",
        f"/api/v1/requests/{work_number.work_number(7, b'k' * 32)}",
    ):
        assert (await api.get(path)).status_code == 404


async def test_lists_are_filtered_newest_first_page_by_page(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    sent = [
        submission(queue=queue, service=service, submitted_at=NOW + timedelta(minutes=minute))
        for minute, (queue, service) in enumerate(
            [("laskut", "a"), ("palkat", "b"), ("laskut", "b"), ("laskut", "a"), ("palkat", "a")]
        )
    ]
    await register(sessions, keyring, *sent)
    ids = [str(each.event.request_id) for each in sent]
    await api.post(f"/api/v1/requests/{ids[0]}/take")
    assert await found(api) == ids[::-1]
    assert await found(api, queue="laskut") == [ids[3], ids[2], ids[0]]
    assert await found(api, state="in_progress") == [ids[0]]
    assert await found(api, queue="laskut", state="received", service="a") == [ids[3]]
    middle = {
        "submitted_after": NOW.isoformat(),
        "submitted_before": (NOW + timedelta(minutes=3)).isoformat(),
    }
    assert await found(api, **middle) == [ids[2], ids[1]]
    assert await found(api, overdue=True) == []
    pages: list[list[str]] = []
    cursor = None
    while cursor or not pages:
        page = (await api.get("/api/v1/requests", limit=2, **({"cursor": cursor} if cursor else {}))).json()
        pages.append([each["request_id"] for each in page["requests"]])
        cursor = page["next"]
    assert pages == [ids[4:2:-1], ids[2:0:-1], ids[:1]]


async def test_people_are_found_by_name_mail_code_and_number_in_the_body(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    matti = str(await register_one(sessions, keyring))
    anna = submission(
        person={
            "first_name": "Anna-Liisa",
            "last_name": "Ämmälä",
            "email": "anna@example.fi",
            "personal_identity_code": "081181-9984",
        }
    )
    await register(sessions, keyring, anna)
    number = await number_of(sessions, anna.event.request_id)
    for words in (
        "ämmä",
        "Anna-Liisa Ämmälä",
        "ÄMMÄLÄ  anna",
        " ANNA@Example.FI ",
        "081181-9984",
        grouped(number),
    ):
        assert await searched(api, words) == [str(anna.event.request_id)], words
    assert await searched(api, "meikäläinen") == [matti]
    assert await searched(api, "mei%nen") == []
    assert await searched(api, "nobody@example.fi") == []


async def test_a_name_that_many_have_comes_in_pages_newest_first(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    names = [
        ("Aino", "Virtanen"),
        ("Virtanen", "Aino"),
        ("Aino", "Virta"),
        ("Eino", "Virtanen"),
        ("Aino", "Virtanen"),
    ]
    sent = [
        submission(
            person={"first_name": first, "last_name": last, "email": "a@example.fi"},
            submitted_at=NOW + timedelta(minutes=minute),
        )
        for minute, (first, last) in enumerate(names)
    ]
    await register(sessions, keyring, *sent)
    ids = [str(each.event.request_id) for each in sent]
    found: list[str] = []
    cursor = None
    while cursor or not found:
        page = (
            (await api.post("/api/v1/requests/search", {"q": "virtanen aino", "limit": 1, "cursor": cursor}))
            .raise_for_status()
            .json()
        )
        found += [each["request_id"] for each in page["requests"]]
        cursor = page["next"]
    assert found == [ids[4], ids[1], ids[0]]
    assert await searched(api, "virta") == [ids[4], ids[3], ids[2], ids[0]]
    narrowed = await api.post("/api/v1/requests/search", {"q": "virtanen", "state": "closed"})
    assert narrowed.json()["requests"] == []


async def test_personal_data_does_not_belong_into_an_address(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    assert await found(api, q=await number_of(sessions, request_id)) == [str(request_id)]
    for words in ("meikäläinen", "a@b.fi", HETU):
        answer = await api.get("/api/v1/requests", q=words)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "q")
        assert words not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        {"q": "482913057"},
        {"cursor": "x"},
        {"limit": 201},
        {"state": "gone"},
        {"queue": "a\x00"},
        {"submitted_after": "yesterday"},
        {"submitted_before": "0.5"},
        {"submitted_after": "1764153600"},
        {"cursor": "MQ"},
    ],
)
async def test_a_bad_question_is_never_a_failure_of_ours(api: ApiClient, query: dict[str, Any]) -> None:
    assert (await api.get("/api/v1/requests", **query)).status_code == 422


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": 201}, "Give 200 or less"),
        ({"limit": "many"}, "Give a whole number, in digits"),
        ({"submitted_after": "yesterday"}, "Give a time with its zone, such as 2026-11-24T12:00:00+02:00"),
        ({"submitted_before": "0.5"}, "Give a time with its zone, such as 2026-11-24T12:00:00+02:00"),
        ({"submitted_after": "1764153600"}, "Give a time with its zone, such as 2026-11-24T12:00:00+02:00"),
        ({"overdue": "perhaps"}, "Give true or false"),
    ],
)
async def test_what_is_wrong_in_a_question_is_said_in_our_words(
    api: ApiClient, query: dict[str, Any], message: str
) -> None:
    answer = (await api.get("/api/v1/requests", **query)).json()
    assert answer["errors"] == [{"field": next(iter(query)), "message": message}]


async def test_a_request_is_handled(api: ApiClient, sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    path = f"/api/v1/requests/{await number_of(sessions, request_id)}"
    taken = (await api.post(f"{path}/take")).json()
    assert (taken["state"], taken["assignee"]) == ("in_progress", "sap")
    assert (await api.post(f"{path}/ask-customer", {"text": "Mikä?"})).json()[
        "state"
    ] == "waiting_for_customer"
    assert (await api.post(f"{path}/customer-answered")).json()["state"] == "in_progress"
    answers = [await api.post(f"{path}/resolve", {"text": text}) for text in ("Valmis", "Valmis", "Toinen")]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    problem = answers[2].json()
    assert (problem["type"], problem["state"], problem["possible"]) == (
        "urn:asiointi:problem:not-allowed-now",
        "resolved",
        ["close", "reopen"],
    )
    assert (await history_types(sessions, request_id)).count("request.resolved.v1") == 1
    missing = await api.post(f"{path}/reject", {})
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "text")
    assert (await api.post(f"{path}/close")).json()["state"] == "closed"
    assert (await api.post(f"{path}/reopen")).json()["state"] == "in_progress"
    assert (await api.post(f"{path}/delete")).status_code == 422
