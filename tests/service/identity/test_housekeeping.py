"""What identity keeps, for how long, and what it answers while its database is away."""

from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import func, select, update

from services.identity.app import create_app
from services.identity.clean_up import clean_up
from services.identity.models import Attempt, BankVisit, Grant, Handshake, Identification
from services.identity.resources import make_resources
from shared.database.engine import open_database
from tests.infra.embedded import free_ports
from tests.service.identity.conftest import CALLBACK, Running, settings_for
from tests.service.identity.http_browser import HttpBrowser


async def test_what_has_run_out_is_deleted_and_the_rest_kept(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        await browser.code()
        await browser.enter_bank("op")
    tables = (Attempt, Handshake, Grant, BankVisit, Identification)

    async def counts() -> list[int | None]:
        await clean_up(identity.sessions)
        async with identity.sessions() as session:
            return [await session.scalar(select(func.count()).select_from(table)) for table in tables]

    assert all(await counts())
    past = datetime.now(UTC) - timedelta(days=2)
    async with identity.sessions() as session, session.begin():
        for table in (Attempt, Grant, BankVisit):
            await session.execute(update(table).values(expires_at=past))
        await session.execute(update(Identification).values(seen_at=past))
    assert await counts() == [0] * len(tables)


async def test_while_the_database_is_away_people_and_programs_are_told_so() -> None:
    settings = settings_for(
        "http://identity.example", f"postgresql://nobody:nothing@127.0.0.1:{free_ports(1)[0]}/nothing"
    )
    app = create_app(settings)
    async with open_database(settings.database_url.get_secret_value()) as sessions:
        app.state.sessions, app.state.resources = sessions, make_resources(settings, sessions)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://identity.example"
        ) as http:
            asked = {
                "response_type": "code",
                "client_id": "intake",
                "redirect_uri": CALLBACK,
                "scope": "openid",
                "code_challenge_method": "S256",
            }
            browser = {"Accept": "text/html", "Accept-Language": "sv"}
            page = await http.get("/authorize", params={**asked, "code_challenge": "x" * 43}, headers=browser)
            assert (page.status_code, page.headers["Retry-After"]) == (503, "10")
            assert "Felet är hos oss" in page.text
            answer = await http.post(
                "/staff",
                data={"attempt": "00000000-0000-4000-8000-000000000000", "username": "olli", "password": "x"},
            )
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:asiointi:problem:unavailable")
            assert (await http.get("/readyz")).json() == {"database": "away"}
            assert (await http.get("/bank/nobody", headers=browser)).status_code == 404
