"""Identity and tracker as intake sees them from behind.

Written doubles that remember what they were asked.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Body, FastAPI, Header, Response

HETU = "urn:oid:1.2.246.21"
CITIZEN = {
    "sub": "x",
    "given_name": "Anna Maria",
    "family_name": "Testi",
    HETU: "081181-9984",
    "acr": "http://ftn.ficora.fi/2017/loa2",
}
STATUS = {
    "request_id": "0190163d-8694-739b-aea5-966c26f8ad91",
    "work_number": "572572578",
    "state": "resolved",
    "service_title": "Pyydä laskukopio",
    "registered_at": "2026-11-24T10:00:00Z",
    "due_at": "2026-11-27T14:00:00Z",
    "timeline": [
        {"state": "received", "occurred_at": "2026-11-24T10:00:00Z", "text": None},
        {"state": "resolved", "occurred_at": "2026-11-25T09:00:00Z", "text": "Lasku on postissa."},
    ],
}


@dataclass
class BackChannel:
    """`userinfo` by token; `status` is tracker's answer: a status code and a body.

    `expired` tokens are refused by tracker.
    """

    url: str
    userinfo: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"citizen": CITIZEN, "staff": {"sub": "y", "name": "Olli"}}
    )
    status: tuple[int, Any] = (200, STATUS)
    expires_in: int = 300
    expired: set[str] = field(default_factory=set)
    issued: list[str] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    def app(self) -> FastAPI:
        """Make the app."""
        app = FastAPI(openapi_url=None)
        app.add_api_route("/.well-known/openid-configuration", self._metadata)
        app.add_api_route("/token", self._token, methods=["POST"])
        app.add_api_route("/userinfo", self._userinfo)
        app.add_api_route("/api/v1/status", self._by_number, methods=["POST"])
        app.add_api_route("/api/v1/status/{request_id}", self._by_id)
        return app

    async def _metadata(self) -> dict[str, str]:
        # The issuer is where browsers find it; only the back channel's address is served here.
        return {
            "issuer": "http://identity.test",
            "token_endpoint": "http://identity.test/token",
            "userinfo_endpoint": "http://identity.test/userinfo",
        }

    async def _token(self, authorization: Annotated[str, Header()]) -> dict[str, Any]:
        assert authorization.startswith("Basic ")
        self.issued.append(f"token-{len(self.issued)}")
        return {"access_token": self.issued[-1], "expires_in": self.expires_in, "token_type": "Bearer"}

    async def _userinfo(self, authorization: Annotated[str, Header()], response: Response) -> dict[str, Any]:
        known = self.userinfo.get(authorization.removeprefix("Bearer "))
        response.status_code = 401 if known is None else 200
        return known or {}

    async def _by_number(
        self,
        authorization: Annotated[str, Header()],
        response: Response,
        question: Annotated[dict[str, Any], Body()],
    ) -> Any:  # noqa: ANN401  whatever a test sets
        return self._answer(authorization, question, response)

    async def _by_id(
        self, authorization: Annotated[str, Header()], response: Response, request_id: str
    ) -> Any:  # noqa: ANN401  as above
        return self._answer(authorization, request_id, response)

    def _answer(self, authorization: str, question: object, response: Response) -> Any:  # noqa: ANN401  as above
        if authorization.removeprefix("Bearer ") in self.expired:
            response.status_code = 401
            return {}
        self.asked.append(question)
        response.status_code, body = self.status
        return body
