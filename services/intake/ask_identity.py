"""Asks the identity service over the back channel: who bears this token, and a token for ourselves."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx

from services.intake.identity import Identity
from shared.logs import get_log

log = get_log(__name__)

PERSONAL_IDENTITY_CODE = "urn:oid:1.2.246.21"
STRONG = frozenset({"http://ftn.ficora.fi/2017/loa2", "http://ftn.ficora.fi/2017/loa3"})
EARLY_SECONDS = 30
MOST_TOKEN_BYTES = 4_096


class IdentityAway(Exception):
    """The identity service did not answer, or not as it should."""


class TokenRefused(Exception):
    """The token is not good, or its bearer is not strongly identified."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token of ours and when it is better replaced (monotonic seconds)."""

    token: str
    until: float


class IdentityProvider:
    """An OpenID Connect provider, found by discovery; `back_channel` is where its issuer's addresses are reached, when that differs."""

    def __init__(self, http: httpx.AsyncClient, issuer: str, back_channel: str | None, client: tuple[str, str]) -> None:
        self._http = http
        self._issuer = issuer.rstrip("/")
        self._back_channel = (back_channel or issuer).rstrip("/")
        self._client = client
        self._metadata: dict[str, Any] | None = None
        self._tokens: dict[str, Issued] = {}
        self._lock = asyncio.Lock()

    async def identity_of(self, token: str) -> Identity:
        """Exchange a citizen's access token for who it is; raises `TokenRefused` or `IdentityAway`."""
        if not token.isascii() or not token.isprintable() or len(token) > MOST_TOKEN_BYTES:
            raise TokenRefused("not a token")
        answer = await self._call("userinfo_endpoint", "GET", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}:
            raise TokenRefused("refused by the identity service")
        facts = _json(answer)
        if facts.get("acr", next(iter(STRONG))) not in STRONG or not facts.get(PERSONAL_IDENTITY_CODE):
            # A member of staff, or a bank that told no henkilötunnus.
            raise TokenRefused("not a strong identification")
        try:
            return Identity(
                given_name=facts["given_name"],
                family_name=facts["family_name"],
                personal_identity_code=facts[PERSONAL_IDENTITY_CODE],
                authenticated_at=datetime.fromtimestamp(int(facts.get("auth_time", time.time())), UTC),
            )
        except (KeyError, ValueError) as error:
            raise IdentityAway("userinfo lacks a name") from error

    async def token_for(self, scope: str) -> str:
        """Give an access token of our own (client credentials), kept until shortly before it expires; raises `IdentityAway`."""
        async with self._lock:
            issued = self._tokens.get(scope)
            if issued is None or issued.until <= time.monotonic():
                answer = await self._call("token_endpoint", "POST", data={"grant_type": "client_credentials", "scope": scope}, auth=self._client)
                facts = _json(answer)
                if "access_token" not in facts:
                    raise IdentityAway("no token")
                issued = Issued(facts["access_token"], time.monotonic() + float(facts.get("expires_in", 60)) - EARLY_SECONDS)
                self._tokens[scope] = issued
            return issued.token

    def forget_token(self, scope: str) -> None:
        """Drop a token that a service refused, so that the next call fetches a new one."""
        self._tokens.pop(scope, None)

    async def _call(self, endpoint: str, method: str, **request: Any) -> httpx.Response:  # noqa: ANN401  httpx's own parameters
        try:
            if self._metadata is None:
                self._metadata = _json(await self._http.get(f"{self._back_channel}/.well-known/openid-configuration"))
            url = str(self._metadata[endpoint])
            if url.startswith(self._issuer):
                url = self._back_channel + url.removeprefix(self._issuer)
            return await self._http.request(method, url, **request)
        except (httpx.HTTPError, KeyError) as error:
            log.warning("identity_away", error=type(error).__name__)
            raise IdentityAway(type(error).__name__) from error


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        facts = answer.json()
    except ValueError as error:
        raise IdentityAway("not JSON") from error
    if answer.status_code != HTTPStatus.OK or not isinstance(facts, dict):
        log.warning("identity_away", status=answer.status_code)
        raise IdentityAway(f"status {answer.status_code}")
    return facts
