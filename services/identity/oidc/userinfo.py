"""Serves `/userinfo`: the claims about the person of an access token (OpenID Connect Core 5.3)."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from joserfc import jwt
from starlette.responses import JSONResponse

from services.identity.login.errors import OAuthError, invalid_token
from services.identity.models import Grant, utc_now
from services.identity.resources import Using
from shared.auth.unreadable_token import UNREADABLE
from shared.crypto.box import CannotDecrypt
from shared.web.transaction import Transaction

routes = APIRouter(tags=["openid connect"])


@routes.api_route("/userinfo", methods=["GET", "POST"], summary="Return the claims about the person")
async def userinfo(request: Request, resources: Using, session: Transaction) -> JSONResponse:
    """Return the claims about the person; requires an access token of this issuer that is not revoked."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise OAuthError(
            "invalid_request", "a bearer token is needed", status=HTTPStatus.UNAUTHORIZED, challenge="Bearer"
        )
    issuer = resources.settings.issuer
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": issuer},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        decoded = resources.keys.verify(token)
        registry.validate(decoded.claims)
        grant = await session.get(Grant, UUID(decoded.claims["jti"]))
    except UNREADABLE as error:
        raise invalid_token("the token is not good for this") from error
    if (
        decoded.header.get("typ") != "at+jwt"
        or grant is None
        or grant.revoked_at is not None
        or grant.expires_at <= utc_now()
    ):
        raise invalid_token("the token is not good any more")
    try:
        return JSONResponse(resources.keys.open_claims(grant.claims_sealed, grant.id))
    except CannotDecrypt as error:
        raise invalid_token("the token is not good any more") from error
