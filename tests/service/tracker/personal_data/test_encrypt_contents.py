"""Answers and messages are encrypted in tracker's database, also those that an older version did not."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.tracker.personal_data.encrypt_contents import encrypt_some
from services.tracker.personal_data.keyring import Keyring
from services.tracker.reencrypt import run
from shared.crypto.box import CannotDecrypt
from shared.crypto.reencrypt import Done
from shared.database.engine import Sessions
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import ANSWERS, make_settings, submission
from tests.service.tracker.database import fetch_rows, register, register_one
from tests.service.tracker.personal_data.test_personal_data import dump
from tests.service.tracker.test_reencrypt import BOTH

ANSWER, TOLD = "Vastauzzeni", "Ratkaisuzzi"
FORM: list[dict[str, Any]] = [{"field": "details", "label": "Lisätietoja", "value": ANSWER}]


async def one_resolved(api: ApiClient, sessions: Sessions, keyring: Keyring) -> str:
    person = {
        "first_name": "Matti",
        "last_name": "Meikäläinen",
        "email": "m@example.fi",
        "phone": "+358401234567",
        "personal_identity_code": None,
    }
    sent = submission(form=json.dumps({"person": person, "answers": FORM}).encode())
    await register(sessions, keyring, sent)
    (await api.post(f"/api/v1/requests/{sent.event.request_id}/resolve", {"text": TOLD})).raise_for_status()
    async with (
        sessions.begin() as session
    ):  # what goes out is sealed, and gone from here once it is published
        await session.execute(text("update history set value = null, published_at = now()"))
    return str(sent.event.request_id)


async def shown(api: ApiClient, request_id: str) -> tuple[list[str], list[str]]:
    whole = (await api.get(f"/api/v1/requests/{request_id}")).raise_for_status().json()
    return [each["value"] for each in whole["answers"]], [
        each["text"] for each in whole["timeline"] if each["text"]
    ]


async def in_clear(sessions: Sessions) -> None:
    """Write answers and text as the version before did."""
    async with sessions.begin() as session:
        await session.execute(
            text("update requests set answers = :form, answers_box = null"), {"form": json.dumps(FORM)}
        )
        await session.execute(
            text("update history set text = :told, text_box = null where action = 'resolve'"), {"told": TOLD}
        )


async def test_nothing_that_was_answered_or_told_stands_in_clear(
    api: ApiClient, sessions: Sessions, keyring: Keyring, tracker_database: str, tmp_path: Path
) -> None:
    request_id = await one_resolved(api, sessions, keyring)
    dumped = await dump(tracker_database, tmp_path)
    assert "Meikäläinen" in dumped, "names are in clear, for the handlers"
    for word in (ANSWER, TOLD, ANSWER.encode().hex(), TOLD.encode().hex()):
        assert word not in dumped
    assert await shown(api, request_id) == ([ANSWER], [TOLD])
    again = await api.post(f"/api/v1/requests/{request_id}/resolve", {"text": TOLD})
    assert again.status_code == 200, "the same step again changes nothing"


async def test_what_the_version_before_wrote_reads_on_and_is_encrypted(
    api: ApiClient, sessions: Sessions, keyring: Keyring, tracker_database: str, tmp_path: Path
) -> None:
    request_id = await one_resolved(api, sessions, keyring)
    await in_clear(sessions)
    assert await shown(api, request_id) == ([ANSWER], [TOLD])
    while await encrypt_some(sessions, keyring.at_rest, 1):
        pass
    dumped = await dump(tracker_database, tmp_path)
    assert (ANSWER in dumped, TOLD in dumped) == (False, False)
    assert await shown(api, request_id) == ([ANSWER], [TOLD])
    assert not await encrypt_some(sessions, keyring.at_rest, 1)


async def test_a_row_that_somebody_works_with_is_encrypted_later(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    await one_resolved(api, sessions, keyring)
    await in_clear(sessions)
    async with sessions.begin() as busy:
        await busy.execute(text("select from requests for update"))
        await encrypt_some(sessions, keyring.at_rest)
        assert [row.answers for row in await fetch_rows(sessions, "select answers from requests")] == [FORM]
    await encrypt_some(sessions, keyring.at_rest)
    assert [row.answers for row in await fetch_rows(sessions, "select answers from requests")] == [[]]


async def test_both_come_under_a_new_key(
    api: ApiClient, sessions: Sessions, keyring: Keyring, tracker_database: str
) -> None:
    await one_resolved(api, sessions, keyring)
    settings = make_settings(tracker_database, data_key=BOTH)
    assert await run(settings) == Done(changed=2)
    assert await run(settings) == Done()


async def test_a_box_opens_where_it_belongs_only(sessions: Sessions, keyring: Keyring) -> None:
    one, other = await register_one(sessions, keyring), await register_one(sessions, keyring)
    boxes = {
        row.request_id: row.answers_box
        for row in await fetch_rows(sessions, "select request_id, answers_box from requests")
    }
    assert json.loads(keyring.at_rest.decrypt_answers(boxes[one], one)) == ANSWERS
    for wrong in (other, one):
        with pytest.raises(CannotDecrypt):
            keyring.at_rest.decrypt_text(boxes[one], wrong)
    with pytest.raises(CannotDecrypt):
        keyring.at_rest.decrypt_answers(boxes[one], other)


async def test_what_the_version_before_removed_leaves_no_box(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    await one_resolved(api, sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("update requests set erased_at = now(), answers = '[]'"))
        await session.execute(text("update history set text = null"))
    while await encrypt_some(sessions, keyring.at_rest, 1):
        pass
    assert await fetch_rows(sessions, "select 1 from requests where answers_box is not null") == []
    assert await fetch_rows(sessions, "select 1 from history where text_box is not null") == []
