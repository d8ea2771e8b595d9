"""The OpenID Connect provider: what a client can rely on, and what nobody can get out of it."""

import asyncio
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from services.identity.keys import digest
from services.identity.models import Grant
from shared.auth.authorize import TokenVerifier, Unauthorized
from shared.database.engine import connect
from tests.eventually import eventually
from tests.infra.embedded import free_ports
from tests.service.identity.conftest import CALLBACK, Running, serving, settings_for
from tests.service.identity.http_browser import HttpBrowser, query_parameters


async def test_discovery_leads_to_everything(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        metadata = (await browser.http.get("/.well-known/openid-configuration")).json()
        assert metadata["issuer"] == identity.issuer
        assert all(
            metadata[name].startswith(f"{identity.issuer}/")
            for name in metadata
            if name.endswith(("_endpoint", "_uri"))
        )
        keys = (await browser.http.get(metadata["jwks_uri"])).json()["keys"]
        assert [(key["kty"], key["alg"], key["use"]) for key in keys] == [
            ("OKP", "Ed25519", "sig"),
            ("RSA", "RS256", "sig"),
        ]
        assert not any({"d", "p", "q"} & key.keys() for key in keys)
        assert len({key["kid"] for key in keys}) == 2
        assert metadata["id_token_signing_alg_values_supported"] == ["RS256", "Ed25519"]


@pytest.mark.parametrize("wanted", ["RS256", "Ed25519", "no key"])
async def test_an_id_token_is_signed_as_the_client_wants_it(identity_database: str, wanted: str) -> None:
    (port,) = free_ports(1)
    settings = settings_for(f"http://127.0.0.1:{port}", identity_database)
    clients = tuple(
        client.model_copy(update={"id_token_signed_response_alg": wanted}) for client in settings.clients
    )
    settings = settings.model_copy(
        update={"id_token_key": None} if wanted == "no key" else {"clients": clients}
    )
    async with serving(settings) as identity, HttpBrowser(identity) as browser:
        token = (await browser.fetch(await browser.code())).json()["id_token"]
        assert jwt.get_unverified_header(token)["alg"] == ("RS256" if wanted == "RS256" else "Ed25519")
        assert (await browser.claims(token))["given_name"] == "Anna"


async def test_another_library_reads_an_id_token_by_the_published_keys(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        token = (await browser.fetch(await browser.code())).json()["id_token"]
        keys = jwt.PyJWKSet.from_dict((await browser.http.get("/jwks")).json())
        key = next(key for key in keys.keys if key.key_id == jwt.get_unverified_header(token)["kid"])
        claims = jwt.decode(token, key, algorithms=["RS256"], audience="intake", issuer=identity.issuer)
        assert claims["urn:oid:1.2.246.21"] == "081181-9984"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"nonce": "a\x00b"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"request_uri": "https://a.fi/"}, "request_uri_not_supported"),
    ],
)
async def test_the_client_is_told_what_was_wrong(
    identity: Running, changed: dict[str, str | None], error: str
) -> None:
    async with HttpBrowser(identity) as browser:
        told = (await browser.authorize(**changed)).headers["Location"]
        assert told.startswith(f"{CALLBACK}?")
        assert query_parameters(told)["error"] == error
        assert (query_parameters(told)["state"], query_parameters(told)["iss"]) == (
            "the-state",
            identity.issuer,
        )


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
        {"redirect_uri": "http://127.0.0.1:40009/console/callback?from=identity"},
        {"client_id": "system", "redirect_uri": "https://evil.example/"},
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(
    identity: Running, changed: dict[str, str | None]
) -> None:
    async with HttpBrowser(identity) as browser:
        for page in (
            await browser.authorize(**changed),
            await browser.http.post("/authorize", data=browser.asked(**changed)),
        ):
            assert page.status_code == 400
            assert "Location" not in page.headers
            assert "evil" not in page.text
        twice = await browser.http.get(
            "/authorize", params=[*browser.asked().items(), ("redirect_uri", "https://evil.example/")]
        )
        assert twice.status_code == 400


