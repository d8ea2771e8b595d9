"""Identification: to the provider and back to the form, and a clear way on from everything that goes wrong."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OKPKey

from shared.kafka.connection import KafkaConnection
from tests.infra.serving import free_socket, serving
from tests.service.intake.provider import Provider
from tests.service.intake.running import Running, make_settings, running_intake

FORM = "/fi/pyynto/tilaa-palkkatodistus"
START = "/fi/tunnistaudu/tilaa-palkkatodistus"


@dataclass(frozen=True)
class Meeting:
    """An intake and its provider."""

    intake: Running
    provider: Provider

    async def come_back(self, start: str = START) -> httpx.Response:
        """Walk to the provider and back; gives where the callback leads."""
        away = await self.intake.client.get(start)
        assert away.status_code == 302
        async with httpx.AsyncClient() as outside:
            back = await outside.get(away.headers["location"])
        place = urlsplit(back.headers["location"])
        return await self.intake.client.get(f"{place.path}?{place.query}")


@pytest.fixture
async def meeting(kafka: KafkaConnection, intake_database: str) -> AsyncIterator[Meeting]:
    """Give an intake and a provider that know each other."""
    place, issuer = free_socket()
    provider = Provider(issuer)
    async with serving(provider.app(), place), running_intake(make_settings(kafka, intake_database, oidc_issuer=issuer)) as intake:
        yield Meeting(intake, provider)


async def test_whoever_identifies_comes_to_the_form_with_name_and_code_filled_in(meeting: Meeting) -> None:
    answer = await meeting.come_back()
    assert (answer.status_code, answer.headers["location"]) == (303, FORM)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Anna" not in cookie
    page = (await meeting.intake.client.get(FORM)).text
    assert "<dd>Anna</dd>" in page
    assert "081181-••••" in page


async def test_the_provider_is_asked_in_the_pages_language_with_a_code_challenge(meeting: Meeting) -> None:
    away = await meeting.intake.client.get("/sv/tunnistaudu/tilaa-palkkatodistus")
    asked = {name: value for name, (value,) in parse_qs(urlsplit(away.headers["location"]).query).items()}
    assert asked["ui_locales"] == "sv"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://intake.test/auth/callback"
    assert {"openid", "profile"} == set(asked["scope"].split())


@pytest.mark.parametrize(
    ("error", "problem", "title"), [("access_denied", "keskeytyi", "keskeytyi"), ("server_error", "epaonnistui", "ei onnistunut")]
)
async def test_an_identification_that_ends_early_says_so_and_offers_another_try(meeting: Meeting, error: str, problem: str, title: str) -> None:
    meeting.provider.error = error
    answer = await meeting.come_back()
    assert answer.headers["location"] == f"{START}/{problem}"
    page = (await meeting.intake.client.get(answer.headers["location"])).text
    assert f"<h1>Tunnistautuminen {title}</h1>" in page
    assert f'href="{START}"' in page


@pytest.mark.parametrize("claims", [{"nonce": "other"}, {"aud": "other"}, {"iss": "http://other"}, {"exp": 1}, {"urn:oid:1.2.246.21": None}])
async def test_a_token_that_does_not_hold_identifies_nobody(meeting: Meeting, claims: dict[str, object]) -> None:
    meeting.provider.claims = claims
    answer = await meeting.come_back()
    assert answer.headers["location"] == f"{START}/epaonnistui"
    assert (await meeting.intake.client.get(FORM)).status_code == 303


async def test_a_token_signed_by_somebody_else_identifies_nobody(meeting: Meeting) -> None:
    await meeting.intake.app.state.identity_client.fetch_jwk_set()
    meeting.provider.key = OKPKey.generate_key("Ed25519", {"kid": "1", "alg": "Ed25519"})
    assert (await meeting.come_back()).headers["location"] == f"{START}/epaonnistui"


async def test_an_answer_that_nobody_asked_for_identifies_nobody(meeting: Meeting) -> None:
    answer = await meeting.intake.client.get("/auth/callback?code=once&state=made-up.fi.tilaa-palkkatodistus")
    assert answer.headers["location"] == f"{START}/epaonnistui"
    nowhere = await meeting.intake.client.get("/auth/callback?code=once&state=../evil")
    assert nowhere.headers["location"] == "/fi/"


async def test_with_the_provider_away_the_page_says_so(kafka: KafkaConnection, intake_database: str) -> None:
    async with running_intake(make_settings(kafka, intake_database)) as intake:
        answer = await intake.client.get(START)
        assert answer.headers["location"] == f"{START}/poissa"
        page = await intake.client.get(answer.headers["location"])
    assert page.status_code == 503
    assert "Tunnistautuminen ei toimi juuri nyt" in page.text


async def test_only_services_that_ask_for_it_lead_to_a_bank(meeting: Meeting) -> None:
    assert (await meeting.intake.client.get("/fi/tunnistaudu/pyyda-laskukopio")).status_code == 404
