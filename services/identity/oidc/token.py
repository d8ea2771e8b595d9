"""Serves `/token`: exchanges an authorization code for tokens, or issues a client a token of its own."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from services.identity.login.client_authentication import authenticate_client
from services.identity.login.errors import OAuthError
from services.identity.login.grants import ACCESS_TOKEN_LASTS, redeem_code
from services.identity.login.parameters import RepeatedParameter, read_parameters
from services.identity.oidc.tokens import make_access_token, make_id_token
from services.identity.resources import Resources, Using
from services.identity.settings import Client
from shared.crypto.box import CannotDecrypt
from shared.process.logs import get_log
from shared.web.transaction import Transaction

log = get_log(__name__)
routes = APIRouter(tags=["openid connect"])

FORM = {
    "application/x-www-form-urlencoded": {
        "schema": {"type": "object", "properties": {"grant_type": {"type": "string"}}}
    }
}


@routes.post(
    "/token", summary="Fetch tokens", openapi_extra={"requestBody": {"required": True, "content": FORM}}
)
async def token(request: Request, resources: Using, session: Transaction) -> JSONResponse:
    """Token endpoint (RFC 6749, 3.2) for `authorization_code` and `client_credentials`."""
    try:
        form = read_parameters(await request.body())
    except RepeatedParameter:
        raise OAuthError("invalid_request", "a parameter came more than once") from None
    client = await authenticate_client(session, resources, request.headers.get("Authorization"), form)
    grant_type = form.get("grant_type")
    if grant_type not in {"authorization_code", "client_credentials"}:
        raise OAuthError(
            "unsupported_grant_type", "grant_type must be authorization_code or client_credentials"
        )
    if grant_type not in client.grants:
        raise OAuthError("unauthorized_client", "the client may not use this grant")
    if grant_type == "client_credentials":
        return _for_client(resources, client, form)
    grant = await redeem_code(session, client.client_id, form)
    if isinstance(grant, OAuthError):
        log.warning("code_refused", client_id=client.client_id, reason=grant.description)
        return grant.response()
    try:
        person = resources.keys.open_claims(grant.claims_sealed, grant.id)
    except CannotDecrypt:
        log.exception("claims_not_opened", client_id=client.client_id)
        raise OAuthError("invalid_grant", "the code is not good any more") from None
    issuer = resources.settings.issuer
    access_token = make_access_token(
        resources.keys,
        issuer,
        client_id=client.client_id,
        subject=person["sub"],
        scope=grant.scope,
        token_id=str(grant.id),
    )
    id_token = make_id_token(resources.keys, issuer, grant, person, client.id_token_signed_response_alg)
    return _answer(access_token, grant.scope, id_token=id_token)


def _for_client(resources: Resources, client: Client, form: dict[str, str]) -> JSONResponse:
    allowed = client.scopes - {"openid", "profile"}
    scopes = frozenset(form["scope"].split()) if "scope" in form else allowed
    if not scopes or not scopes <= allowed:
        raise OAuthError("invalid_scope", "the client may not have this scope")
    scope = " ".join(sorted(scopes))
    return _answer(
        make_access_token(
            resources.keys,
            resources.settings.issuer,
            client_id=client.client_id,
            subject=client.client_id,
            scope=scope,
        ),
        scope,
    )


def _answer(access_token: str, scope: str, **more: Any) -> JSONResponse:  # noqa: ANN401  members beside the standard ones
    body = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": int(ACCESS_TOKEN_LASTS.total_seconds()),
        "scope": scope,
        **more,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
