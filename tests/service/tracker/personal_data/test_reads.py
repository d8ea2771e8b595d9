"""Every read of a request is recorded with who, what and why, in a chain that shows tampering."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.tracker.check_reads import Checked, check_reads, said
from services.tracker.domain import By
from services.tracker.models import OwedMail
from services.tracker.personal_data.chain_reads import chain_reads
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.record_read import record_read
from shared.database.engine import Sessions
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import HETU, NOW
from tests.service.tracker.database import fetch_rows, register_one
from tests.service.tracker.ledger_builders import event_id_of


async def recorded(sessions: Sessions) -> list[tuple[Any, ...]]:
    found = await fetch_rows(
        sessions, "select reader_kind, reader, purpose, reason, request_ids from reads order by id"
    )
    return [tuple(row) for row in found]


async def test_each_answer_of_the_api_that_shows_requests_is_recorded(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    async with sessions.begin() as session:
        await session.execute(
            text("update owed_mails set failed_at = now() where event_id = :id"), {"id": str(cause)}
        )
        session.add(
            OwedMail(
                event_id="returned",
                request_id=request_id,
                template="receipt",
                since=NOW,
                failed_at=NOW,
                returned_at=NOW,
            )
        )
    for answer in (
        await api.get("/api/v1/requests"),
        await api.post("/api/v1/requests/search", {"q": "Meikäläinen"}),
        await api.get(f"/api/v1/requests/{request_id}"),
        await api.get("/api/v1/failed-mails"),
        await api.get("/api/v1/returned-mails"),
    ):
        assert str(request_id) in answer.text
    purposes = ["list", "search", "revealed", "failed-mails", "returned-mails"]
    assert await recorded(sessions) == [
        ("client", "sap", purpose, None, [request_id]) for purpose in purposes
    ]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k1"}])
async def test_a_command_shows_names_to_readers_only_and_each_time_it_is_recorded(
    api: ApiClient, sessions: Sessions, keyring: Keyring, key: dict[str, str]
) -> None:
    request_id = await register_one(sessions, keyring)

    async def take(*scopes: str) -> tuple[str | None, str | None]:
        answer = await api.client.post(
            f"/api/v1/requests/{request_id}/take", headers=api.headers(*scopes) | key
        )
        return answer.raise_for_status().json()["first_name"], answer.json()["last_name"]

    assert [await take("requests:write") for _ in range(2)] == [(None, None)] * 2
    assert await recorded(sessions) == []
    assert [await take("requests:write", "requests:read") for _ in range(2)] == [("Matti", "Meikäläinen")] * 2
    assert await recorded(sessions) == [("client", "sap", "take", None, [request_id])] * 2
    assert {
        each["purpose"] for each in (await api.get("/api/v1/reads")).raise_for_status().json()["reads"]
    } == {"take"}


async def test_what_was_not_shown_is_no_read(api: ApiClient, sessions: Sessions) -> None:
    assert (await api.get(f"/api/v1/requests/{UUID(int=1)}")).status_code == 404
    assert (await api.get("/api/v1/requests", q="12")).status_code == 422
    assert await recorded(sessions) == []


async def test_nothing_is_shown_that_cannot_be_recorded(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(
            text("alter table reads add constraint full_disk check (purpose = '') not valid")
        )
    for answer in (
        await api.get("/api/v1/requests"),
        await api.post("/api/v1/requests/search", {"q": HETU}),
        await api.get(f"/api/v1/requests/{request_id}"),
        await api.post(f"/api/v1/requests/{request_id}/take"),
        await api.get("/api/v1/failed-mails"),
        await api.get("/api/v1/returned-mails"),
    ):
        assert answer.status_code == 500
        assert str(request_id) not in answer.text


async def test_words_of_a_search_are_kept_as_a_hash_that_tells_the_same_words(
    api: ApiClient, sessions: Sessions
) -> None:
    for words in (HETU, f" {HETU.lower()} ", "Meikäläinen"):
        assert (await api.post("/api/v1/requests/search", {"q": words})).status_code == 200
    one, same, other = [
        row.words for row in await fetch_rows(sessions, "select words from reads order by id")
    ]
    assert one == same != other
    assert HETU not in str(await fetch_rows(sessions, "select cast(reads as text) from reads"))


async def test_an_auditor_asks_by_request_reader_and_time_page_by_page(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    one, other = [await register_one(sessions, keyring) for _ in range(2)]
    for request_id in (one, other, one):
        await api.get(f"/api/v1/requests/{request_id}")
    async with sessions.begin() as session:
        await record_read(
            session, keyring.reads_key, By("staff", "olli"), "revealed", [other], reason="Soitto"
        )

    async def asked(**query: object) -> list[dict[str, Any]]:
        return list((await api.get("/api/v1/reads", **query)).raise_for_status().json()["reads"])

    assert [each["request_ids"] for each in await asked()] == [
        [str(other)],
        [str(one)],
        [str(other)],
        [str(one)],
    ]
    assert len(await asked(request_id=one)) == 2
    (by_olli,) = await asked(reader="olli", request_id=other)
    assert (by_olli["reader_kind"], by_olli["purpose"], by_olli["reason"]) == ("staff", "revealed", "Soitto")
    assert await asked(read_before=by_olli["read_at"], read_after=by_olli["read_at"]) == []
    assert len(await asked(read_after=NOW.isoformat())) == 4
    first = (await api.get("/api/v1/reads", limit=3)).json()
    assert len(first["reads"] + await asked(before_id=first["next"])) == 4
    assert len(await recorded(sessions)) == 4, "reading the log is not recorded"


async def write_chain(sessions: Sessions, keyring: Keyring, *, unchained: int = 0) -> Checked:
    for n in range(6 + unchained):
        async with sessions.begin() as session:
            await record_read(
                session,
                keyring.reads_key,
                By("staff", "olli"),
                "opened",
                [UUID(int=n)],
                reason="r" if n % 2 else None,
            )
        if n in {3, 5}:
            async with sessions.begin() as session:
                assert await chain_reads(session, keyring.reads_key)
    return await check_reads(sessions, keyring.reads_key)


async def test_a_chain_that_nobody_touched_holds(sessions: Sessions, keyring: Keyring) -> None:
    checked = await write_chain(sessions, keyring, unchained=2)
    assert (checked.position, checked.unchained, checked.broken) == (6, 2, None)
    assert await check_reads(sessions, keyring.reads_key, {6: checked.link}) == checked
    assert f"6:{checked.link.hex()}" in said(checked)
    assert (await check_reads(sessions, b"x" * 32)).broken is not None


@pytest.mark.parametrize(
    ("tampering", "place"),
    [
        ("update reads set reader = 'liisa' where position = 3", "position 3 "),
        ("update reads set reason = null where position = 4", "position 4 "),
        ("update reads set request_ids = '{}' where position = 1", "position 1 "),
        ("update reads set read_at = read_at - interval '1 day' where position = 6", "position 6 "),
        ("delete from reads where position = 1", "position 1:"),
        ("delete from reads where position = 4", "position 4:"),
        (
            (
                "delete from reads where position = 3;"
                " update reads set position = position - 1 where position > 3"
            ),
            "position 3 ",
        ),
        ("update reads set mac = '\\x00' where position is null", "id "),
        ("update reads set reader = 'liisa' where position is null", "id "),
    ],
)
async def test_the_first_broken_place_is_named(
    sessions: Sessions, keyring: Keyring, tampering: str, place: str
) -> None:
    await write_chain(sessions, keyring, unchained=1)
    async with sessions.begin() as session:
        for statement in tampering.split("; "):
            await session.execute(text(statement))
    broken = (await check_reads(sessions, keyring.reads_key)).broken
    assert broken is not None
    assert broken.startswith(place)


async def test_an_end_that_was_cut_off_is_missed_by_who_knows_the_chain_was_longer(
    sessions: Sessions, keyring: Keyring
) -> None:
    whole = await write_chain(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("delete from reads where position > 4"))
    assert (await check_reads(sessions, keyring.reads_key)).broken is None
    assert "position 6" in ((await check_reads(sessions, keyring.reads_key, {6: whole.link})).broken or "")


async def test_a_read_that_commits_late_is_joined_behind_those_that_were_joined_before(
    sessions: Sessions, keyring: Keyring
) -> None:
    by = By("client", "sap")
    async with sessions() as late, sessions.begin() as early:
        await record_read(late, keyring.reads_key, by, "list", [])
        await record_read(early, keyring.reads_key, by, "opened", [])
        await early.commit()
        async with sessions.begin() as session:
            assert await chain_reads(session, keyring.reads_key) == 1
        await late.commit()
    async with sessions.begin() as session:
        assert await chain_reads(session, keyring.reads_key) == 1
    assert [
        row.purpose for row in await fetch_rows(sessions, "select purpose from reads order by position")
    ] == [
        "opened",
        "list",
    ]
    assert (await check_reads(sessions, keyring.reads_key)).broken is None