async def test_authorize_takes_a_form_too(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        assert "A01Y_STAMP" in (await browser.http.post("/authorize", data=browser.asked())).text


async def test_a_code_is_good_once_and_a_second_use_revokes(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        code = await browser.code()
        bearer = {"Authorization": f"Bearer {(await browser.fetch(code)).json()['access_token']}"}
        assert (await browser.http.get("/userinfo", headers=bearer)).status_code == 200
        again = await browser.fetch(code)
        assert (again.status_code, again.json()["error"], again.headers["Cache-Control"]) == (
            400,
            "invalid_grant",
            "no-store",
        )
        revoked = await browser.http.get("/userinfo", headers=bearer)
        assert (revoked.status_code, revoked.json()["error"]) == (401, "invalid_token")


async def test_a_code_redeemed_many_times_at_once_is_good_once(identity_database: str) -> None:
    waiting = (
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = "
        "'Lock'"
    )
    watcher, (port,) = await connect(identity_database), free_ports(1)

    async def all_wait() -> bool:
        return bool(await watcher.fetchval(waiting) == 3)

    settings = settings_for(f"http://127.0.0.1:{port}", identity_database).model_copy(
        update={"database_connections": 4}
    )
    async with serving(settings) as running, HttpBrowser(running) as browser:
        code = await browser.code()
        async with running.sessions() as session, session.begin():
            await session.scalar(
                select(Grant).where(col(Grant.code_digest) == digest(code)).with_for_update()
            )
            fetching = [asyncio.create_task(browser.fetch(code)) for _ in range(3)]
            await eventually(all_wait)
        assert sorted([(await answer).status_code for answer in fetching]) == [200, 400, 400]
    await watcher.close()


async def test_a_code_lasts_a_minute(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        code = await browser.code()
        async with identity.sessions() as session, session.begin():
            expired = (
                update(Grant)
                .where(col(Grant.code_digest) == digest(code))
                .values(code_expires_at=datetime.now(UTC))
            )
            grant = await session.scalar(expired.returning(Grant))
            assert grant is not None
            assert grant.expires_at - datetime.now(UTC) < timedelta(minutes=6)
            assert b"9984" not in grant.claims_sealed
        assert (await browser.fetch(code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "x" * 43},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:40009/"},
        {"redirect_uri": ""},
        {"code": "made-up"},
    ],
)
async def test_a_code_is_bound_to_verifier_and_address(identity: Running, changed: dict[str, str]) -> None:
    async with HttpBrowser(identity) as browser:
        answer = await browser.fetch(**{"code": await browser.code(), **changed})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_code_is_bound_to_its_client(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        code = await browser.code()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": browser.verifier,
        }
        secret = {"client_id": "console", "client_secret": "console:secret%/+"}
        assert (await browser.http.post("/token", data={**form, **secret})).json()["error"] == "invalid_grant"
        assert (await browser.fetch(code)).status_code == 200


async def test_a_citizens_token_opens_no_other_service(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        tokens = (await browser.fetch(await browser.code(scope="openid profile requests:status"))).json()
        assert tokens["scope"] == "openid profile"
        for token in (tokens["access_token"], tokens["id_token"]):
            with pytest.raises(Unauthorized):
                await TokenVerifier(identity.issuer, "tracker").verify(token)


async def test_health_and_readiness_are_answered(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        assert (await browser.http.get("/healthz")).status_code == 200
        assert (await browser.http.get("/readyz")).json() == {"database": "ok"}


@pytest.mark.parametrize("name", ["state", "nonce"])
async def test_a_client_may_keep_much_in_a_parameter_but_not_all(identity: Running, name: str) -> None:
    longest = {"state": 2_000, "nonce": 1_000}[name]
    async with HttpBrowser(identity) as browser:
        assert (await browser.authorize(**{name: "x" * longest})).status_code == 200
        told = (await browser.authorize(**{name: "x" * (longest + 1)})).headers["Location"]
        assert query_parameters(told)["error"] == "invalid_request"
