"""Fetches access tokens for SASL/OAUTHBEARER by client credentials, and caches them."""

import asyncio

import httpx
from aiokafka.abc import AbstractTokenProvider

from shared.auth.client_credentials import IdentityAway, Issued, read_token
from shared.kafka.connection import OAuthClient

FETCH_SECONDS = 10.0


class OAuthToken(AbstractTokenProvider):
    """Token provider of one aiokafka client, which asks for a token at every new connection to a broker."""

    def __init__(self, client: OAuthClient) -> None:
        self._client = client
        self._issued: Issued | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """Return a valid token; raises `ConnectionError` where none is granted, which aiokafka retries."""
        async with self._lock:
            if self._issued is None or self._issued.stale:
                try:
                    self._issued = await self._fetch()
                except (httpx.HTTPError, IdentityAway) as error:
                    raise ConnectionError(f"no access token for Kafka: {type(error).__name__}") from error
            return self._issued.token

    async def _fetch(self) -> Issued:
        form = {"grant_type": "client_credentials"} | (
            {"scope": self._client.scope} if self._client.scope else {}
        )
        async with httpx.AsyncClient(timeout=FETCH_SECONDS) as http:
            return read_token(
                await http.post(
                    self._client.token_url,
                    data=form,
                    auth=(self._client.client_id, self._client.client_secret),
                )
            )
