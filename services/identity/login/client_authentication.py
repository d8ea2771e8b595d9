"""Authenticates the OAuth client that calls the back channel, by secret or by a signed assertion.

RFC 6749, 2.3 (secret in a header or in the form) and RFC 7523 (assertion).
"""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from joserfc import jws, jwt
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.identity.login.errors import invalid_client
from services.identity.models import Assertion, utc_now
from services.identity.resources import Resources
from services.identity.settings import Client
from shared.auth.unreadable_token import UNREADABLE
from shared.text.kept_text import can_be_kept

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("Ed25519", "ES256", "RS256", "PS256")
MAX_LIFE_SECONDS = 600
LEEWAY_SECONDS = 30
MAX_ID_LENGTH = 255


async def authenticate_client(
    session: AsyncSession, resources: Resources, authorization: str | None, form: Mapping[str, str]
) -> Client:
    """Return the client, authenticated in exactly one way; raises `OAuthError` invalid_client."""
    by_header = authorization is not None
    if by_header + ("client_secret" in form) + ("client_assertion" in form) != 1:
        raise invalid_client("exactly one way of client authentication is needed")
    if "client_assertion" in form:
        return await _by_assertion(session, resources, form)
    pairs = (
        _from_header(authorization)
        if authorization is not None
        else [(form.get("client_id", ""), form["client_secret"])]
    )
    client = next((client for pair in pairs if (client := _client_of(resources, *pair))), None)
    if client is None:
        raise invalid_client("client or secret is wrong")
    _check_name(client, form)
    return client


def _client_of(resources: Resources, client_id: str, secret: str) -> Client | None:
    client = resources.clients.get(client_id)
    known = client.client_secret.get_secret_value() if client and client.client_secret else ""
    return client if hmac.compare_digest(known.encode(), secret.encode()) and known else None


def _check_name(client: Client, form: Mapping[str, str]) -> None:
    if form.get("client_id", client.client_id) != client.client_id:
        raise invalid_client("two clients are named")


def _from_header(authorization: str) -> list[tuple[str, str]]:
    """Return the possible pairs of client id and secret of a Basic header.

    The RFC percent-encodes both and many libraries do not, so both readings are returned.
    """
    scheme, _, credentials = authorization.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        colon = client_id = secret = ""
    if scheme.lower() != "basic" or not colon:
        raise invalid_client("the Authorization header is not Basic")
    return [(unquote_plus(client_id), unquote_plus(secret)), (client_id, secret)]


async def _by_assertion(session: AsyncSession, resources: Resources, form: Mapping[str, str]) -> Client:
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise invalid_client("client_assertion_type is unknown")
    try:
        client = _named_client(resources, form["client_assertion"])
        claims = _verified(resources, client, form["client_assertion"])
    except UNREADABLE as error:
        raise invalid_client("the client assertion does not hold") from error
    _check_name(client, form)
    expires_at = datetime.fromtimestamp(claims["exp"] + LEEWAY_SECONDS, UTC)
    row = insert(Assertion).values(client_id=client.client_id, jti=claims["jti"], expires_at=expires_at)
    if await session.scalar(row.on_conflict_do_nothing().returning(col(Assertion.jti))) is None:
        raise invalid_client("the client assertion has been used")
    return client


def _named_client(resources: Resources, assertion: str) -> Client:
    """Return the client that an assertion names; its signature has not been verified yet."""
    claims = json.loads(jws.extract_compact(assertion.encode()).payload)
    client = resources.clients.get(str(claims.get("iss"))) if isinstance(claims, dict) else None
    if client is None or client.jwks is None:
        raise ValueError("no client with keys")
    return client


def _verified(resources: Resources, client: Client, assertion: str) -> dict[str, Any]:
    claims = jwt.decode(assertion, client.keys, algorithms=ASSERTION_ALGORITHMS).claims
    issuer = resources.settings.issuer
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": client.client_id},
        sub={"essential": True, "value": client.client_id},
        aud={"essential": True, "values": [issuer, f"{issuer}/token"]},
        exp={"essential": True},
        jti={"essential": True},
    )
    registry.validate(claims)
    if claims["exp"] - utc_now().timestamp() > MAX_LIFE_SECONDS:
        raise ValueError("the assertion lives too long")
    if (
        not isinstance(claims["jti"], str)
        or not can_be_kept(claims["jti"])
        or len(claims["jti"]) > MAX_ID_LENGTH
    ):
        raise ValueError("jti cannot be kept")
    return claims
