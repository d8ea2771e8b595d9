"""When a service's retention time is over, nothing is left of a request but its number, state and times.

Whatever is open stays.
"""

import asyncio
import base64
import json
import signal
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Interval, bindparam, text

from services.tracker.domain import Action, By
from services.tracker.handle.handle_request import ContentsRemoved, handle_request
from services.tracker.models import DeadLetter
from services.tracker.personal_data.keyring import Keyring
from services.tracker.retention import remove_due
from shared.crypto import follow_link
from shared.database.engine import Sessions, migrate, open_database
from shared.events.mail_outcomes import MailFailed
from shared.events.request_lifecycle import RequestErased
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from tests.conftest import FreshDatabase
from tests.eventually import eventually
from tests.service.migrate_to import migrate_to
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import MIGRATIONS, NOW, PERSON, make_settings, submission
from tests.service.tracker.database import fetch_rows, history_types, register, register_one
from tests.service.tracker.ledger_builders import (
    event_id_of,
    handle_outcomes,
    mail_outcome_event,
    read_ledger,
)
from tests.service.tracker.personal_data.test_personal_data import dump
from tests.service.tracker.processes import WORKER, process
from tests.service.tracker.published_events import published_events
from tests.service.tracker.running_loops import running_publisher

MAIJA = By("staff", "maija")
FIRST, LAST, MAIL, PHONE, CODE = (
    "Xenofon",
    "Zyqvist",
    "x.zyq@salainen.example",
    "+358449998877",
    "010203-9002",
)
WROTE = (
    "Laskuzzani",
    "Kysymyzz",
    "Ratkaisuzz",
    "Kerrottiinzz",
    "Sanomazz",
    "Detailzz",
    "Otsakezz",
    "Koodizz",
)
ANSWER, QUESTION, RESOLUTION, NOTE, RECORD, DETAIL, HEADER, SMTP = WROTE
WORDS = (FIRST, LAST, MAIL, PHONE, *WROTE)
ENCRYPTED = (ANSWER, QUESTION, RESOLUTION)
YEAR = 365
STAYS = (
    "select id, event_id, type, occurred_at, actor_kind, actor, action, state from history where request_id "
    "= :id order by id"
)


async def closed(
    sessions: Sessions, keyring: Keyring, request_id: UUID, *actions: tuple[Action, str | None]
) -> None:
    """Take these steps with a request, or resolve it, and let everything be published."""
    for action, said in actions or (("resolve", RESOLUTION),):
        async with sessions.begin() as session:
            await handle_request(session, request_id, action, MAIJA, text=said, keyring=keyring)
    async with sessions.begin() as session:
        await session.execute(
            text("update history set value = null, published_at = now() where value is not null")
        )


async def let_pass(sessions: Sessions, days: float, column: str = "requests.changed_at") -> None:
    """Move a time into the past."""
    table, _, name = column.partition(".")
    statement = text(f"update {table} set {name} = {name} - :past")  # noqa: S608  names of our own
    async with sessions.begin() as session:
        await session.execute(
            statement.bindparams(bindparam("past", value=timedelta(days=days), type_=Interval))
        )


async def remove_all(sessions: Sessions, most: int = 100) -> None:
    while await remove_due(sessions, most):
        pass


async def erased(sessions: Sessions) -> set[UUID]:
    return {
        row.request_id
        for row in await fetch_rows(sessions, "select request_id from requests where erased_at is not null")
    }


def dead_letter(key: bytes | None, **different: object) -> DeadLetter:
    """Make one that holds words of a person in every place that can."""
    facts: dict[str, object] = {
        "origin_topic": "requests.commands",
        "origin_partition": 0,
        "origin_offset": 1,
        "origin_group": "tracker.commands",
        "digest": b"d",
        "reason": "bad-data",
        "detail": DETAIL,
        "buried_at": NOW,
        "key": key,
        "value": RECORD.encode(),
        "headers": [["x", base64.b64encode(HEADER.encode()).decode()]],
    }
    return DeadLetter(**facts | different)  # type: ignore[arg-type]  # columns by their names


