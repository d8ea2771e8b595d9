"""Identity as it runs: a real server on a port of its own, a real database."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from joserfc.jwk import OKPKey, RSAKey

from deploy.postgres import ensure_database
from services.identity.app import create_app
from services.identity.settings import Settings
from shared.database.engine import Sessions, migrate, open_database
from shared.demonstration import Demonstration
from tests.infra.embedded import free_ports

MIGRATIONS = Path(__file__).parents[3] / "services" / "identity" / "migrations"
CALLBACK = "http://127.0.0.1:40009/auth/callback"
CONSOLE_CALLBACK = "http://127.0.0.1:40009/console/callback?from=identity"
ID_TOKEN_KEY = json.dumps(RSAKey.generate_key(2_048).as_dict(private=True))
SYSTEM_KEY = OKPKey.generate_key("Ed25519")


@dataclass(frozen=True)
class Running:
    """A running identity service."""

    issuer: str
    sessions: Sessions
    database_url: str


def settings_for(issuer: str, database_url: str) -> Settings:
    clients = [
        {
            "client_id": "intake",
            "client_secret": "intake-secret",
            "redirect_uris": [CALLBACK],
            "grants": ["authorization_code", "client_credentials"],
            "scopes": ["requests:status"],
        },
        {
            "client_id": "console",
            "client_secret": "console:secret%/+",
            "redirect_uris": [CONSOLE_CALLBACK],
            "grants": ["authorization_code"],
            "scopes": ["operate"],
        },
        {
            "client_id": "system",
            "jwks": {"keys": [SYSTEM_KEY.as_dict(private=False)]},
            "grants": ["client_credentials"],
            "scopes": ["requests:read", "operate"],
        },
    ]
    staff = [
        {"username": "Olli", "password": "a long password", "name": "Olli Operaattori", "roles": ["operator"]}
    ]
    environment = {
        "database_url": database_url,
        "database_connections": 1,
        "public_url": issuer,
        "signing_key": json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)),
        "id_token_key": ID_TOKEN_KEY,
        "session_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "clients": clients,
        "staff": staff,
        "demonstration": list(Demonstration),
    }
    return Settings.model_validate(environment)


@pytest.fixture(autouse=True)
def _one_connection(one_connection: None) -> None:
    """For every test of this service."""


@pytest.fixture(scope="session")
async def identity_database(postgres: str) -> str:
    """Return the address of a migrated database."""
    name, password = f"identity_{secrets.token_hex(4)}", secrets.token_urlsafe()
    await ensure_database(postgres, name, password)
    address = urlsplit(postgres).netloc.rpartition("@")[2]
    database_url = f"postgresql://{name}:{password}@{address}/{name}"
    await asyncio.to_thread(migrate, MIGRATIONS, database_url)
    return database_url


@pytest.fixture(scope="session")
async def identity(identity_database: str) -> AsyncIterator[Running]:
    (port,) = free_ports(1)
    async with serving(settings_for(f"http://127.0.0.1:{port}", identity_database)) as running:
        yield running


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Running]:
    """Serve at the settings' public address for as long as the context lasts."""
    config = uvicorn.Config(
        create_app(settings), port=urlsplit(settings.public_url).port or 0, access_log=False, log_config=None
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())  # noqa: SLF001  the public way takes over this process's signals
    while not server.started:
        await asyncio.sleep(0.02)
        if task.done():
            await task
    try:
        async with open_database(settings.database_url.get_secret_value()) as sessions:
            yield Running(settings.issuer, sessions, settings.database_url.get_secret_value())
    finally:
        server.should_exit = True
        await task
