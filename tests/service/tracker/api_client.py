"""A running tracker app and a caller with the right token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import httpx
from fastapi import FastAPI

from services.tracker.app import create_app
from services.tracker.settings import Settings as TrackerSettings
from tests.infra.issuer import Issuer

SCOPES = (
    "requests:read",
    "requests:write",
    "requests:status",
    "requests:personal-code",
    "requests:audit",
    "operate",
)


@dataclass(frozen=True)
class ApiClient:
    """Calls the app; with every scope unless told otherwise."""

    app: FastAPI
    client: httpx.AsyncClient
    issuer: Issuer

    async def get(self, path: str, *scopes: str, **query: object) -> httpx.Response:
        """GET with a token."""
        return await self.client.get(
            path, params=cast("dict[str, str]", query), headers=self.headers(*scopes)
        )

    async def post(self, path: str, body: object = None, *scopes: str) -> httpx.Response:
        """POST JSON with a token."""
        return await self.client.post(path, json=body, headers=self.headers(*scopes))

    def headers(self, *scopes: str) -> dict[str, str]:
        """Return the header with a token of these scopes, or all of them."""
        return {"Authorization": f"Bearer {self.issuer.token(*(scopes or SCOPES))}"}


@asynccontextmanager
async def running_api(settings: TrackerSettings, issuer: Issuer) -> AsyncIterator[ApiClient]:
    """Run the app for as long as the context lasts."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://tracker.test", timeout=30
        ) as client:
            yield ApiClient(app, client, issuer)
