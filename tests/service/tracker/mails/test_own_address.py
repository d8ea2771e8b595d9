"""Citizens are told how their mails stand, and correct the address of those that did not arrive."""

import pytest
from sqlalchemy import text

from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailOutcome, MailSent
from shared.kafka.connection import KafkaConnection
from tests.infra.issuer import Issuer
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.database import fetch_rows, register_one
from tests.service.tracker.ledger_builders import event_id_of, handle_outcomes, mail_outcome_event
from tests.service.tracker.mails.test_returned_mails import NotifierDouble, beside_notifier

MAIL, RIGHT = "matti.meikalainen@example.fi", "matti@oikea.example"
API = "/api/v1/status/address"


async def number(sessions: Sessions) -> str:
    (row,) = await fetch_rows(sessions, "select work_number from requests")
    return str(row.work_number)


STORIES: list[tuple[tuple[type[MailOutcome], ...], str]] = [
    ((), "sending"),
    ((MailDeferred,), "deferred"),
    ((MailSent,), "sent"),
    ((MailDeferred, MailSent), "sent"),
    ((MailFailed,), "failed"),
    ((MailDeferred, MailFailed), "failed"),
    ((MailSent, MailBounced), "returned"),
]


@pytest.mark.parametrize(("story", "state"), STORIES)
async def test_a_citizen_is_told_how_the_receipt_stands(
    api: ApiClient, sessions: Sessions, keyring: Keyring, story: tuple[type[MailOutcome], ...], state: str
) -> None:
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    for outcome in story:
        await handle_outcomes(sessions, mail_outcome_event(outcome, request_id, cause))
    short = (await api.get(f"/api/v1/status/{request_id}")).json()
    followed = (
        await api.post("/api/v1/status", {"work_number": await number(sessions), "email": MAIL})
    ).json()
    assert short["mails"] == followed["mails"] == [{"template": "receipt", "state": state}]


async def test_each_kind_of_mail_stands_for_itself_and_one_that_was_settled_says_so(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    await handle_outcomes(
        sessions, mail_outcome_event(MailFailed, request_id, await event_id_of(sessions, request_id))
    )
    async with sessions.begin() as session:
        await session.execute(text("update owed_mails set settled_at = now()"))
    for action in ("take", "resolve"):
        await api.post(
            f"/api/v1/requests/{request_id}/{action}", {"text": "Hyvitetty." if action == "resolve" else None}
        )
    mails = (await api.get(f"/api/v1/status/{request_id}")).json()["mails"]
    assert mails == [
        {"template": "receipt", "state": "settled"},
        {"template": "resolution", "state": "sending"},
    ]


@pytest.mark.parametrize("story", [(MailFailed,), (MailSent, MailBounced)])
async def test_what_did_not_arrive_goes_to_the_corrected_address_and_the_request_follows(
    sessions: Sessions,
    keyring: Keyring,
    tracker_database: str,
    kafka: KafkaConnection,
    issuer: Issuer,
    story: tuple[type[MailOutcome], ...],
) -> None:
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    for outcome in story:
        await handle_outcomes(sessions, mail_outcome_event(outcome, request_id, cause))
    notifier = NotifierDouble(cause)
    shown = await number(sessions)
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        for wrong in (
            {"work_number": "000000000", "email": MAIL},
            {"work_number": shown, "email": "other@example.fi"},
        ):
            assert (await api.post(API, wrong | {"corrected_email": RIGHT})).status_code == 404
        assert notifier.orders == []
        answer = await api.post(API, {"work_number": shown, "email": MAIL, "corrected_email": RIGHT})
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"mails": 1}
        assert [order["email"] for order in notifier.orders] == [RIGHT]
        followed = await api.post("/api/v1/status", {"work_number": shown, "email": RIGHT})
        assert followed.json()["mails"] == [{"template": "receipt", "state": "sending"}]
        # The old address leads nowhere any longer, and nothing more is to be corrected.
        assert (await api.post("/api/v1/status", {"work_number": shown, "email": MAIL})).status_code == 404
        again = await api.post(API, {"work_number": shown, "email": RIGHT, "corrected_email": MAIL})
        assert (again.status_code, again.json()["type"]) == (409, "urn:asiointi:problem:nothing-to-correct")
    entries = await fetch_rows(sessions, "select type, actor_kind from history order by id")
    assert [(entry.type, entry.actor_kind) for entry in entries][1:] == [
        ("request.contact_corrected.v1", "citizen"),
        ("mail.sent_again", "citizen"),
    ]


@pytest.mark.parametrize("corrected", ["none", MAIL, MAIL.upper(), f" {MAIL} "])
async def test_an_address_that_is_none_or_the_same_changes_nothing(
    sessions: Sessions,
    keyring: Keyring,
    tracker_database: str,
    kafka: KafkaConnection,
    issuer: Issuer,
    corrected: str,
) -> None:
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, request_id, cause))
    notifier = NotifierDouble(cause)
    if corrected == "none":
        notifier.answer = (422, "{}")
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        answer = await api.post(
            API, {"work_number": await number(sessions), "email": MAIL, "corrected_email": corrected}
        )
    assert answer.status_code == 422
    assert [row.email.lower() for row in await fetch_rows(sessions, "select email from requests")] == [MAIL]
