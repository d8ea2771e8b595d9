"""The OpenID Connect provider: what a client can rely on, and what nobody can get out of it."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy import update

from services.identity.keys import digest
from services.identity.models import Grant
from shared.authorize import TokenVerifier, Unauthorized
from tests.service.identity.conftest import CALLBACK, SYSTEM_KEY, Running
from tests.service.identity.walk import Walker, parameters

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def assertion(issuer: str, key: OKPKey = SYSTEM_KEY, **changed: Any) -> dict[str, str]:  # noqa: ANN401  claims
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": "system", "sub": "system", "aud": f"{issuer}/token", "exp": now + 60, "iat": now, "jti": secrets.token_hex(8), **changed}
    signed = jwt.encode({"alg": "Ed25519"}, {name: value for name, value in claims.items() if value is not None}, key, algorithms=["Ed25519"])
    return {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


async def test_discovery_leads_to_everything(identity: Running) -> None:
    async with Walker(identity) as browser:
        metadata = (await browser.http.get("/.well-known/openid-configuration")).json()
        assert metadata["issuer"] == identity.issuer
        assert all(metadata[name].startswith(f"{identity.issuer}/") for name in metadata if name.endswith(("_endpoint", "_uri")))
        (key,) = (await browser.http.get(metadata["jwks_uri"])).json()["keys"]
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "Ed25519", "sig")
        assert "d" not in key


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"request_uri": "https://a.fi/"}, "request_uri_not_supported"),
    ],
)
async def test_the_client_is_told_what_was_wrong(identity: Running, changed: dict[str, str | None], error: str) -> None:
    async with Walker(identity) as browser:
        told = (await browser.authorize(**changed)).headers["Location"]
        assert told.startswith(f"{CALLBACK}?")
        assert parameters(told)["error"] == error
        assert (parameters(told)["state"], parameters(told)["iss"]) == ("the-state", identity.issuer)


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?x=1"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "http://127.0.0.1:9/console/callback?from=identity"},
        {"client_id": "system", "redirect_uri": "https://evil.example/"},
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(identity: Running, changed: dict[str, str | None]) -> None:
    async with Walker(identity) as browser:
        for page in (await browser.authorize(**changed), await browser.http.post("/authorize", data=browser.asked(**changed))):
            assert page.status_code == 400
            assert "Location" not in page.headers
            assert "evil" not in page.text
        twice = await browser.http.get("/authorize", params=[*browser.asked().items(), ("redirect_uri", "https://evil.example/")])
        assert twice.status_code == 400


async def test_authorize_takes_a_form_too(identity: Running) -> None:
    async with Walker(identity) as browser:
        assert "A01Y_STAMP" in (await browser.http.post("/authorize", data=browser.asked())).text


async def test_a_code_is_good_once_and_a_second_use_revokes(identity: Running) -> None:
    async with Walker(identity) as browser:
        code = await browser.code()
        bearer = {"Authorization": f"Bearer {(await browser.fetch(code)).json()['access_token']}"}
        assert (await browser.http.get("/userinfo", headers=bearer)).status_code == 200
        again = await browser.fetch(code)
        assert (again.status_code, again.json()["error"], again.headers["Cache-Control"]) == (400, "invalid_grant", "no-store")
        revoked = await browser.http.get("/userinfo", headers=bearer)
        assert (revoked.status_code, revoked.json()["error"]) == (401, "invalid_token")


async def test_a_code_redeemed_many_times_at_once_is_good_once(identity: Running) -> None:
    async with Walker(identity) as browser:
        code = await browser.code()
        answers = await asyncio.gather(*(browser.fetch(code) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200, *[400] * 5]


async def test_a_code_lasts_a_minute(identity: Running) -> None:
    async with Walker(identity) as browser:
        code = await browser.code()
        async with identity.sessions() as session, session.begin():
            expired = update(Grant).where(Grant.code_digest == digest(code)).values(code_expires_at=datetime.now(UTC))
            grant = await session.scalar(expired.returning(Grant))
            assert grant is not None
            assert grant.expires_at - datetime.now(UTC) < timedelta(minutes=6)
            assert b"9984" not in grant.claims_sealed
        assert (await browser.fetch(code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "x" * 43}, {"code_verifier": ""}, {"redirect_uri": "http://127.0.0.1:9/"}, {"redirect_uri": ""}, {"code": "made-up"}],
)
async def test_a_code_is_bound_to_verifier_and_address(identity: Running, changed: dict[str, str]) -> None:
    async with Walker(identity) as browser:
        answer = await browser.fetch(**{"code": await browser.code(), **changed})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_code_is_bound_to_its_client(identity: Running) -> None:
    async with Walker(identity) as browser:
        code = await browser.code()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": browser.verifier}
        secret = {"client_id": "console", "client_secret": "console:secret%/+"}
        assert (await browser.http.post("/token", data={**form, **secret})).json()["error"] == "invalid_grant"
        assert (await browser.fetch(code)).status_code == 200


async def test_secrets_are_taken_from_header_or_form_but_not_both(identity: Running) -> None:
    form = {"grant_type": "client_credentials", "scope": "requests:status"}
    named = {**form, "client_id": "intake", "client_secret": "intake-secret"}
    async with Walker(identity) as browser:
        assert (await browser.http.post("/token", data=form, auth=("intake", "intake-secret"))).status_code == 200
        assert (await browser.http.post("/token", data=named)).status_code == 200
        for refused in (
            await browser.http.post("/token", data=named, auth=("intake", "intake-secret")),
            await browser.http.post("/token", data=form, auth=("intake", "wrong")),
            await browser.http.post("/token", data=form, auth=("system", "")),
            await browser.http.post("/token", data={**form, "client_id": "console"}, auth=("intake", "intake-secret")),
            await browser.http.post("/token", data={**named, "client_id": "nobody"}),
            await browser.http.post("/token", data=form, headers={"Authorization": "Basic ???"}),
            await browser.http.post("/token", data=form, headers={"Authorization": "Bearer x"}),
            await browser.http.post("/token", data=form),
        ):
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
            assert refused.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("secret", ["console:secret%/+", quote_plus("console:secret%/+")])
async def test_a_secret_in_the_header_may_be_percent_encoded_or_not(identity: Running, secret: str) -> None:
    async with Walker(identity) as browser:
        answer = await browser.http.post("/token", data={"grant_type": "client_credentials"}, auth=("console", secret))
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
async def test_the_token_endpoint_names_the_error(identity: Running, form: dict[str, str], error: str) -> None:
    async with Walker(identity) as browser:
        answer = await browser.http.post("/token", data=form, auth=("intake", "intake-secret"))
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert answer.headers["Cache-Control"] == "no-store"
    async with httpx.AsyncClient(base_url=identity.issuer) as http:
        twice = await http.post("/token", content=b"grant_type=client_credentials&grant_type=x", auth=("intake", "intake-secret"))
        assert twice.json()["error"] == "invalid_request"


async def test_a_system_proves_itself_by_its_key_and_its_token_is_verified(identity: Running) -> None:
    async with Walker(identity) as browser:
        answer = await browser.http.post("/token", data={**assertion(identity.issuer), "scope": "requests:read"})
        token = answer.json()["access_token"]
        caller = await TokenVerifier(identity.issuer, "tracker").verify(token)
        assert (caller.subject, caller.client_id, caller.scopes) == ("system", "system", frozenset({"requests:read"}))
        with pytest.raises(Unauthorized):
            await TokenVerifier(identity.issuer, "notifier").verify(token)
        everything = await browser.http.post("/token", data=assertion(identity.issuer))
        assert everything.json()["scope"] == "operate requests:read"
        assert (await TokenVerifier(identity.issuer, "notifier").verify(everything.json()["access_token"])).scopes == {"operate", "requests:read"}


async def test_a_citizens_token_opens_no_other_service(identity: Running) -> None:
    async with Walker(identity) as browser:
        tokens = (await browser.fetch(await browser.code(scope="openid profile requests:status"))).json()
        assert tokens["scope"] == "openid profile"
        for token in (tokens["access_token"], tokens["id_token"]):
            with pytest.raises(Unauthorized):
                await TokenVerifier(identity.issuer, "tracker").verify(token)


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
        {"key": OKPKey.generate_key("Ed25519")},
    ],
)
async def test_an_assertion_that_does_not_hold_is_refused(identity: Running, changed: dict[str, Any]) -> None:
    async with Walker(identity) as browser:
        refused = await browser.http.post("/token", data=assertion(identity.issuer, **changed))
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_is_good_once_and_noise_is_none(identity: Running) -> None:
    async with Walker(identity) as browser:
        form = assertion(identity.issuer)
        assert (await browser.http.post("/token", data=form)).status_code == 200
        assert (await browser.http.post("/token", data=form)).status_code == 401
        for noise in ("", "x", "x.y.z", "e30.e30.", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJzeXN0ZW0ifQ."):
            refused = await browser.http.post("/token", data={**form, "client_assertion": noise})
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


async def test_health_and_readiness_are_answered(identity: Running) -> None:
    async with Walker(identity) as browser:
        assert (await browser.http.get("/healthz")).status_code == 200
        assert (await browser.http.get("/readyz")).json() == {"database": "ok"}
