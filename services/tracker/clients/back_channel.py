"""Tracker's own way to the other services: one HTTP client, and tokens of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from services.tracker.settings import Settings
from shared.auth.client_credentials import ClientCredentials

SECONDS = 2.0


@asynccontextmanager
async def open_back_channel(settings: Settings) -> AsyncIterator[ClientCredentials]:
    """Open it for as long as the context lasts; nothing is asked yet."""
    client = (settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())
    async with httpx.AsyncClient(timeout=SECONDS) as http:
        yield ClientCredentials(http, settings.oidc_issuer, settings.oidc_backchannel_url, client)