def found(words: tuple[str, ...], copied: str) -> list[str]:
    """Return the words that a copy of the tables holds, in any of the forms in which they can stand there."""
    copied = copied.casefold()
    forms = {
        word: (word, word.encode().hex(), base64.b64encode(word.encode()).decode().rstrip("="))
        for word in words
    }
    return [word for word, each in forms.items() if any(form.casefold() in copied for form in each)]


async def test_nothing_that_a_person_wrote_is_left_in_any_table(
    sessions: Sessions,
    keyring: Keyring,
    tracker_database: str,
    kafka: KafkaConnection,
    producer: EventProducer,
    tmp_path: Path,
) -> None:
    person = {
        "first_name": FIRST,
        "last_name": LAST,
        "email": MAIL,
        "phone": PHONE,
        "personal_identity_code": CODE,
    }
    answers = [{"field": "f", "label": "Lasku", "value": ANSWER}]
    form = json.dumps({"person": PERSON | person, "answers": answers}).encode()
    request_id = await register_one(sessions, keyring, submission(form=form))
    await register(sessions, keyring, submission(request_id, digest="other"))
    await closed(
        sessions,
        keyring,
        request_id,
        ("take", None),
        ("ask_customer", QUESTION),
        ("resolve", RESOLUTION),
        ("close", None),
    )
    await handle_outcomes(
        sessions,
        mail_outcome_event(MailFailed, request_id, await event_id_of(sessions, request_id), codes=SMTP),
    )
    async with sessions.begin() as session:
        session.add(dead_letter(str(request_id).encode(), request_id=request_id, note=NOTE, dismissed_at=NOW))
        await session.execute(
            text("update owed_mails set settled_note = :note, settled_at = now()"), {"note": NOTE}
        )
        await session.execute(
            text(
                "update history set details = jsonb_build_object('note', cast(:note as text)) where "
                "action = 'take'"
            ),
            {"note": NOTE},
        )
    assert found(WORDS, await dump(tracker_database, _folder(tmp_path, "before"))) == [
        word for word in WORDS if word not in ENCRYPTED
    ]
    before = await fetch_rows(sessions, STAYS, id=request_id)
    await let_pass(sessions, YEAR + 0.01)
    await remove_all(sessions)
    assert found(WORDS, await dump(tracker_database, _folder(tmp_path, "after"))) == []
    after = await fetch_rows(sessions, STAYS, id=request_id)
    assert after[:-1] == before, "the history keeps its rows"
    (left,) = await fetch_rows(sessions, "select * from requests")
    assert (left.state, left.service, left.personal_code, left.personal_code_index) == (
        "closed",
        "kysy-laskusta",
        None,
        None,
    )
    assert (left.email_index, left.sealed_contact, left.answers, left.answers_box, left.body_digest) == (
        b"",
        "",
        [],
        None,
        "",
    )
    assert (
        await fetch_rows(sessions, "select 1 from history where text is not null or text_box is not null")
        == []
    )
    async with running_publisher(tracker_database, producer):
        await eventually(lambda: _event(kafka, request_id))
    event = await _event(kafka, request_id)
    assert (event.work_number, event.state, event.retention_days) == (left.work_number, "closed", YEAR)


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


async def _event(kafka: KafkaConnection, request_id: UUID) -> RequestErased:
    (event,) = [
        each.event
        for each in await published_events(kafka, request_id)
        if isinstance(each.event, RequestErased)
    ]
    return event


