"""The henkilötunnus stands in clear in no table and no log line.

What is needed of it can still be found and read.
"""

from pathlib import Path
from typing import cast
from uuid import UUID

import asyncpg
import pytest
from pydantic_core import to_json
from sqlalchemy import text

from services.tracker.clients.notifier import Notifier
from services.tracker.domain import By
from services.tracker.mails.send_mail_again import send_mail_again
from services.tracker.models import SkippedRecords
from services.tracker.personal_data.at_rest import AtRest, name_key
from services.tracker.personal_data.keyring import Keyring
from services.tracker.trouble.settle_note import note_on_timeline
from shared.crypto.box import CannotDecrypt
from shared.database.engine import Sessions
from shared.text.personal_codes import HIDDEN
from shared.web.problems import InvalidFields
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import HETU, NOW, PERSON, submission
from tests.service.tracker.console_builders import dead_letter
from tests.service.tracker.database import history_types, register, register_one
from tests.service.tracker.ledger_builders import event_id_of

BODIES = ("131052-308T", "131052", "308T", "MTMxMDUyLTMwOFQ", HETU.encode().hex())


async def dump(dsn: str, folder: Path) -> str:
    """Copy every table out as text, as a dump of the database would have it."""
    connection = await asyncpg.connect(dsn)
    tables = [
        row["table_name"]
        for row in await connection.fetch(
            "select table_name from information_schema.tables where table_schema = 'public'"
        )
    ]
    for table in tables:
        await connection.copy_from_table(table, output=folder / table)
    await connection.close()
    assert {"requests", "history"} <= set(tables)
    return "".join((folder / table).read_text() for table in tables)


async def test_no_table_holds_a_personal_code_in_clear(
    api: ApiClient, sessions: Sessions, keyring: Keyring, tracker_database: str, tmp_path: Path
) -> None:
    sent = submission()
    await register(sessions, keyring, sent, submission(sent.event.request_id, digest="other"))
    await api.post(f"/api/v1/requests/{sent.event.request_id}/take")
    await api.post(f"/api/v1/requests/{sent.event.request_id}/resolve", {"text": "Valmis"})
    assert HETU in (await api.get(f"/api/v1/requests/{sent.event.request_id}")).text
    dumped = await dump(tracker_database, tmp_path)
    assert "Meikäläinen" in dumped, "names are in clear, for the handlers"
    for body in BODIES:
        assert body not in dumped


def test_what_is_encrypted_opens_for_its_request_only() -> None:
    at_rest, request_id = AtRest([b"d" * 32], b"i" * 32), UUID(int=1)
    stored = at_rest.encrypt(HETU, request_id)
    assert at_rest.decrypt(stored, request_id) == HETU
    assert stored != at_rest.encrypt(HETU, request_id)
    for other, box in (
        (at_rest, stored[:-1] + bytes([stored[-1] ^ 1])),
        (AtRest([b"x" * 32], b"i" * 32), stored),
        (at_rest, b""),
    ):
        with pytest.raises(CannotDecrypt):
            other.decrypt(box, request_id)
    with pytest.raises(CannotDecrypt):
        at_rest.decrypt(stored, UUID(int=2))


def test_a_blind_index_is_the_same_however_it_is_typed() -> None:
    at_rest = AtRest([b"d" * 32], b"i" * 32)
    assert at_rest.index_email(" A.B@Example.FI ") == at_rest.index_email("a.b@example.fi")
    assert at_rest.index_personal_code("131052-308t") == at_rest.index_personal_code(HETU)
    assert at_rest.index_email(HETU) != at_rest.index_personal_code(HETU)
    assert at_rest.index_email("a@b.fi") != AtRest([b"d" * 32], b"j" * 32).index_email("a@b.fi")
    assert name_key(" Ämmälä ", "Anna  Liisa") == "ammala anna liisa"


