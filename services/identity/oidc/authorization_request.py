"""Validates the parameters of `/authorize`, and decides where its errors go.

OpenID Connect Core 3.1.2, RFC 7636.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.identity.login.parameters import RepeatedParameter, read_parameters
from services.identity.pages import DEFAULT_LANGUAGE
from services.identity.settings import Client
from shared.web.languages import first_of_ours

MAX_LENGTHS = {"state": 2_000, "nonce": 1_000, "scope": 1_000}
"""Limits in characters. `state` is the longest: clients keep there what they need after the redirect."""
CHALLENGE = re.compile("[A-Za-z0-9_-]{43}")


class UnknownClient(Exception):
    """The client or its redirect_uri is unknown: the error is shown on our own page, without a redirect."""


class AuthorizationRefused(Exception):
    """An error that is reported to the client, by a redirect to its registered address."""

    def __init__(self, redirect_uri: str, state: str | None, code: str, description: str) -> None:
        super().__init__(code)
        self.redirect_uri, self.state, self.code, self.description = redirect_uri, state, code, description


@dataclass(frozen=True)
class AuthorizationRequest:
    """A valid request: client and redirect_uri are registered, and it has a PKCE challenge by S256."""

    client: Client
    redirect_uri: str
    scope: str
    state: str | None
    nonce: str | None
    code_challenge: str
    language: str


def read_authorization_request(raw: bytes, clients: Mapping[str, Client]) -> AuthorizationRequest:
    """Validate a query string or form body; raises `UnknownClient` or `AuthorizationRefused`."""
    try:
        given = read_parameters(raw)
    except RepeatedParameter:
        raise UnknownClient from None
    client, redirect_uri, state = (
        clients.get(given.get("client_id", "")),
        given.get("redirect_uri", ""),
        given.get("state"),
    )
    if client is None or redirect_uri not in client.redirect_uris:
        raise UnknownClient
    error = _find_error(given, client)
    if error:
        raise AuthorizationRefused(redirect_uri, state, *error)
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        scope=" ".join(sorted(set(given["scope"].split()) & _allowed_scopes(client))),
        state=state,
        nonce=given.get("nonce"),
        code_challenge=given["code_challenge"],
        language=first_of_ours(given.get("ui_locales", ""), DEFAULT_LANGUAGE),
    )


def _find_error(given: Mapping[str, str], client: Client) -> tuple[str, str] | None:
    rules = (
        (
            "authorization_code" not in client.grants,
            "unauthorized_client",
            "the client may not use this flow",
        ),
        ("request" in given, "request_not_supported", "request objects are not supported"),
        ("request_uri" in given, "request_uri_not_supported", "request objects are not supported"),
        ("response_type" not in given, "invalid_request", "response_type is missing"),
        (given.get("response_type") != "code", "unsupported_response_type", "response_type must be code"),
        (given.get("response_mode", "query") != "query", "invalid_request", "response_mode must be query"),
        (
            given.get("code_challenge_method") != "S256",
            "invalid_request",
            "code_challenge_method must be S256",
        ),
        (
            not CHALLENGE.fullmatch(given.get("code_challenge", "")),
            "invalid_request",
            "code_challenge must be 43 characters of base64url",
        ),
        ("openid" not in given.get("scope", "").split(), "invalid_scope", "scope must include openid"),
        (
            any(len(given.get(name, "")) > longest for name, longest in MAX_LENGTHS.items()),
            "invalid_request",
            "a parameter is too long",
        ),
        (
            any(not value.isprintable() for value in given.values()),
            "invalid_request",
            "a parameter holds a control character",
        ),
        ("none" in given.get("prompt", "").split(), "login_required", "every login needs the person"),
    )
    return next(((code, description) for broken, code, description in rules if broken), None)


def _allowed_scopes(client: Client) -> frozenset[str]:
    """A citizen's token is good for `/userinfo` only; a token of staff can have the scopes of its client."""
    return frozenset({"openid", "profile"}) | (client.scopes if client.login == "staff" else frozenset())
