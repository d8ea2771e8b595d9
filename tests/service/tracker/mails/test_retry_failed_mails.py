"""Many failed mails of one cause are tried again in one go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.tracker.app import create_app
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from shared.events.mail_outcomes import MailFailed
from shared.kafka.connection import KafkaConnection
from tests.infra.issuer import Issuer
from tests.infra.serving import free_socket, serving
from tests.service.tracker.builders import make_settings
from tests.service.tracker.console_client import ConsoleClient, running_identity
from tests.service.tracker.database import fetch_rows, register_one
from tests.service.tracker.ledger_builders import event_id_of, handle_outcomes, mail_outcome_event
from tests.service.tracker.mails.test_failed_mails import API, NotifierDouble, beside_notifier

MANY = 10_000
OWE = text("""
    insert into owed_mails (event_id, request_id, template, since, failed_at, failure)
    select event_id, :request_id, 'receipt', now(), now() - interval '1 hour' + place * interval '1 ms',
    :failure
    from unnest(cast(:events as text[])) with ordinality as new (event_id, place)
""")


async def owe(sessions: Sessions, request_id: UUID, count: int, failure: str | None) -> list[str]:
    """Have so many mails of a request failed for a cause."""
    events = [str(uuid7()) for _ in range(count)]
    async with sessions.begin() as session:
        await session.execute(OWE, {"request_id": request_id, "failure": failure, "events": events})
    return events


async def failed_for(sessions: Sessions) -> dict[str | None, int]:
    counts = await fetch_rows(
        sessions,
        "select failure, count(*) as mails from owed_mails where failed_at is not null and settled_at "
        "is null group by 1",
    )
    return {row.failure: row.mails for row in counts}


async def test_all_mails_of_a_cause_are_tried_again_in_batches_and_no_others(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    request_id = await register_one(sessions, keyring)
    wrongly, others = (
        await owe(sessions, request_id, MANY, "530 5.7.0"),
        await owe(sessions, request_id, 3, "550 5.1.1"),
    )
    settled = wrongly[0]
    async with sessions.begin() as session:
        await session.execute(
            text("update owed_mails set settled_at = now() where event_id = :event"), {"event": settled}
        )
    notifier = NotifierDouble(
        [*wrongly[:-2], *others]
    )  # two are about to go, and notifier no longer holds them as failed
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        causes = (await api.get(f"{API}/causes", "operate")).raise_for_status().json()
        assert [(each["cause"], each["mails"]) for each in causes] == [
            ("530 5.7.0", MANY - 1),
            ("550 5.1.1", 3),
        ]
        which = {"cause": "530 5.7.0", "failed_before": causes[0]["last_at"]}
        assert (await api.post(f"{API}/retry", which, "operate")).json() == {"retried": MANY - 3, "left": 2}
        assert await failed_for(sessions) == {"530 5.7.0": 2, "550 5.1.1": 3}
        assert max(map(len, notifier.retried_together)) <= 500
        assert settled not in {event for batch in notifier.retried_together for event in batch}
        assert (await api.post(f"{API}/retry", which, "operate")).json() == {"retried": 0, "left": 2}
        assert (await api.post(f"{API}/retry", which, "requests:write")).status_code == 403
        assert (await api.post(f"{API}/retry", {}, "operate")).status_code == 422


async def test_what_failed_after_the_moment_given_or_for_another_template_stays(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    request_id = await register_one(sessions, keyring)
    events = await owe(sessions, request_id, 3, "connection")
    async with beside_notifier(NotifierDouble(list(events)), tracker_database, kafka, issuer) as api:
        for which in ({"template": "resolution"}, {"failed_before": "2020-01-01T00:00:00Z"}):
            assert (await api.post(f"{API}/retry", {"cause": "connection", **which}, "operate")).json() == {
                "retried": 0,
                "left": 0,
            }
        assert (
            await api.post(f"{API}/retry", {"cause": "connection", "template": "receipt"}, "operate")
        ).json() == {"retried": 3, "left": 0}


async def test_while_notifier_is_away_nothing_changes(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    events = await owe(sessions, await register_one(sessions, keyring), 3, "connection")
    notifier = NotifierDouble(list(events))
    notifier.status = 500
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        assert (await api.post(f"{API}/retry", {"cause": "connection"}, "operate")).status_code == 503
    assert await failed_for(sessions) == {"connection": 3}


async def test_the_cause_is_what_the_mail_server_said_and_otherwise_the_class_of_its_answer(
    sessions: Sessions, keyring: Keyring
) -> None:
    for codes in ("550 5.1.1", None):
        request_id = await register_one(sessions, keyring)
        await handle_outcomes(
            sessions,
            mail_outcome_event(MailFailed, request_id, await event_id_of(sessions, request_id), codes=codes),
        )
    assert await failed_for(sessions) == {"550 5.1.1": 1, "5xx": 1}


@asynccontextmanager
async def visiting(
    postgres: str, dsn: str, kafka: KafkaConnection, notifier: NotifierDouble
) -> AsyncIterator[ConsoleClient]:
    place, address = free_socket()
    async with (
        running_identity(postgres, make_settings(dsn, kafka)) as issuer,
        serving(notifier.app(), place),
    ):
        app = create_app(make_settings(dsn, kafka, oidc_issuer=issuer, notifier_url=address))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://tracker.test", timeout=30
            ) as client:
                yield ConsoleClient(client)


async def test_ten_thousand_failed_mails_take_an_operator_one_button(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, postgres: str
) -> None:
    events = await owe(sessions, await register_one(sessions, keyring), MANY, "530 5.7.0")
    async with visiting(postgres, tracker_database, kafka, NotifierDouble(list(events))) as console:
        await console.sign_in(after="/failed-mails")
        (form,) = [form for form in console.forms() if form.action.endswith("/failed-mails/retry")]
        assert f"Yritä uudelleen kaikkia {MANY}" in console.page.text
        assert "530 5.7.0" in console.page.text
        assert "Ei perille menemättömiä viestejä" in (await console.post(form.action, **form.fields)).text
    assert await failed_for(sessions) == {}
