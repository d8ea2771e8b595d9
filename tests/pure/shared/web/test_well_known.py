"""What programs ask of every site by a fixed address."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from shared.settings import OperationSettings
from shared.web.well_known import well_known_routes


async def get(path: str, contact: str | None) -> httpx.Response:
    app = FastAPI()
    app.include_router(well_known_routes(closed=("/",), contact=contact, public_url="https://site.test/"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site.test") as client:
        return await client.get(path)


async def test_security_txt_names_the_contact_of_the_settings_and_expires_within_a_year() -> None:
    answer = await get("/.well-known/security.txt", "mailto:turva@kunta.example")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:turva@kunta.example"
    assert fields["Canonical"] == "https://site.test/.well-known/security.txt"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timedelta(days=100) < expires - datetime.now(UTC) < timedelta(days=365)
    assert answer.headers["content-type"].startswith("text/plain")


async def test_no_contact_is_invented() -> None:
    assert (await get("/.well-known/security.txt", None)).status_code == 404
    assert OperationSettings().security_contact is None
    with pytest.raises(ValidationError):
        OperationSettings(security_contact="turva@kunta.example")


async def test_what_is_closed_is_told_to_search_engines() -> None:
    assert (await get("/robots.txt", None)).text == "User-agent: *\nDisallow: /\n"
