"""Fetches this service's own access tokens (client credentials grant) and calls other services with them."""

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from shared.process.logs import get_log

log = get_log(__name__)

RENEW_BEFORE_SECONDS = 30


class IdentityAway(Exception):
    """The identity service did not answer, or answered with an error."""


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token and when to replace it (monotonic seconds)."""

    token: str
    until: float

    @property
    def stale(self) -> bool:
        """True if a new token should be fetched."""
        return self.until <= time.monotonic()


class ClientCredentials:
    """A client of an OpenID Connect provider, whose endpoints are found by discovery.

    `back_channel` replaces the issuer's address where this process reaches it differently.
    """

    def __init__(
        self, http: httpx.AsyncClient, issuer: str, back_channel: str | None, client: tuple[str, str]
    ) -> None:
        self._http = http
        self._issuer = issuer.rstrip("/")
        self._back_channel = (back_channel or issuer).rstrip("/")
        self._client = client
        self._metadata: dict[str, Any] | None = None
        self._tokens: dict[str, Issued] = {}
        self._lock = asyncio.Lock()

    async def token_for(self, scope: str) -> str:
        """Return an access token, cached until shortly before it expires; raises `IdentityAway`."""
        async with self._lock:
            issued = self._tokens.get(scope)
            if issued is None or issued.stale:
                answer = await self.call_as_client(
                    "token_endpoint", "POST", data={"grant_type": "client_credentials", "scope": scope}
                )
                issued = self._tokens[scope] = read_token(answer)
            return issued.token

    async def get_without_token(self, path: str) -> httpx.Response:
        """Get a path of the provider that needs no token; raises httpx's errors."""
        return await self._http.get(self._back_channel + path)

    def forget_token(self, scope: str) -> None:
        """Drop a token that a service refused, so that the next call fetches a new one."""
        self._tokens.pop(scope, None)

    async def ask(self, scope: str, method: str, url: str, **request: Any) -> httpx.Response:  # noqa: ANN401  httpx's own parameters
        """Call another service with an access token, and once more with a new one if it is refused.

        Raises `IdentityAway` and httpx's errors.
        """
        for last in (False, True):
            token = await self.token_for(scope)
            answer = await self._http.request(
                method, url, headers={"Authorization": f"Bearer {token}"}, **request
            )
            if answer.status_code != HTTPStatus.UNAUTHORIZED or last:
                return answer
            # The signing key may have been changed.
            self.forget_token(scope)
        raise AssertionError  # the loop returns

    async def call_as_client(self, endpoint: str, method: str, **request: Any) -> httpx.Response:  # noqa: ANN401  as above
        """Call one of the provider's endpoints with client authentication; raises `IdentityAway`."""
        return await self.call(endpoint, method, auth=self._client, **request)

    async def call(self, endpoint: str, method: str, **request: Any) -> httpx.Response:  # noqa: ANN401  as above
        """Call one of the provider's endpoints, by its name in the metadata; raises `IdentityAway`."""
        try:
            if self._metadata is None:
                self._metadata = read_json_object(
                    await self._http.get(f"{self._back_channel}/.well-known/openid-configuration")
                )
            url = str(self._metadata[endpoint])
            if url.startswith(self._issuer):
                url = self._back_channel + url.removeprefix(self._issuer)
            return await self._http.request(method, url, **request)
        except (httpx.HTTPError, KeyError) as error:
            self._metadata = (
                None  # the next call fetches it again: a restarted provider may have other endpoints
            )
            log.warning("identity_away", error=type(error).__name__)
            raise IdentityAway(type(error).__name__) from error


def read_json_object(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of a response; raises `IdentityAway` for anything else."""
    try:
        facts = answer.json()
    except ValueError as error:
        raise IdentityAway("not JSON") from error
    if answer.status_code != HTTPStatus.OK or not isinstance(facts, dict):
        log.warning("identity_away", status=answer.status_code)
        raise IdentityAway(f"status {answer.status_code}")
    return facts


def read_token(answer: httpx.Response) -> Issued:
    """Read the response of a token endpoint; raises `IdentityAway` if it grants no token."""
    facts = read_json_object(answer)
    try:
        return Issued(
            str(facts["access_token"]),
            time.monotonic() + float(facts.get("expires_in", 60)) - RENEW_BEFORE_SECONDS,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IdentityAway("no token") from error
