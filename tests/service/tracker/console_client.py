"""A client of the console over HTTP, with pages, forms and cookies, beside a running identity service."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from deploy.postgres import ensure_database
from services.identity.settings import Client, StaffAccount
from services.identity.settings import Settings as IdentitySettings
from services.tracker.settings import Settings as TrackerSettings
from shared.database.engine import migrate
from tests.infra.embedded import free_ports
from tests.service.identity.conftest import MIGRATIONS, serving, settings_for
from tests.service.identity.http_browser import Form, Forms

PASSWORD = "a long password"
STAFF = [
    StaffAccount.model_validate(
        {"username": "olli", "password": PASSWORD, "name": "Olli Operaattori", "roles": ["operator"]}
    ),
    StaffAccount.model_validate(
        {"username": "toini", "password": PASSWORD, "name": "Toini Toinen", "roles": ["operator"]}
    ),
    StaffAccount.model_validate(
        {"username": "vieras", "password": PASSWORD, "name": "Ville Vieras", "roles": []}
    ),
]


async def identity_settings(postgres: str, tracker: TrackerSettings) -> IdentitySettings:
    """Return settings of an identity service with a database of its own and the console as client."""
    name, password = f"identity_{secrets.token_hex(4)}", secrets.token_urlsafe()
    await ensure_database(postgres, name, password)
    dsn = f"postgresql://{name}:{password}@{urlsplit(postgres).netloc.rpartition('@')[2]}/{name}"
    await asyncio.to_thread(migrate, MIGRATIONS, dsn)
    (port,) = free_ports(1)
    console = Client.model_validate(
        {
            "client_id": tracker.oidc_client_id,
            "client_secret": tracker.oidc_client_secret,
            "redirect_uris": [f"{tracker.public_url}/console/callback"],
            "grants": ["authorization_code", "client_credentials"],
            "scopes": ["openid", "profile", "operate", "requests:read", "requests:write", "requests:status"],
        }
    )
    return settings_for(f"http://127.0.0.1:{port}", dsn).model_copy(
        update={"clients": (console,), "staff": tuple(STAFF)}
    )


@asynccontextmanager
async def running_identity(postgres: str, tracker: TrackerSettings) -> AsyncIterator[str]:
    """Run identity with tracker's console as its client; return the issuer."""
    async with serving(await identity_settings(postgres, tracker)) as identity:
        yield identity.issuer


class ConsoleClient:
    """One browser at the console."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = httpx.Response(200)

    async def open(self, path: str) -> httpx.Response:
        """Open a page of the console, following where it leads inside the console."""
        return await self._settle(await self.client.get(f"/console{path}"))

    async def submit(self, action: str, **typed: str) -> httpx.Response:
        """Submit the form of the page that has a button or an address ending so, with what was typed."""
        forms = self.forms()
        hidden = next((form for form in forms if form.action.endswith(action)), None) or next(
            form for form in forms if "seen" in form.fields
        )
        return await self.post(f"/console{action}", **{**hidden.fields, **typed})

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as it is told."""
        return await self._settle(await self.client.post(path, data=fields))

    def forms(self) -> list[Form]:
        """Return the forms of the page."""
        return Forms(self.page).found

    async def sign_in(self, username: str = "olli", after: str = "/") -> httpx.Response:
        """Open a page, be led to the login, type name and password there, and come back."""
        return await self.return_from_login(await self.log_in_at_identity(after, username))

    async def log_in_at_identity(self, after: str = "/", username: str = "olli") -> str:
        """Open a page, be led to the login, and type name and password there.

        Return the address that leads back.
        """
        led = await self.open(after)
        assert led.status_code == 302, led.text
        async with httpx.AsyncClient() as identity:
            login = await identity.get(led.headers["Location"])
            (form,) = Forms(login).found
            back = await identity.post(
                form.action, data={**form.fields, "username": username, "password": PASSWORD}
            )
        assert back.status_code == 303, back.text
        return back.headers["Location"]

    async def return_from_login(self, way: str) -> httpx.Response:
        """Come back from the login."""
        return await self._settle(await self.client.get(way))

    async def _settle(self, page: httpx.Response) -> httpx.Response:
        while page.has_redirect_location and "/console" in page.headers["Location"].partition("?")[0]:
            page = await self.client.get(page.headers["Location"])
        self.page = page
        return page
