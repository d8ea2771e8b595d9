"""Serves the provider metadata of OpenID Connect and the public keys that verify our tokens."""

from typing import Any

from fastapi import APIRouter, Response

from services.identity.citizen.claims import CITIZEN_ACR
from services.identity.login.client_authentication import ASSERTION_ALGORITHMS
from services.identity.oidc.tokens import AUDIENCES
from services.identity.resources import Using
from services.identity.staff.account_epochs import PATH
from services.identity.staff.log_in import STAFF_ACR
from shared.auth.personal_identity_code import CLAIM as PERSONAL_IDENTITY_CODE
from shared.events.vocabulary import LANGUAGES

CACHE_CONTROL = "public, max-age=300"
TOKEN_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr")
PERSON_CLAIMS = (
    "name",
    "given_name",
    "family_name",
    "locale",
    PERSONAL_IDENTITY_CODE,
    "bank",
    "preferred_username",
    "roles",
    "epoch",
)

routes = APIRouter(tags=["openid connect"])


@routes.get("/.well-known/openid-configuration", summary="Describe this issuer")
async def discovery(resources: Using, response: Response) -> dict[str, Any]:
    """Return the provider metadata (OpenID Connect Discovery 3)."""
    response.headers["Cache-Control"] = CACHE_CONTROL
    issuer = resources.settings.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "staff_accounts_endpoint": f"{issuer}{PATH}",
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": ["openid", "profile", *AUDIENCES],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": resources.keys.id_token_algorithms,
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [CITIZEN_ACR, STAFF_ACR],
        "claims_supported": [*TOKEN_CLAIMS, *PERSON_CLAIMS],
        "ui_locales_supported": list(LANGUAGES),
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


@routes.get("/jwks", summary="Return the public signing keys")
async def jwks(resources: Using, response: Response) -> dict[str, Any]:
    """Return the set of public keys (RFC 7517)."""
    response.headers["Cache-Control"] = CACHE_CONTROL
    return resources.keys.public_jwks
