"""An OpenID Connect provider as small as one can be.

It knows one person, and says yes, no, or something forged.
"""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import OKPKey

PERSON = {
    "given_name": "Anna",
    "family_name": "Testi",
    "urn:oid:1.2.246.21": "081181-9984",
    "acr": "http://ftn.ficora.fi/2017/loa2",
}


@dataclass
class OidcProvider:
    """What it answers next.

    `error` comes back instead of a code, with `why` where it is given, `claims` win over the person's.

    `iss` are those that it sends with its answers (RFC 9207); None: it does not say that it sends any.
    `asked` is what it was asked last, `asked_by_code` what each code that was not used yet stands for.
    """

    issuer: str
    error: str = ""
    iss: list[str] | None = None
    why: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    asked_by_code: dict[str, dict[str, str]] = field(default_factory=dict)
    key: OKPKey = field(
        default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "1", "alg": "Ed25519"})
    )

    def app(self) -> FastAPI:
        """Make the app."""
        app = FastAPI(openapi_url=None)
        app.add_api_route("/.well-known/openid-configuration", self._metadata)
        app.add_api_route("/jwks", lambda: {"keys": [self.key.as_dict(private=False)]})
        app.add_api_route("/authorize", self._authorize)
        app.add_api_route("/token", self._token, methods=["POST"])
        return app

    async def _metadata(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return {
            "issuer": self.issuer,
            "authorization_response_iss_parameter_supported": self.iss is not None,
            "id_token_signing_alg_values_supported": ["Ed25519"],
            **{name: f"{self.issuer}/{path}" for name, path in ends.items()},
        }

    async def _authorize(self, request: Request) -> RedirectResponse:
        self.asked = dict(request.query_params)
        code = secrets.token_urlsafe()
        self.asked_by_code[code] = self.asked
        why = {"error_description": self.why} if self.why else {}
        answer = {"error": self.error, **why} if self.error else {"code": code}
        issuers = [("iss", issuer) for issuer in self.iss or ()]
        query = [*answer.items(), ("state", self.asked["state"]), *issuers]
        return RedirectResponse(
            f"{self.asked['redirect_uri']}?{urlencode(query)}",
            302,
        )

    async def _token(self, request: Request) -> Response:
        asked = self.asked_by_code.pop(str((await request.form())["code"]), None)
        if asked is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        own = {"iss": self.issuer, "sub": "anna", "aud": asked["client_id"], "nonce": asked["nonce"]}
        times = {"iat": now, "exp": now + 60, "auth_time": now}
        token = jwt.encode(
            {"alg": "Ed25519", "kid": "1"},
            own | times | PERSON | self.claims,
            self.key,
            algorithms=["Ed25519"],
        )
        return JSONResponse({"access_token": "access", "token_type": "Bearer", "id_token": token})
