"""An issuer of access tokens as small as one can be, on a port of its own."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import socket

import uvicorn
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OKPKey

from tests.eventually import eventually


@dataclass
class Issuer:
    """Signs with `key`; `address` is its `iss`."""

    address: str
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "1", "alg": "Ed25519"}))

    def token(self, *scopes: str, typ: str = "at+jwt", key: OKPKey | None = None, **claims: object) -> str:
        """Make a good token with these scopes, unless `claims` spoil it."""
        now = int(time.time())
        usual = {"iss": self.address, "sub": "sap", "client_id": "sap", "aud": ["tracker"], "iat": now, "exp": now + 300, "jti": "j"}
        facts = usual | {"scope": " ".join(scopes)} | claims
        return jwt.encode({"alg": "Ed25519", "kid": "1", "typ": typ}, facts, key or self.key, algorithms=["Ed25519"])

    def app(self) -> FastAPI:
        """Make what serves the keys."""
        app = FastAPI(openapi_url=None)
        app.add_api_route("/.well-known/openid-configuration", lambda: {"issuer": self.address, "jwks_uri": f"{self.address}/jwks"})
        app.add_api_route("/jwks", lambda: {"keys": [self.key.as_dict(private=False)]})
        return app


@asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    """Serve an issuer for as long as the context lasts."""
    place = socket()
    place.bind(("127.0.0.1", 0))
    issuer = Issuer(f"http://127.0.0.1:{place.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(issuer.app(), log_level="warning", access_log=False, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[place]))

    async def started() -> bool:
        return server.started

    await eventually(started)
    yield issuer
    server.should_exit = True
    await task