async def test_the_api_gives_a_personal_code_with_a_scope_of_its_own_only(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    form = [{"field": "message", "label": "Viesti", "value": f"Tunnukseni on {HETU}, lasku 1310523088"}]
    sent = submission(form=to_json({"person": PERSON, "answers": form}))
    request_id = await register_one(sessions, keyring, sent)
    async with sessions.begin() as session:
        await session.execute(
            text("update history set text = :text where request_id = :id"),
            {"text": f"Hei {HETU}", "id": request_id},
        )
    path = f"/api/v1/requests/{request_id}"
    masked = await api.get(path, "requests:read")
    assert masked.status_code == 200
    assert HETU not in masked.text
    assert masked.json()["person"]["personal_identity_code"] == "131052-****"
    assert masked.json()["answers"][0]["value"] == f"Tunnukseni on {HIDDEN}, lasku 1310523088"
    assert masked.json()["timeline"][0]["text"] == f"Hei {HIDDEN}"
    shown = await api.get(path, "requests:read", "requests:personal-code")
    assert shown.json()["person"]["personal_identity_code"] == HETU
    assert shown.json()["answers"] == form
    assert shown.headers["Cache-Control"] == masked.headers["Cache-Control"] == "no-store"
    assert (await api.get(path, "requests:personal-code")).status_code == 403
    followed = await api.post(
        "/api/v1/status", {"work_number": shown.json()["work_number"], "email": PERSON["email"]}
    )
    assert followed.json()["timeline"][0]["text"] == f"Hei {HIDDEN}"


@pytest.mark.parametrize("action", ["ask-customer", "resolve", "reject"])
async def test_a_text_with_a_personal_code_is_not_sent(
    api: ApiClient, sessions: Sessions, keyring: Keyring, action: str
) -> None:
    request_id = await register_one(sessions, keyring)
    await api.post(f"/api/v1/requests/{request_id}/take")
    answer = await api.post(
        f"/api/v1/requests/{request_id}/{action}",
        {"text": f"Tunnus {HETU[:6]} \u2013 {HETU[7:]} on kirjattu."},
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:asiointi:problem:personal-code-in-text")
    assert answer.json()["errors"] == [
        {"field": "text", "message": "Leave the henkilötunnus out: the text goes to the customer by e-mail"}
    ]
    assert HETU[7:] not in answer.text
    assert await history_types(sessions, request_id) == ["request.registered.v1", "request.assigned.v1"]


async def test_a_personal_code_in_a_name_or_an_address_is_covered_in_every_answer(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    person = {
        "first_name": f"Matti {HETU}",
        "last_name": f"Meikäläinen {HETU}",
        "email": f"{HETU}@example.fi",
        "personal_identity_code": None,
    }
    request_id = await register_one(sessions, keyring, submission(person=person))
    async with sessions.begin() as session:
        note_on_timeline(session, request_id, "mail.settled", By("staff", "olli"), note=f"Soitin, {HETU}")
    ordinary = ("requests:read", "requests:write")
    for answer in (
        await api.get("/api/v1/requests"),
        await api.post("/api/v1/requests/search", {"q": "Meikäläinen"}),
        await api.post(f"/api/v1/requests/{request_id}/take", None, *ordinary),
        await api.get(f"/api/v1/requests/{request_id}", *ordinary),
    ):
        assert HIDDEN in answer.raise_for_status().text
        assert HETU.casefold() not in answer.text.casefold()
    revealed = (await api.get(f"/api/v1/requests/{request_id}")).json()
    assert revealed["person"]["first_name"] == f"Matti {HETU}"
    assert {"note": f"Soitin, {HETU}"} in [each["details"] for each in revealed["timeline"]]


@pytest.mark.parametrize("path", ["failed-mails", "returned-mails", "dead-letters", "skipped"])
async def test_a_note_with_a_personal_code_is_refused(
    api: ApiClient, sessions: Sessions, keyring: Keyring, path: str
) -> None:
    cause = await event_id_of(sessions, await register_one(sessions, keyring))
    returned = "now()" if path == "returned-mails" else "null"
    async with sessions.begin() as session:
        await session.execute(text(f"update owed_mails set failed_at = now(), returned_at = {returned}"))  # noqa: S608  our own word
        letter, gap = (
            dead_letter(b"x"),
            SkippedRecords(
                reader="tracker", topic="t", partition=0, first_offset=0, next_offset=1, noticed_at=NOW
            ),
        )
        session.add_all([letter, gap])
        await session.flush()
        ids = {"dead-letters": letter.id, "skipped": gap.id}
    answer = await api.post(
        f"/api/v1/{path}/{ids.get(path, cause)}/settle", {"note": f"Soitin, tunnus {HETU}"}
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:asiointi:problem:personal-code-in-text")
    assert answer.json()["errors"][0]["field"] == "note"
    assert HETU not in answer.text


async def test_a_corrected_address_with_a_personal_code_is_refused(
    sessions: Sessions, keyring: Keyring
) -> None:
    cause = await event_id_of(sessions, await register_one(sessions, keyring))
    notifier = cast("Notifier", object())
    async with sessions.begin() as session:
        await session.execute(text("update owed_mails set failed_at = now()"))
        with pytest.raises(InvalidFields) as refused:
            await send_mail_again(
                session,
                str(cause),
                By("staff", "olli"),
                returned=False,
                email=f"{HETU}@example.fi",
                notifier=notifier,
                keyring=keyring,
            )
    assert [error["field"] for error in refused.value.extra["errors"]] == ["email"]