async def test_an_open_request_is_never_removed_and_a_reopened_one_begins_anew(
    sessions: Sessions, keyring: Keyring
) -> None:
    received, taken, asked, reopened, young, resolved, rejected = [
        await register_one(sessions, keyring) for _ in range(7)
    ]
    await closed(sessions, keyring, taken, ("take", None))
    await closed(sessions, keyring, asked, ("take", None), ("ask_customer", QUESTION))
    await closed(sessions, keyring, reopened, ("resolve", RESOLUTION), ("close", None), ("reopen", None))
    await closed(sessions, keyring, resolved)
    await closed(sessions, keyring, rejected, ("reject", RESOLUTION))
    await let_pass(sessions, 100 * YEAR)
    await closed(sessions, keyring, young)
    await let_pass(sessions, YEAR - 1)
    await closed(sessions, keyring, received, ("take", None))
    await remove_all(sessions)
    assert await erased(sessions) == {resolved, rejected}
    await closed(sessions, keyring, reopened)
    await let_pass(sessions, 0.9)
    await remove_all(sessions)
    assert await erased(sessions) == {resolved, rejected}
    await let_pass(sessions, 0.2)
    await remove_all(sessions)
    assert await erased(sessions) == {resolved, rejected, young}
    await let_pass(sessions, YEAR)
    await remove_all(sessions)
    assert await erased(sessions) == {resolved, rejected, young, reopened}


