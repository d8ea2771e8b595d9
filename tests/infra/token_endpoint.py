"""A token endpoint with its keys, as small as one can be."""

import time
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import FastAPI, Form
from joserfc import jwt
from joserfc.jwk import RSAKey


@dataclass
class Tokens:
    """A token endpoint with its keys, as small as one can be; `seconds` is how long a token is good for."""

    address: str
    seconds: int = 300
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "alg": "RS256", "use": "sig"})
    )
    scopes: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        """Make what serves keys and tokens."""
        app = FastAPI(openapi_url=None)
        app.add_api_route("/jwks", lambda: {"keys": [self.key.as_dict(private=False)]})

        @app.post("/token")
        async def token(grant_type: Annotated[str, Form()], scope: Annotated[str, Form()]) -> dict[str, Any]:
            assert grant_type == "client_credentials"
            self.scopes.append(scope)
            now = int(time.time())
            facts = {
                "iss": self.address,
                "sub": "tracker",
                "aud": "kafka",
                "scope": scope,
                "iat": now,
                "exp": now + self.seconds,
            }
            return {
                "access_token": jwt.encode({"alg": "RS256", "kid": "1"}, facts, self.key),
                "expires_in": self.seconds,
            }

        return app
