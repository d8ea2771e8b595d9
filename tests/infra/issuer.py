"""An issuer of access tokens as small as one can be, on a port of its own."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import FastAPI, Form
from joserfc import jwt
from joserfc.jwk import OKPKey

from tests.infra.serving import free_socket, serving


@dataclass
class Issuer:
    """Signs with `key`; `address` is its `iss`, `audiences` whom the tokens of its `/token` are for."""

    address: str
    key: OKPKey = field(
        default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "1", "alg": "Ed25519"})
    )

    audiences: tuple[str, ...] = ("tracker",)
    asked: int = 0

    def token(self, *scopes: str, typ: str = "at+jwt", key: OKPKey | None = None, **claims: object) -> str:
        """Make a good token with these scopes, unless `claims` spoil it."""
        now = int(time.time())
        usual = {
            "iss": self.address,
            "sub": "sap",
            "client_id": "sap",
            "aud": ["tracker"],
            "iat": now,
            "exp": now + 300,
            "jti": "j",
        }
        facts = usual | {"scope": " ".join(scopes)} | claims
        return jwt.encode(
            {"alg": "Ed25519", "kid": "1", "typ": typ}, facts, key or self.key, algorithms=["Ed25519"]
        )

    def app(self) -> FastAPI:
        """Make what serves the keys."""
        app = FastAPI(openapi_url=None)
        metadata = {
            "issuer": self.address,
            "jwks_uri": f"{self.address}/jwks",
            "token_endpoint": f"{self.address}/token",
        }
        app.add_api_route("/.well-known/openid-configuration", lambda: metadata)
        app.add_api_route("/jwks", lambda: {"keys": [self.key.as_dict(private=False)]})

        @app.post("/token")
        async def token(scope: Annotated[str, Form()]) -> dict[str, Any]:
            self.asked += 1
            return {
                "access_token": self.token(scope, aud=self.audiences),
                "expires_in": 300,
                "token_type": "Bearer",
            }

        return app


@asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    """Serve an issuer for as long as the context lasts."""
    place, address = free_socket()
    issuer = Issuer(address)
    async with serving(issuer.app(), place):
        yield issuer
