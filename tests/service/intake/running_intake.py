"""An intake to test: the real app on real servers, in this process."""

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from services.intake.app import create_app
from services.intake.resources import Resources
from services.intake.settings import Settings
from shared.crypto.sealing import Opener, generate_private_key, public_key_of
from shared.kafka.connection import KafkaConnection

MIGRATIONS = Path(__file__).parents[3] / "services" / "intake" / "migrations"
NOBODY = "http://127.0.0.1:9"
TRACKER_KEY, NOTIFIER_KEY = generate_private_key(), generate_private_key()
TRACKER, NOTIFIER = Opener(TRACKER_KEY), Opener(NOTIFIER_KEY)


def make_key() -> SecretStr:
    return SecretStr(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def make_settings(kafka: KafkaConnection, dsn: str, **changes: object) -> Settings:
    """Return settings of their own keys.

    Identity and tracker are away unless `changes` say where they are.
    """
    facts = {
        "kafka_bootstrap_servers": kafka.bootstrap_servers,
        "database_url": SecretStr(dsn),
        "database_connections": 1,
        "public_url": "http://intake.test",
        "oidc_issuer": NOBODY,
        "oidc_client_secret": SecretStr("secret of intake"),
        "session_key": make_key(),
        "record_keys": make_key(),
        "idempotency_key": make_key(),
        "tracker_url": NOBODY,
        "tracker_sealing_key": public_key_of(TRACKER_KEY),
        "notifier_sealing_key": public_key_of(NOTIFIER_KEY),
        "log_level": "WARNING",
        "limits_times": 1_000_000,
    }
    return Settings.model_validate(facts | changes)


@dataclass(frozen=True)
class Running:
    """A running app: its routes through `client`, its insides through `intake`."""

    app: FastAPI
    client: httpx.AsyncClient

    @property
    def intake(self) -> Resources:
        """Return what the app holds open."""
        intake: Resources = self.app.state.resources
        return intake

    async def send(self, body: object, key: str | None = None, **headers: str) -> httpx.Response:
        """POST a request."""
        keyed = {"Idempotency-Key": key} if key is not None else {}
        return await self.client.post("/api/v1/requests", json=body, headers={**keyed, **headers})


@asynccontextmanager
async def running_intake(settings: Settings) -> AsyncIterator[Running]:
    """Run the app for as long as the context lasts."""
    app = create_app(settings)
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield Running(app, client)


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of a running app."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake.test", timeout=30) as client:
        yield client
