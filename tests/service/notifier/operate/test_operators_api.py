"""What operators see of the mails and do about them, and who may."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.notifier.app import create_app
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.database.engine import Sessions
from tests.eventually import eventually
from tests.service.notifier.builders import (
    PRIVATE_KEY,
    Citizen,
    fetch_rows,
    handle_batch,
    make_settings,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer, free_port

pytestmark = pytest.mark.usefixtures("one_connection")


class Issuer:
    """An issuer of tokens with one key at a time."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.change_key("first")

    def change_key(self, kid: str) -> None:
        """Sign with a new key from now on."""
        self._key = OKPKey.generate_key("Ed25519", parameters={"kid": kid, "use": "sig", "alg": "Ed25519"})

    def token(self, **different: Any) -> str:  # noqa: ANN401  any claim
        """Make an access token, or one that differs in some claims or in its `typ`."""
        header = {"alg": "Ed25519", "typ": different.pop("typ", "at+jwt"), "kid": self._key.kid}
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "maija",
            "client_id": "console",
            "aud": ["tracker", "notifier"],
            "scope": "operate",
            "exp": now + 60,
        }
        return jwt.encode(header, claims | different, self._key, ["Ed25519"])

    def app(self) -> FastAPI:
        """Serve the metadata and the keys."""
        app = FastAPI()
        app.get("/.well-known/openid-configuration")(
            lambda: {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        )
        app.get("/jwks")(lambda: {"keys": [self._key.as_dict(private=False)]})
        return app


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """Return a running issuer."""
    issuer = Issuer()
    async with _serving(issuer.app(), issuer.port):
        yield issuer


@asynccontextmanager
async def _serving(app: FastAPI, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    yield
    server.should_exit = True
    await task


@pytest.fixture
def settings(notifier_database: str, mail_server: MailServer, issuer: Issuer) -> Settings:
    """Return settings with an issuer."""
    return make_settings(notifier_database, mail_server.port, oidc_issuer=issuer.url, database_connections=1)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the running app."""
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notifier") as client,
    ):
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_only_a_good_token_with_the_scope_opens_the_door(
    client: httpx.AsyncClient, issuer: Issuer
) -> None:
    refused = {
        "none": await client.get("/api/v1/deliveries"),
        "no token": await client.get("/api/v1/deliveries", headers=bearer("x.y.z")),
        "not text": await client.get("/api/v1/deliveries", headers={b"Authorization": b"Bearer \xe4"}),
        "expired": await client.get("/api/v1/deliveries", headers=bearer(issuer.token(exp=1))),
        "for another": await client.get("/api/v1/deliveries", headers=bearer(issuer.token(aud=["tracker"]))),
        "another issuer": await client.get(
            "/api/v1/deliveries", headers=bearer(issuer.token(iss="https://elsewhere.example"))
        ),
        "an id token": await client.get("/api/v1/deliveries", headers=bearer(issuer.token(typ="JWT"))),
        "another key": await client.get("/api/v1/deliveries", headers=bearer(Issuer().token(iss=issuer.url))),
    }
    for why, answer in refused.items():
        assert (why, answer.status_code, answer.json()["type"]) == (
            why,
            401,
            "urn:asiointi:problem:unauthorized",
        )
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    lacking = await client.get("/api/v1/deliveries", headers=bearer(issuer.token(scope="requests:read")))
    assert lacking.status_code == 403
    assert 'error="insufficient_scope", scope="operate"' in lacking.headers["WWW-Authenticate"]
    assert (await client.get("/api/v1/deliveries", headers=bearer(issuer.token()))).status_code == 200


async def test_a_changed_signing_key_is_found_by_itself(
    client: httpx.AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.auth.authorize.REFETCH_SECONDS", 0)
    assert (await client.get("/api/v1/deliveries", headers=bearer(issuer.token()))).status_code == 200
    issuer.change_key("second")
    assert (await client.get("/api/v1/deliveries", headers=bearer(issuer.token()))).status_code == 200


async def test_an_absent_issuer_is_a_503_and_no_refusal(notifier_database: str) -> None:
    app = create_app(make_settings(notifier_database, 9, oidc_issuer=f"http://127.0.0.1:{free_port()}"))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notifier") as client,
    ):
        answer = await client.get("/api/v1/deliveries", headers=bearer(Issuer().token()))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


async def test_an_absent_database_is_a_503_and_not_ready(issuer: Issuer) -> None:
    app = create_app(
        make_settings(f"postgresql://nobody:x@127.0.0.1:{free_port()}/nothing", 9, oidc_issuer=issuer.url)
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notifier") as client,
    ):
        for answer in (
            await client.get("/api/v1/deliveries", headers=bearer(issuer.token())),
            await client.post("/api/v1/deliveries/1/retry", headers=bearer(issuer.token())),
        ):
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:asiointi:problem:unavailable")
            assert answer.headers["Retry-After"]
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, "away")


async def test_a_failed_mail_is_listed_without_its_address_and_retried_by_an_operator(
    client: httpx.AsyncClient, issuer: Issuer, settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen, headers = Citizen(), bearer(issuer.token())
    mail_server.rcpt[citizen.email].append(f"550 5.1.1 <{citizen.email}> unknown")
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [citizen.registered()])
        failed = await wait_for_delivery(sessions, citizen, "failed")
        answer = await client.get("/api/v1/deliveries?state=failed", headers=headers)
        (listed,) = answer.json()["deliveries"]
        assert (listed["id"], listed["last_reply"], listed["attempts"]) == (failed.id, "550 5.1.1", 1)
        assert citizen.email not in answer.text
        retried = await client.post(f"/api/v1/deliveries/{failed.id}/retry", headers=headers)
        assert (retried.status_code, retried.json()["state"]) == (202, "pending")
        assert (await wait_for_delivery(sessions, citizen)).attempts == 2
        again = await client.post(f"/api/v1/deliveries/{failed.id}/retry", headers=headers)
        assert (again.status_code, again.json()["type"]) == (409, "urn:asiointi:problem:not-retriable")
    assert (await client.post("/api/v1/deliveries/424242/retry", headers=headers)).status_code == 404
    assert (await client.post(f"/api/v1/deliveries/{failed.id}/retry")).status_code == 401


async def test_the_list_is_read_page_by_page(
    client: httpx.AsyncClient, issuer: Issuer, sessions: Sessions
) -> None:
    citizens, headers = [Citizen() for _ in range(5)], bearer(issuer.token())
    await handle_batch(sessions, [citizen.registered() for citizen in citizens])
    first = (await client.get("/api/v1/deliveries?limit=3", headers=headers)).json()
    second = (await client.get(f"/api/v1/deliveries?limit=3&before={first['next']}", headers=headers)).json()
    ids = [row["request_id"] for row in (*first["deliveries"], *second["deliveries"])]
    assert ids == [str(citizen.request_id) for citizen in reversed(citizens)]
    assert second["next"] is None
    of_one = (
        await client.get(f"/api/v1/deliveries?request_id={citizens[2].request_id}", headers=headers)
    ).json()
    assert [row["request_id"] for row in of_one["deliveries"]] == [str(citizens[2].request_id)]
    wrong = await client.get(
        "/api/v1/deliveries?limit=0&state=lost&before=99999999999999999999", headers=headers
    )
    assert wrong.status_code == 422
    assert {error["field"] for error in wrong.json()["errors"]} == {"limit", "state", "before"}


async def test_an_absent_mail_server_is_told_and_leaves_the_app_ready(
    client: httpx.AsyncClient, mail_server: MailServer
) -> None:
    assert (await client.get("/readyz")).json() == {"database": "ok", "smtp": "ok", "kafka": "away"}
    await mail_server.close()
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["smtp"]) == (200, "away")


async def test_the_api_is_shown_without_files_from_elsewhere(client: httpx.AsyncClient) -> None:
    docs = await client.get("/docs")
    assert docs.status_code == 200
    assert "//" not in docs.text


async def test_a_mail_is_sent_again_once_for_each_order(
    client: httpx.AsyncClient, issuer: Issuer, settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen, operator = Citizen(), bearer(issuer.token())
    async with running_dispatcher(settings, sessions) as dispatcher:
        await handle_batch(sessions, [citizen.registered()], dispatcher)
        sent = await wait_for_delivery(sessions, citizen)
        url, order = f"/api/v1/deliveries/{sent.id}/send-again", {"email": "oikea@posti.example", "after": 1}
        assert (await client.post(url, json=order)).status_code == 401
        assert (
            await client.post(url, json=order, headers=bearer(issuer.token(scope="requests:write")))
        ).status_code == 403
        wrong = await client.post(url, json={"email": "a@b@c"}, headers=operator)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "email")
        answers = [await client.post(url, json=order, headers=operator) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 409]
        assert (answers[0].json()["sending"], answers[1].json()["type"]) == (
            2,
            "urn:asiointi:problem:not-sendable",
        )

        async def there() -> None:
            assert [got.recipient for got in mail_server.got] == [citizen.email, "oikea@posti.example"]

        await eventually(there)
    assert (
        await client.post("/api/v1/deliveries/4711/send-again", json={}, headers=operator)
    ).status_code == 404


async def test_all_mails_that_failed_of_one_cause_go_again_and_a_repeat_changes_nothing(
    client: httpx.AsyncClient, issuer: Issuer, settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    wrongly_refused, unknown, headers = [Citizen() for _ in range(5)], Citizen(), bearer(issuer.token())
    for citizen in wrongly_refused:
        mail_server.rcpt[citizen.email].append("554 5.4.4 no route")
    mail_server.rcpt[unknown.email].append("550 5.1.1 unknown")
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [citizen.registered() for citizen in (*wrongly_refused, unknown)])
        for citizen in (*wrongly_refused, unknown):
            await wait_for_delivery(sessions, citizen, "failed")
        which: dict[str, object] = {
            "replies": ["554 5.4.4"],
            "template": "receipt",
            "failed_before": datetime.now(timezone.utc).isoformat(),
            "limit": 3,
        }
        pages = [(await client.post("/api/v1/deliveries/retry", headers=headers, json=which)).json()]
        pages.append(
            (
                await client.post(
                    "/api/v1/deliveries/retry", headers=headers, json=which | {"after": pages[0]["next"]}
                )
            ).json()
        )
        assert [len(page["events"]) for page in pages] == [3, 2]
        assert pages[1]["next"] is None
        for citizen in wrongly_refused:
            await wait_for_delivery(sessions, citizen)
        assert (await client.post("/api/v1/deliveries/retry", headers=headers, json=which)).json() == {
            "events": [],
            "next": None,
        }
        await wait_for_delivery(sessions, unknown, "failed")
    told = await fetch_rows(
        sessions, "select codes, count(*) from outcomes where state = 'failed' group by codes order by codes"
    )
    assert [tuple(row) for row in told] == [("550 5.1.1", 1), ("554 5.4.4", 5)]


@pytest.mark.parametrize(
    "which",
    [
        {},
        {"limit": 10},
        {"events": []},
        {"events": ["x"] * 1001},
        {"template": ""},
        {"limit": 0, "template": "receipt"},
        {"failed_after": "x"},
    ],
)
async def test_without_a_choice_nothing_is_retried(
    client: httpx.AsyncClient, issuer: Issuer, which: dict[str, object]
) -> None:
    answer = await client.post("/api/v1/deliveries/retry", headers=bearer(issuer.token()), json=which)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")


RETURNED = b"From: aino@posti.example\nSubject: Hei\n\nAino Koskimies, 131052-308T, muuttanut\n"


@pytest.fixture
async def report_id(sessions: Sessions) -> str:
    """Return the id of a report that nobody could make out."""
    digest = bytes(32)
    facts = {"digest": digest, "mail": ContentsBox(PRIVATE_KEY).box.encrypt(RETURNED, digest)}
    async with sessions.begin() as session:
        statement = (
            "insert into reports (digest, verdict, delivery_id, sending, mail) values (:digest, 'unknown', "
            "7, 1, :mail)"
        )
        await session.execute(text(statement), facts)
    return digest.hex()


async def test_reports_are_listed_without_their_text(
    client: httpx.AsyncClient, issuer: Issuer, report_id: str
) -> None:
    answer = await client.get("/api/v1/reports", headers=bearer(issuer.token()))
    (listed,) = answer.raise_for_status().json()
    assert (listed["id"], listed["verdict"], listed["delivery_id"], listed["sending"]) == (
        report_id,
        "unknown",
        7,
        1,
    )
    assert not any(word in answer.text for word in ("Aino", "aino", "131052"))


async def test_the_text_of_a_report_is_read_with_the_henkilotunnus_covered_and_each_read_is_recorded(
    client: httpx.AsyncClient, issuer: Issuer, sessions: Sessions, report_id: str
) -> None:
    for sub in ("maija", "console"):
        answer = await client.get(f"/api/v1/reports/{report_id}", headers=bearer(issuer.token(sub=sub)))
        assert "Aino Koskimies, \u2022" in answer.raise_for_status().json()["mail"]
        assert "308T" not in answer.text
    reads = await fetch_rows(
        sessions,
        "select reader_kind, reader, digest, delivery_id, now() - read_at < interval '1 minute' as now "
        "from report_reads",
    )
    assert [tuple(read) for read in reads] == [
        ("staff", "maija", bytes(32), 7, True),
        ("client", "console", bytes(32), 7, True),
    ]


async def test_a_report_is_not_shown_where_that_cannot_be_recorded_or_may_not_be(
    client: httpx.AsyncClient, issuer: Issuer, sessions: Sessions, report_id: str
) -> None:
    for unknown, status in (("ff" * 32, 404), ("x", 422)):
        assert (
            await client.get(f"/api/v1/reports/{unknown}", headers=bearer(issuer.token()))
        ).status_code == status
    lacking = await client.get(
        f"/api/v1/reports/{report_id}", headers=bearer(issuer.token(scope="requests:read"))
    )
    assert lacking.status_code == 403
    async with sessions.begin() as session:
        await session.execute(
            text("alter table report_reads add constraint full_disk check (reader = '') not valid")
        )
    with pytest.raises(IntegrityError):
        await client.get(f"/api/v1/reports/{report_id}", headers=bearer(issuer.token()))
    assert await fetch_rows(sessions, "select * from report_reads") == []