async def test_what_waits_to_be_published_is_published_first(sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    await closed(sessions, keyring, request_id)
    await let_pass(sessions, YEAR + 1)
    async with sessions.begin() as session:
        await session.execute(text("update history set value = 'waits' where action = 'resolve'"))
    await remove_all(sessions)
    assert await erased(sessions) == set()
    async with sessions.begin() as session:
        await session.execute(text("update history set refused = 'too-large' where action = 'resolve'"))
    await remove_all(sessions)
    assert await erased(sessions) == {request_id}, "what Kafka never takes waits for nobody"


async def test_several_processes_remove_each_request_once(sessions: Sessions, keyring: Keyring) -> None:
    await register(sessions, keyring, *(submission() for _ in range(40)))
    ids = [row.request_id for row in await fetch_rows(sessions, "select request_id from requests")]
    async with sessions.begin() as session:
        await session.execute(text("update requests set state = 'closed'"))
        await session.execute(text("update history set value = null"))
    await let_pass(sessions, YEAR + 1)
    await asyncio.gather(*(remove_all(sessions, 3) for _ in range(4)))
    assert await erased(sessions) == set(ids)
    for request_id in ids:
        assert await history_types(sessions, request_id) == ["request.registered.v1", "request.erased.v1"]


async def test_killed_between_two_batches_a_worker_goes_on_where_it_was(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, tmp_path: Path
) -> None:
    await register(sessions, keyring, *(submission() for _ in range(150)))
    async with sessions.begin() as session:
        await session.execute(text("update requests set state = 'resolved'"))
        await session.execute(text("update history set value = null"))
    await let_pass(sessions, YEAR + 1)
    settings, log = make_settings(tracker_database, kafka), tmp_path / "worker.log"
    (tmp_path / "tracker.retention.after-batch").touch()
    async with process(WORKER, settings, log, CRASH_POINTS=str(tmp_path)) as first:
        async with asyncio.timeout(40):
            assert await first.wait() == -signal.SIGKILL
    assert len(await erased(sessions)) == 100
    async with process(WORKER, settings, log):

        async def all_erased() -> None:
            assert len(await erased(sessions)) == 150

        await eventually(all_erased, 40)
    (counted,) = await fetch_rows(
        sessions,
        "select count(*) as n, count(distinct request_id) as of from history where type = "
        "'request.erased.v1'",
    )
    assert (counted.n, counted.of) == (150, 150)


async def test_afterwards_everybody_is_told_so_and_nothing_can_be_done_with_it(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    sent = submission()
    request_id = await register_one(sessions, keyring, sent)
    await closed(sessions, keyring, request_id)
    (before,) = await fetch_rows(sessions, "select work_number from requests")
    await let_pass(sessions, YEAR + 1)
    await remove_all(sessions)
    status = (
        (await api.post("/api/v1/status", {"link": follow_link.sign(request_id, keyring.link_key)}))
        .raise_for_status()
        .json()
    )
    assert (status["work_number"], status["state"], status["service_title"]) == (
        before.work_number,
        "resolved",
        "Fråga om en faktura",
    )
    assert status["contents_removed_at"]
    assert [step["text"] for step in status["timeline"]] == [None, None]
    by_mail = await api.post("/api/v1/status", {"work_number": before.work_number, "email": PERSON["email"]})
    assert by_mail.status_code == 404, "the address is gone with the rest"
    whole = (await api.get(f"/api/v1/requests/{before.work_number}")).raise_for_status().json()
    assert (whole["state"], whole["possible"], whole["answers"], whole["first_name"]) == (
        "resolved",
        [],
        [],
        "",
    )
    assert whole["contents_removed_at"] == status["contents_removed_at"]
    assert whole["timeline"][-1]["type"] == "request.erased.v1"
    refused = await api.post(f"/api/v1/requests/{request_id}/reopen")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:asiointi:problem:contents-removed")
    await register(sessions, keyring, submission(request_id, digest="other"), sent)
    assert (await history_types(sessions, request_id))[-1] == "request.erased.v1", (
        "what the first said cannot be compared any more"
    )


async def test_a_replayed_command_gives_nothing_back(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    person = {"first_name": FIRST, "last_name": LAST}
    request_id = await register_one(sessions, keyring, submission(person=person))
    async with sessions.begin() as session:
        session.add(dead_letter(str(request_id).encode(), request_id=request_id))
    (letter,) = await fetch_rows(sessions, "select id from dead_letters")
    key = {"Idempotency-Key": "k1"}

    async def resolve() -> dict[str, object]:
        answer = await api.client.post(
            f"/api/v1/requests/{request_id}/resolve", json={"text": RESOLUTION}, headers=api.headers() | key
        )
        return dict(answer.raise_for_status().json())

    async def settle() -> dict[str, object]:
        address = f"/api/v1/dead-letters/{letter.id}/settle"
        answer = await api.client.post(
            address, json={"note": NOTE}, headers=api.headers() | {"Idempotency-Key": "k2"}
        )
        return dict(answer.raise_for_status().json())

    first, settled = await resolve(), await settle()
    assert (first["first_name"], first["last_name"], first["contents_removed_at"]) == (FIRST, LAST, None)
    assert (settled["note"], settled["detail"]) == (NOTE, DETAIL)
    assert (await resolve(), await settle()) == (first, settled)
    kept = "".join(
        str(bytes(row.body)) for row in await fetch_rows(sessions, "select body from kept_answers")
    )
    assert found((FIRST, LAST, NOTE, DETAIL), kept) == []
    async with sessions.begin() as session:
        await session.execute(
            text("update history set value = null, published_at = now() where value is not null")
        )
    await let_pass(sessions, YEAR + 0.01)
    await remove_all(sessions)
    again, settled_again = await resolve(), await settle()
    assert found((FIRST, LAST, NOTE, DETAIL), json.dumps([again, settled_again])) == []
    assert again["contents_removed_at"] is not None
    assert again["state"] == first["state"]


async def test_answers_that_an_earlier_version_kept_lose_their_names(fresh_database: FreshDatabase) -> None:
    bodies = {
        "request": {
            "request_id": str(UUID(int=1)),
            "state": "resolved",
            "first_name": FIRST,
            "last_name": LAST,
        },
        "dead letter": {"id": 1, "origin_topic": "requests.commands", "note": NOTE, "detail": DETAIL},
        "other": {"retried": 2, "left": 0},
    }
    dsn = await fresh_database("tracker")
    await migrate_to(MIGRATIONS, dsn, "0023")
    statement = text("""
        insert into kept_answers (caller, key, digest, status, headers, body, answered_at)
        values ('sap', :key, '', 200, '{"content-type": "application/json"}', :body, now())
    """)
    async with open_database(dsn) as earlier:
        async with earlier.begin() as session:
            for name, body in bodies.items():
                await session.execute(statement, {"key": name, "body": json.dumps(body).encode()})
        await asyncio.to_thread(migrate, MIGRATIONS, dsn)
        after = {
            row.key: json.loads(row.body)
            for row in await fetch_rows(earlier, "select key, body from kept_answers")
        }
    assert after == {
        "request": {"request_id": str(UUID(int=1)), "state": "resolved"},
        "dead letter": {"id": 1, "origin_topic": "requests.commands", "note": None, "detail": ""},
        "other": bodies["other"],
    }


async def test_a_mail_that_was_still_owed_is_owed_no_longer(sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    await closed(sessions, keyring, request_id)
    await let_pass(sessions, YEAR + 1)
    await let_pass(sessions, 1, "owed_mails.since")
    assert {each.reason for each in (await read_ledger(sessions)).overdue} == {"no-receipt", "no-mail"}
    await remove_all(sessions)
    ledger = await read_ledger(sessions)
    assert (ledger.overdue, ledger.receipts_waiting, ledger.receipts_failed) == ((), 0, 1)


async def test_the_ledger_counts_what_is_due_and_alarms_after_two_days(
    sessions: Sessions, keyring: Keyring
) -> None:
    request_id, other = await register_one(sessions, keyring), await register_one(sessions, keyring)
    await closed(sessions, keyring, request_id)
    assert (await read_ledger(sessions)).to_be_removed == 0
    await let_pass(sessions, YEAR + 1.9)
    ledger = await read_ledger(sessions)
    assert (ledger.to_be_removed, ledger.of("not-removed")) == (1, 0)
    await let_pass(sessions, 0.2)
    (late,) = [each for each in (await read_ledger(sessions)).overdue if each.reason == "not-removed"]
    assert [(each.request_id, each.work_number is not None) for each in late.requests] == [(request_id, True)]
    await remove_all(sessions)
    ledger = await read_ledger(sessions)
    assert (ledger.to_be_removed, ledger.of("not-removed")) == (0, 0)
    assert other not in await erased(sessions)


async def test_a_record_set_aside_is_emptied_after_ninety_days_unless_it_is_an_open_request(
    api: ApiClient, sessions: Sessions, tracker_database: str, tmp_path: Path
) -> None:
    accepted = {"origin_topic": "requests.submitted", "accepted": True}
    async with sessions.begin() as session:
        session.add(dead_letter(RECORD.encode(), digest=b"stranger"))
        session.add(
            dead_letter(
                None, digest=b"settled", request_id=UUID(int=2), note=NOTE, dismissed_at=NOW, **accepted
            )
        )
    await let_pass(sessions, 91, "dead_letters.buried_at")
    async with sessions.begin() as session:
        session.add(dead_letter(None, digest=b"young"))
        session.add(
            dead_letter(
                None, digest=b"open", request_id=UUID(int=1), buried_at=NOW.replace(year=2020), **accepted
            )
        )
        await session.execute(
            text("""
            insert into skipped_records (reader, topic, partition, first_offset, next_offset, noticed_at,
            settled_at, note)
            values ('r', 't', 0, 1, 2, now(), now() - interval '91 days', :note)
        """),
            {"note": NOTE},
        )
    await remove_all(sessions)
    kept = await fetch_rows(sessions, "select digest from dead_letters where emptied_at is null order by id")
    assert [row.digest for row in kept] == [b"young", b"open"]
    assert (await read_ledger(sessions)).dead_letters == 3, "an emptied one still waits for somebody"
    again = await api.post("/api/v1/dead-letters/1/redrive", None, "operate")
    assert (again.status_code, "removed" in again.json()["detail"]) == (409, True), again.text
    settled = (await fetch_rows(sessions, "select note from dead_letters where digest = 'settled'"))[0].note
    assert settled, "that there was a note says that it is settled"
    async with sessions.begin() as session:
        await session.execute(text("delete from dead_letters where emptied_at is null"))
    assert found(WORDS, await dump(tracker_database, tmp_path)) == []


@pytest.mark.parametrize("action", ["take", "close", "reopen"])
async def test_no_step_is_possible_afterwards(action: Action, sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    await closed(sessions, keyring, request_id)
    await let_pass(sessions, YEAR + 1)
    await remove_all(sessions)
    async with sessions.begin() as session:
        with pytest.raises(ContentsRemoved):
            await handle_request(session, request_id, action, MAIJA, keyring=keyring)
