"""Makes access tokens and ID tokens: signed, short-lived JWTs. No access token says who a citizen is."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from services.identity.keys import Keys
from services.identity.login.grants import ACCESS_TOKEN_LASTS
from services.identity.models import Grant, utc_now

ID_TOKEN_LASTS = timedelta(minutes=5)
AUDIENCES = {
    "requests:read": ("tracker",),
    "requests:write": ("tracker",),
    "requests:status": ("tracker",),
    "requests:personal-code": ("tracker",),
    "requests:audit": ("tracker",),
    "operate": ("intake", "tracker", "notifier"),
}
"""Scope → the services that accept a token with it."""


def audiences(scopes: Iterable[str], issuer: str) -> list[str]:
    """Return the `aud` of a token with these scopes: services, and the issuer for `openid`."""
    named = {audience for scope in scopes for audience in AUDIENCES.get(scope, ())}
    return sorted(named | ({issuer} if "openid" in scopes else set()))


def make_access_token(
    keys: Keys, issuer: str, *, client_id: str, subject: str, scope: str, token_id: str = ""
) -> str:
    """Return a signed access token (RFC 9068); without a `token_id` its `jti` is random."""
    now = utc_now()
    claims = {
        "iss": issuer,
        "sub": subject,
        "client_id": client_id,
        "aud": audiences(scope.split(), issuer),
        "scope": scope,
        "iat": int(now.timestamp()),
        "exp": int((now + ACCESS_TOKEN_LASTS).timestamp()),
        "jti": token_id or str(uuid4()),
    }
    return keys.sign(claims, "at+jwt")


def make_id_token(keys: Keys, issuer: str, grant: Grant, person: dict[str, Any], algorithm: str) -> str:
    """Return a signed ID token about the person of a grant; `algorithm` is the one its client registered."""
    now = utc_now()
    claims = {
        **person,
        "iss": issuer,
        "aud": grant.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + ID_TOKEN_LASTS).timestamp()),
        **({"nonce": grant.nonce} if grant.nonce is not None else {}),
    }
    return keys.sign(claims, "JWT", algorithm)
