"""Ending a session of the console ends it for every copy of its cookie.

By sign-out, by a changed password or role, by a removed account.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.identity.app import create_app as create_identity
from services.identity.settings import Settings as IdentitySettings
from services.identity.settings import StaffAccount
from services.tracker.app import create_app
from services.tracker.settings import Settings as TrackerSettings
from shared.auth.client_credentials import IdentityAway
from shared.auth.ended_sessions import EndedSessions
from shared.database.engine import open_database
from shared.kafka.connection import KafkaConnection
from tests.service.identity.conftest import serving
from tests.service.tracker.builders import make_settings
from tests.service.tracker.console_client import PASSWORD, ConsoleClient, identity_settings

pytestmark = pytest.mark.usefixtures("one_connection")
OLLI = {"username": "olli", "password": PASSWORD, "name": "Olli Operaattori", "roles": ["operator"]}


@dataclass(frozen=True)
class House:
    """A console, a browser in front of it, and the identity service that its operators log in with."""

    console: ConsoleClient
    tracker: TrackerSettings
    identity: IdentitySettings
    app: Any

    def copy(self) -> httpx.AsyncClient:
        """Return another browser that holds a copy of the cookie."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://tracker.test",
            cookies=dict(self.console.client.cookies),
            timeout=30,
        )

    async def start_identity_with(self, *accounts: Mapping[str, object]) -> None:
        """Start another process of identity, with these accounts in its settings."""
        staff = tuple(StaffAccount.model_validate(account) for account in accounts)
        app = create_identity(self.identity.model_copy(update={"staff": staff}))
        async with app.router.lifespan_context(app):
            pass


@pytest.fixture
async def house(
    postgres: str, tracker_database: str, kafka: KafkaConnection, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """Return a console with a signed-in operator, which asks identity about accounts for each page."""
    monkeypatch.setattr("services.tracker.clients.identity.FRESH_SECONDS", 0.0)
    monkeypatch.setattr(
        "services.tracker.clients.back_channel.SECONDS", 20.0
    )  # both run in this process, which may be busy
    identity = await identity_settings(postgres, make_settings())
    tracker = make_settings(tracker_database, kafka, oidc_issuer=identity.issuer, database_connections=1)
    app = create_app(tracker)
    async with serving(identity), app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://tracker.test", timeout=30
        ) as client:
            console = ConsoleClient(client)
            assert (await console.sign_in()).status_code == 200
            yield House(console, tracker, identity, app)


async def opens(browser: httpx.AsyncClient) -> list[int]:
    """Return the answers of a page, of a question that pages ask by themselves, and of a change."""
    page = await browser.get("/console/")
    asked = await browser.get("/console/alarm")
    change = await browser.post("/console/search", data={"words": "x"})
    return [page.status_code, asked.status_code, change.status_code]


async def test_a_copied_cookie_is_worth_nothing_after_sign_out(house: House) -> None:
    async with house.copy() as thief:
        assert (await opens(thief))[:2] == [200, 200]
        copied = dict(thief.cookies)
        await house.console.open("/")
        assert "ulos" in (await house.console.submit("/sign-out")).text
        thief.cookies = httpx.Cookies(copied)
        assert (await opens(thief))[0] == 303
        thief.cookies = httpx.Cookies(copied)
        assert (await thief.get("/console/alarm")).status_code == 303
        thief.cookies = httpx.Cookies(copied)
        assert (await thief.post("/console/search", data={"words": "x"})).status_code == 401


@pytest.mark.parametrize(("username", "status"), [("olli", 200), ("toini", 200), ("vieras", 403)])
async def test_a_new_sign_in_ends_the_session_that_the_browser_had(
    house: House, username: str, status: int
) -> None:
    way = await house.console.log_in_at_identity("/login", username)
    async with house.copy() as thief:
        assert (await house.console.return_from_login(way)).status_code == status
        assert (await house.console.client.get("/console/")).status_code == (200 if status == 200 else 303)
        assert await opens(thief) == [303, 303, 401]


async def test_another_process_knows_of_a_sign_out_as_well(house: House) -> None:
    async with house.copy() as thief:
        await house.console.open("/")
        await house.console.submit("/sign-out")
        other = create_app(house.tracker)
        async with other.router.lifespan_context(other):
            transport = httpx.ASGITransport(other, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://tracker.test", cookies=dict(thief.cookies)
            ) as elsewhere:
                assert (await elsewhere.get("/console/")).status_code == 303


@pytest.mark.parametrize(
    "accounts",
    [
        [{**OLLI, "username": "another"}],
        [{**OLLI, "password": "another password"}],
        [{**OLLI, "roles": []}],
        [{**OLLI, "roles": ["operator", "another"]}],
    ],
)
async def test_a_removed_or_changed_account_ends_its_sessions(
    house: House, accounts: list[Mapping[str, object]]
) -> None:
    async with house.copy() as thief:
        await house.start_identity_with(*accounts)
        assert await opens(thief) == [303, 303, 401]
        assert (await house.console.open("/")).status_code == 302


async def test_an_account_that_is_made_again_does_not_bring_its_old_sessions_back(house: House) -> None:
    await house.start_identity_with({**OLLI, "username": "another"})
    await house.start_identity_with(OLLI)
    assert (await house.console.client.get("/console/")).status_code == 303


async def test_other_changes_end_nothing_and_a_new_password_signs_in_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start_identity_with({**OLLI, "name": "Another Name"}, {**OLLI, "username": "another"})
    assert (await house.console.client.get("/console/")).status_code == 200
    monkeypatch.setattr("services.tracker.clients.identity.FRESH_SECONDS", 600.0)
    monkeypatch.setattr("tests.service.tracker.console_client.PASSWORD", "another password")
    await house.start_identity_with({**OLLI, "password": "another password"})
    house.console.client.cookies.clear()
    assert (await house.console.sign_in()).status_code == 200


async def test_without_identity_the_console_goes_on_for_a_while_and_then_no_page_opens(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise IdentityAway

    monkeypatch.setattr("shared.auth.client_credentials.ClientCredentials.call", away)
    assert (await house.console.client.get("/console/")).status_code == 200
    monkeypatch.setattr("services.tracker.clients.identity.WITHOUT_IDENTITY_SECONDS", 0.0)
    page = await house.console.client.get("/console/")
    assert (page.status_code, page.headers.get("Set-Cookie")) == (503, None)


async def test_a_page_waits_for_a_database_that_is_slow(house: House) -> None:
    async with (
        open_database(house.tracker.database_url.get_secret_value()) as sessions,
        sessions() as session,
    ):
        await session.execute(text("lock table ended_sessions in access exclusive mode"))
        page = asyncio.create_task(house.console.client.get("/console/"))
        await asyncio.sleep(1.5)
        assert not page.done()
        await session.rollback()
        assert (await page).status_code == 200


async def test_while_the_database_is_away_no_page_opens_and_nobody_is_signed_out(house: House) -> None:
    async with open_database("postgresql://tracker:x@127.0.0.1:9/tracker") as nobody:
        house.app.state.ended_sessions = EndedSessions(nobody, open_while_away=False)
        page = await house.console.client.get("/console/")
        assert (page.status_code, page.headers.get("Set-Cookie")) == (503, None)
