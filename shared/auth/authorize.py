"""Verifies the access tokens of API callers (RFC 9068) and requires scopes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeAlias

import httpx
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from shared.auth.unreadable_token import UNREADABLE
from shared.process.logs import get_log
from shared.web.problems import Problem, Unavailable

log = get_log(__name__)

ALGORITHMS = ("Ed25519", "ES256", "RS256")
TOKEN_TYPES = ("at+jwt", "application/at+jwt")
KEYS_SECONDS = 3_600.0
"""The issuer's keys are cached this long, so a withdrawn key is refused after this time at the latest."""
REFETCH_SECONDS = 5.0
"""Minimum time between fetches for an unknown key id, so that invented ids cannot flood the issuer."""
RETRY_SECONDS = 0.5
"""How long callers get `Unavailable` without another attempt, after the issuer did not answer."""
LEEWAY_SECONDS = 30
FETCH_SECONDS = 5.0


class Unauthorized(Problem):
    """401: no token, or an invalid one; `WWW-Authenticate` says which (RFC 6750)."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "unauthorized"
    title = "A valid access token is needed"


class InsufficientScope(Problem):
    """403: the token is valid but lacks a scope, which `WWW-Authenticate` names."""

    status = HTTPStatus.FORBIDDEN
    slug = "insufficient-scope"
    title = "The access token lacks a scope"


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a token: `subject` is a staff member, a system or a citizen's pseudonym.

    `client_id` is the system that fetched the token.
    """

    subject: str
    client_id: str
    scopes: frozenset[str]


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience; fetches and caches the issuer's keys.

    `backchannel_url` is where this process reaches the issuer, if that differs from `iss` (containers).
    """

    def __init__(self, issuer: str, audience: str, *, backchannel_url: str | None = None) -> None:
        self._issuer = issuer.rstrip("/")
        self._address = (backchannel_url or issuer).rstrip("/")
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "values": [self._issuer, f"{self._issuer}/"]},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._keys: KeySet | None = None
        self._tried_at = self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()

    async def verify(self, token: str) -> Caller:
        """Return the caller of a token; raises `Unauthorized`, or `Unavailable` without the issuer's keys."""
        keys = await self._current_keys()
        try:
            try:
                decoded = jwt.decode(token, keys, ALGORITHMS)
            except InvalidKeyIdError:
                decoded = jwt.decode(token, await self._refetched_keys(), ALGORITHMS)
            if str(decoded.header.get("typ")).lower() not in TOKEN_TYPES:
                raise _invalid("The token is no access token")
            self._claims.validate(decoded.claims)
        except UNREADABLE as error:
            raise _invalid("The token is expired, or not for this service") from error
        return _caller(decoded.claims)

    async def _current_keys(self) -> KeySet:
        if self._keys is None or time.monotonic() - self._fetched_at > KEYS_SECONDS:
            return await self._refetched_keys()
        return self._keys

    async def _refetched_keys(self) -> KeySet:
        async with self._lock:
            if time.monotonic() - self._tried_at > (REFETCH_SECONDS if self._keys else RETRY_SECONDS):
                self._tried_at = time.monotonic()
                try:
                    self._keys = await self._fetch()
                    self._fetched_at = time.monotonic()
                except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                    log.warning("issuer_away", error=type(error).__name__)
            if self._keys is None:
                raise Unavailable("The issuer of access tokens cannot be reached")
            return self._keys

    async def _fetch(self) -> KeySet:
        async with httpx.AsyncClient(timeout=FETCH_SECONDS) as client:
            metadata = (
                (await client.get(f"{self._address}/.well-known/openid-configuration"))
                .raise_for_status()
                .json()
            )
            if str(metadata["issuer"]).rstrip("/") != self._issuer:
                message = "the metadata is another issuer's"
                raise ValueError(message)
            where = str(metadata["jwks_uri"])
            if where.startswith(f"{self._issuer}/"):
                where = self._address + where.removeprefix(self._issuer)
            return KeySet.import_key_set((await client.get(where)).raise_for_status().json())


RequireScope: TypeAlias = Callable[..., Awaitable[Caller]]

_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="An access token of identity's `/token`"
)


def require_scope(verifier: TokenVerifier, scope: str) -> RequireScope:
    """Return a route's dependency, which yields the caller if its token has the scope.

    Used as `caller: Annotated[Caller, Depends(require_scope(verifier, "operate"))]`.
    """

    async def authorize(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        if credentials is None:
            raise Unauthorized(headers={"WWW-Authenticate": f'Bearer scope="{scope}"'})
        caller = await verifier.verify(credentials.credentials)
        if scope not in caller.scopes:
            raise InsufficientScope(
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
                scope=scope,
            )
        return caller

    return authorize


def _invalid(detail: str) -> Unauthorized:
    return Unauthorized(
        detail, headers={"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{detail}"'}
    )


def _caller(claims: dict[str, Any]) -> Caller:
    scopes = claims.get("scope")
    return Caller(
        subject=str(claims["sub"]),
        client_id=str(claims.get("client_id", "")),
        scopes=frozenset(scopes.split() if isinstance(scopes, str) else ()),
    )
