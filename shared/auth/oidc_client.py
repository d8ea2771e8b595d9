"""An OpenID Connect client for signing people in by the authorization code flow with PKCE."""

import secrets
from typing import Any

from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from starlette.requests import Request
from starlette.responses import Response

from shared.auth.sign_in_attempts import SignInAttempts

HTTP_TIMEOUT_SECONDS = 10


class BackChannelClient(StarletteOAuth2App):
    """An OpenID Connect client that can reach the provider by another address than browsers do.

    What Authlib stores between the redirect and the return belongs to the attempt (`attempts`), not to the
    browser's session.
    """

    issuer = ""
    back_channel: str | None = None
    attempts: SignInAttempts

    async def load_server_metadata(self) -> dict[str, Any]:
        """Fetch the provider's metadata once, with the back channel's own addresses."""
        metadata: dict[str, Any] = await super().load_server_metadata()  # type: ignore[no-untyped-call]  # Authlib has no types
        if self.back_channel:
            for endpoint in ("token_endpoint", "jwks_uri", "userinfo_endpoint"):
                if metadata.get(endpoint, "").startswith(self.issuer):
                    metadata[endpoint] = self.back_channel + metadata[endpoint].removeprefix(self.issuer)
        return metadata

    async def begin(
        self, request: Request, redirect_uri: str, *, state: str = "", keep: str = "", **parameters: str
    ) -> Response:
        """Redirect to the provider; `state` is random unless given, `keep` is what `kept` returns afterwards.

        Raises `httpx2.HTTPError`, `RuntimeError` or `ValueError` when the provider is unavailable.
        """
        state, attempt = state or secrets.token_urlsafe(24), {"keep": keep} if keep else {}
        response: Response = await self.authorize_redirect(
            _in_session(request, attempt), redirect_uri, state=state, **parameters
        )  # type: ignore[no-untyped-call]  # Authlib has no types
        self.attempts.keep(request, response, state, attempt)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def save_authorize_data(self, request: Request, **data: str) -> None:
        """Store what the return needs, without the provider's address, because cookies are small."""
        del data["url"]
        await super().save_authorize_data(request, **data)  # type: ignore[no-untyped-call]  # Authlib has no types

    async def finish(self, request: Request) -> dict[str, Any]:
        """Return the claims of the person whom the provider signed in for an attempt of this browser.

        Raises `OAuthError` where the provider signed in nobody or this browser made no attempt,
        `httpx2.HTTPError` or `RuntimeError` where it is unavailable, `JoseError`, `KeyError` or `ValueError`
        where its token is invalid.
        """
        await self._check_issuer(request)
        token = await self.authorize_access_token(
            _in_session(request, self.attempts.recall(request, _state(request)))
        )  # type: ignore[no-untyped-call]  # Authlib has no types
        claims: dict[str, Any] = token["userinfo"]
        return claims

    async def _check_issuer(self, request: Request) -> None:
        """Raise `ValueError` for the answer of another provider (RFC 9207).

        `iss` is required where the provider says that it sends one.
        """
        metadata = await self.load_server_metadata()
        issuers = request.query_params.getlist("iss")
        if (issuers or metadata.get("authorization_response_iss_parameter_supported")) and issuers != [
            metadata["issuer"]
        ]:
            raise ValueError("the answer is not this provider's")

    def kept(self, request: Request) -> str:
        """Return what `begin` was given to keep."""
        keep: str = self.attempts.recall(request, _state(request)).get("keep", "")
        return keep

    def end(self, request: Request, response: Response) -> None:
        """Remove the attempt that the provider has answered, with any result."""
        self.attempts.end(request, response, _state(request))


def _state(request: Request) -> str:
    return request.query_params.get("state", "")


def _in_session(request: Request, session: dict[str, Any]) -> Request:
    """Return the same request with `session` as its whole session."""
    return Request({**request.scope, "session": session}, request.receive)


def make_oidc_client(
    issuer: str,
    backchannel_url: str | None,
    client_id: str,
    client_secret: str,
    scope: str,
    attempts: SignInAttempts,
) -> BackChannelClient:
    """Return the client of the provider at `issuer`; nothing is fetched yet."""
    issuer, back_channel = issuer.rstrip("/"), (backchannel_url or "").rstrip("/")
    client: BackChannelClient = OAuth().register(
        "identity",
        client_cls=BackChannelClient,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{back_channel or issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": scope, "code_challenge_method": "S256", "timeout": HTTP_TIMEOUT_SECONDS},
    )
    client.issuer, client.back_channel, client.attempts = issuer, back_channel or None, attempts
    return client
