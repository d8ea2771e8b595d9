"""Clients authenticate at the token endpoint by secret or by key, and get tokens of their own."""

import base64
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.auth.authorize import TokenVerifier, Unauthorized
from tests.service.identity.conftest import SYSTEM_KEY, Running
from tests.service.identity.http_browser import HttpBrowser

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def assertion(issuer: str, key: OKPKey = SYSTEM_KEY, **changed: Any) -> dict[str, str]:  # noqa: ANN401  claims
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": "system",
        "sub": "system",
        "aud": f"{issuer}/token",
        "exp": now + 60,
        "iat": now,
        "jti": secrets.token_hex(8),
        **changed,
    }
    signed = jwt.encode(
        {"alg": "Ed25519"},
        {name: value for name, value in claims.items() if value is not None},
        key,
        algorithms=["Ed25519"],
    )
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed,
    }


async def test_secrets_are_taken_from_header_or_form_but_not_both(identity: Running) -> None:
    form = {"grant_type": "client_credentials", "scope": "requests:status"}
    named = {**form, "client_id": "intake", "client_secret": "intake-secret"}
    async with HttpBrowser(identity) as browser:
        assert (
            await browser.http.post("/token", data=form, auth=("intake", "intake-secret"))
        ).status_code == 200
        assert (await browser.http.post("/token", data=named)).status_code == 200
        for refused in (
            await browser.http.post("/token", data=named, auth=("intake", "intake-secret")),
            await browser.http.post("/token", data=form, auth=("intake", "wrong")),
            await browser.http.post("/token", data=form, auth=("system", "")),
            await browser.http.post(
                "/token", data={**form, "client_id": "console"}, auth=("intake", "intake-secret")
            ),
            await browser.http.post("/token", data={**named, "client_id": "nobody"}),
            await browser.http.post("/token", data=form, headers={"Authorization": "Basic ???"}),
            await browser.http.post(
                "/token", data=form, headers={b"Authorization": "Basic ä".encode("latin-1")}
            ),
            await browser.http.post("/token", data=form, headers={"Authorization": "Bearer x"}),
            await browser.http.post("/token", data=form),
        ):
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
            assert refused.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("secret", ["console:secret%/+", quote_plus("console:secret%/+")])
async def test_a_secret_in_the_header_may_be_percent_encoded_or_not(identity: Running, secret: str) -> None:
    async with HttpBrowser(identity) as browser:
        answer = await browser.http.post(
            "/token", data={"grant_type": "client_credentials"}, auth=("console", secret)
        )
        assert answer.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "requests:status operate"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "openid"}, "invalid_scope"),
        ({"grant_type": "authorization_code"}, "invalid_grant"),
    ],
)
async def test_the_token_endpoint_names_the_error(
    identity: Running, form: dict[str, str], error: str
) -> None:
    async with HttpBrowser(identity) as browser:
        answer = await browser.http.post("/token", data=form, auth=("intake", "intake-secret"))
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert answer.headers["Cache-Control"] == "no-store"
    async with httpx.AsyncClient(base_url=identity.issuer) as http:
        twice = await http.post(
            "/token", content=b"grant_type=client_credentials&grant_type=x", auth=("intake", "intake-secret")
        )
        assert twice.json()["error"] == "invalid_request"


async def test_a_system_proves_itself_by_its_key_and_its_token_is_verified(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        answer = await browser.http.post(
            "/token", data={**assertion(identity.issuer), "scope": "requests:read"}
        )
        token = answer.json()["access_token"]
        caller = await TokenVerifier(identity.issuer, "tracker").verify(token)
        assert (caller.subject, caller.client_id, caller.scopes) == (
            "system",
            "system",
            frozenset({"requests:read"}),
        )
        with pytest.raises(Unauthorized):
            await TokenVerifier(identity.issuer, "notifier").verify(token)
        everything = await browser.http.post("/token", data=assertion(identity.issuer))
        assert everything.json()["scope"] == "operate requests:read"
        assert (
            await TokenVerifier(identity.issuer, "notifier").verify(everything.json()["access_token"])
        ).scopes == {"operate", "requests:read"}


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://another.example/token"},
        {"iss": "intake", "sub": "intake"},
        {"sub": "intake"},
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"exp": None},
        {"jti": None},
        {"jti": 7},
        {"jti": "NUL \x00"},
        {"jti": "x" * 1_000},
        {"key": OKPKey.generate_key("Ed25519")},
    ],
)
async def test_an_assertion_that_does_not_hold_is_refused(identity: Running, changed: dict[str, Any]) -> None:
    async with HttpBrowser(identity) as browser:
        refused = await browser.http.post("/token", data=assertion(identity.issuer, **changed))
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_is_good_once_and_noise_is_none(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        form = assertion(identity.issuer)
        assert (await browser.http.post("/token", data=form)).status_code == 200
        assert (await browser.http.post("/token", data=form)).status_code == 401
        for noise in ("", "x", "x.y.z", "e30.e30.", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJzeXN0ZW0ifQ."):
            refused = await browser.http.post("/token", data={**form, "client_assertion": noise})
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def _unsigned(header: bytes, payload: bytes) -> str:
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, payload, b"x" * 64)
    )


HEADER, CLAIMS = b'{"alg":"Ed25519"}', b'{"iss":"system","sub":"system"}'
DEEP = b"[" * 20_000 + b"]" * 20_000
ODD_PAYLOADS = (
    b"[]",
    b'["iss"]',
    b'"iss"',
    b"7",
    b"null",
    b"true",
    DEEP,
    b"7" * 5_000,
    b'{"iss":{}}',
    b"\xff",
    b"NaN",
)
ODD_HEADERS = (
    *(b"[]", b"null", b'"alg"', b"\xff", DEEP, b'{"alg":["Ed25519"]}', b'{"alg":{}}', b'{"alg":"\\u0000"}'),
    *(
        b'{"alg":"Ed25519","crit":1}',
        b'{"alg":"Ed25519","crit":[1]}',
        b'{"alg":"Ed25519","kid":[]}',
        b'{"alg":"Ed25519","b64":false,"crit":["b64"]}',
    ),
)


@pytest.mark.parametrize(
    "token",
    [
        *(_unsigned(HEADER, payload) for payload in ODD_PAYLOADS),
        *(_unsigned(header, CLAIMS) for header in ODD_HEADERS),
    ],
)
async def test_what_is_no_token_at_all_is_refused_wherever_a_token_is_read(
    identity: Running, token: str
) -> None:
    async with HttpBrowser(identity) as browser:
        form = assertion(identity.issuer) | {"client_assertion": token}
        refused = await browser.http.post("/token", data=form)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        if len(token) < 8_000:  # a server takes no longer headers
            asked = await browser.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
            assert asked.status_code == 401
        with pytest.raises(Unauthorized):
            await TokenVerifier(identity.issuer, "tracker").verify(token)
