"""Only callers with the right token get in, and the answer says what is missing."""

import re
import time

import pytest
from joserfc.jwk import OKPKey

from shared.crypto.sealing import public_key_of
from shared.kafka.connection import KafkaConnection
from tests.eventually import eventually
from tests.infra.issuer import Issuer
from tests.service.tracker.api_client import ApiClient, running_api
from tests.service.tracker.builders import NO_KAFKA, TRACKER_KEY, make_settings

ROUTES = [
    ("GET", "/api/v1/requests", "requests:read"),
    ("POST", "/api/v1/requests/search", "requests:read"),
    ("GET", "/api/v1/requests/482913057", "requests:read"),
    ("POST", "/api/v1/requests/482913057/take", "requests:write"),
    ("GET", "/api/v1/reads", "requests:audit"),
    ("POST", "/api/v1/status", "requests:status"),
    ("POST", "/api/v1/status/address", "requests:status"),
    ("GET", "/api/v1/status", "requests:status"),
    ("GET", "/api/v1/status/00000000-0000-0000-0000-000000000001", "requests:status"),
    ("GET", "/api/v1/dead-letters", "operate"),
    ("POST", "/api/v1/dead-letters/1/redrive", "operate"),
]


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
async def test_each_route_asks_for_its_scope(api: ApiClient, method: str, path: str, scope: str) -> None:
    without = await api.client.request(method, path)
    assert (without.status_code, without.headers["WWW-Authenticate"]) == (401, f'Bearer scope="{scope}"')
    assert without.headers["Content-Type"] == "application/problem+json"
    others = {each for _, _, each in ROUTES} - {scope}
    wrong = await api.client.request(method, path, headers=api.headers(*others))
    assert (wrong.status_code, wrong.json()["scope"]) == (403, scope)


async def test_a_token_that_does_not_hold_is_refused(api: ApiClient) -> None:
    past, issuer = int(time.time()) - 3_600, api.issuer
    bad = [
        issuer.token("requests:read", exp=past),
        issuer.token("requests:read", aud=["notifier"]),
        issuer.token("requests:read", iss="https://elsewhere.example"),
        issuer.token("requests:read", typ="JWT"),
        issuer.token("requests:read", key=OKPKey.generate_key("Ed25519", {"kid": "1"})),
        "nonsense",
    ]
    for token in bad:
        answer = await api.client.get("/api/v1/requests", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert "invalid_token" in answer.headers["WWW-Authenticate"]
    good = await api.client.get(
        "/api/v1/requests", headers={"Authorization": f"Bearer {issuer.token('requests:read')}"}
    )
    assert good.status_code == 200


async def test_health_and_the_sealing_key_are_open(api: ApiClient) -> None:
    assert (await api.client.get("/healthz")).status_code == 200

    async def ready() -> bool:
        return bool((await api.client.get("/readyz")).json() == {"database": "ok", "kafka": "ok"})

    await eventually(ready)
    assert (await api.client.get("/.well-known/sealing-key")).json() == {
        "public_key": public_key_of(TRACKER_KEY)
    }


async def test_the_console_and_the_api_stay_ready_while_kafka_is_away(
    tracker_database: str, issuer: Issuer
) -> None:
    async with running_api(
        make_settings(tracker_database, NO_KAFKA, oidc_issuer=issuer.address), issuer
    ) as api:
        answer = await api.client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"database": "ok", "kafka": "away"})
        listed = await api.client.get("/api/v1/requests", headers=api.headers("requests:read"))
        assert listed.status_code == 200


async def test_without_its_database_tracker_is_not_ready(kafka: KafkaConnection, issuer: Issuer) -> None:
    async with running_api(make_settings(kafka=kafka, oidc_issuer=issuer.address), issuer) as api:
        answer = await api.client.get("/readyz")
        assert (answer.status_code, answer.json()["database"]) == (503, "away")


async def test_the_pages_of_the_api_load_nothing_from_elsewhere(api: ApiClient) -> None:
    page = await api.client.get("/docs")
    assert page.status_code == 200
    assert re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page.text) == []
