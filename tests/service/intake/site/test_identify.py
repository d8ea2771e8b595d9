"""Identification.

To the provider and back to the form, and a clear way on from everything that goes wrong.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import text
from structlog.testing import CapturingLogger

from services.identity.verify_tupas import NOT_IDENTIFIED
from services.intake.site import identify
from services.intake.site.identify import PROBLEMS, WHY_DENIED
from services.intake.submit.submission import Accepted, Submission
from shared.auth.ended_sessions import EndedSessions
from shared.auth.sign_in_attempts import LATEST_KEPT
from shared.database.engine import open_database
from shared.kafka.connection import KafkaConnection
from tests.infra.serving import free_socket, serving
from tests.service.intake.oidc_provider import OidcProvider
from tests.service.intake.running_intake import Running, make_settings, running_intake

FORM = "/fi/pyynto/tilaa-palkkatodistus"
START = "/fi/tunnistaudu/tilaa-palkkatodistus"


@dataclass(frozen=True)
class Meeting:
    """An intake and its provider."""

    intake: Running
    provider: OidcProvider

    async def walk(self, start: str = START) -> str:
        """Walk to the provider; return the address of ours to which it leads back."""
        away = await self.intake.client.get(start)
        assert away.status_code == 302
        async with httpx.AsyncClient() as outside:
            back = await outside.get(away.headers["location"])
        place = urlsplit(back.headers["location"])
        return f"{place.path}?{place.query}"

    async def come_back(self, start: str = START) -> httpx.Response:
        """Walk to the provider and back; gives where the callback leads."""
        return await self.intake.client.get(await self.walk(start))


@pytest.fixture
async def meeting(kafka: KafkaConnection, intake_database: str) -> AsyncIterator[Meeting]:
    """Return an intake and a provider that know each other."""
    place, issuer = free_socket()
    provider = OidcProvider(issuer)
    async with (
        serving(provider.app(), place),
        running_intake(make_settings(kafka, intake_database, oidc_issuer=issuer)) as intake,
    ):
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


VAINO = {"given_name": "Väinö", "family_name": "Mäkelä", "urn:oid:1.2.246.21": "131052-308T"}


async def test_when_somebody_else_identifies_no_copy_of_the_cookie_before_brings_the_first_one_back(
    meeting: Meeting,
) -> None:
    client = meeting.intake.client
    await meeting.come_back()
    of_anna = client.cookies["asiointi"]
    meeting.provider.claims = VAINO
    await meeting.come_back()
    assert "<dd>Väinö</dd>" in (await client.get(FORM)).text
    client.cookies.clear()
    client.cookies.set("asiointi", of_anna)
    assert (await client.get(FORM)).headers["location"] == START


async def test_an_answer_to_somebody_that_comes_after_another_identified_leaves_that_one_be(
    meeting: Meeting,
) -> None:
    """It writes to the session, and could so return Anna's cookie to a browser that has Väinö's."""
    client, submit_request = meeting.intake.client, meeting.intake.intake.submit_request
    await meeting.come_back()
    page = (await client.get(FORM)).text
    form = {
        "token": re.findall('name="token" value="([^"]+)"', page)[0],
        "email": "anna@example.fi",
        "phone": "0401234567",
    }
    form |= {
        "employer": "Mallilan kunta",
        "period_start": "1/2026",
        "period_end": "2/2026",
        "purpose": "kela",
        "delivery": "turvaposti",
    }
    of_anna = {"Cookie": f"asiointi={client.cookies['asiointi']}"}
    meeting.provider.claims = VAINO
    way_back = await meeting.walk()

    async def submit_late(submission: Submission) -> Accepted:
        await client.get(way_back)
        return await submit_request(submission)

    object.__setattr__(meeting.intake.intake, "submit_request", submit_late)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(meeting.intake.app), base_url="http://intake.test"
    ) as tab:
        answer = await tab.post(FORM, data=form, headers=of_anna)
    assert answer.status_code == 303, answer.text
    assert "asiointi=" not in answer.headers.get("set-cookie", "")
    assert "<dd>Väinö</dd>" in (await client.get(FORM)).text


SIDE_BY_SIDE = ["tilaa-palkkatodistus", "verokorttiasiat", "vuosiloma-asiat"]


@pytest.mark.parametrize("order", list(permutations(range(len(SIDE_BY_SIDE)))))
async def test_identifications_in_tabs_side_by_side_all_succeed(
    meeting: Meeting, order: tuple[int, ...]
) -> None:
    ways_back = [await meeting.walk(f"/fi/tunnistaudu/{code}") for code in SIDE_BY_SIDE]
    for tab in order:
        answer = await meeting.intake.client.get(ways_back[tab])
        assert answer.headers["location"] == f"/fi/pyynto/{SIDE_BY_SIDE[tab]}"


async def test_identifications_that_begin_in_the_same_moment_all_succeed(meeting: Meeting) -> None:
    ways_back = await asyncio.gather(*(meeting.walk(f"/fi/tunnistaudu/{code}") for code in SIDE_BY_SIDE))
    answers = await asyncio.gather(*(meeting.intake.client.get(way) for way in ways_back))
    assert [answer.headers["location"] for answer in answers] == [
        f"/fi/pyynto/{code}" for code in SIDE_BY_SIDE
    ]


async def test_attempts_that_nobody_ends_do_not_fill_the_browsers_cookies(meeting: Meeting) -> None:
    ways_back = [await meeting.walk() for _ in range(LATEST_KEPT + 5)]
    held = [name for name in meeting.intake.client.cookies if "attempt" in name]
    assert len(held) == LATEST_KEPT
    for way in ways_back[-LATEST_KEPT:]:
        assert (await meeting.intake.client.get(way)).headers["location"] == FORM
    assert not [name for name in meeting.intake.client.cookies if "attempt" in name]


async def test_an_attempt_that_fails_is_not_taken_for_who_identified_in_another_tab(meeting: Meeting) -> None:
    failing = await meeting.walk("/fi/tunnistaudu/verokorttiasiat")
    assert (await meeting.come_back()).headers["location"] == FORM
    meeting.provider.asked_by_code.clear()
    answer = await meeting.intake.client.get(failing)
    assert answer.headers["location"] == "/fi/tunnistaudu/verokorttiasiat/epaonnistui"


async def test_the_same_answer_again_leads_on_to_the_form(meeting: Meeting) -> None:
    way = await meeting.walk()
    for _ in range(2):
        assert (await meeting.intake.client.get(way)).headers["location"] == FORM


async def test_an_answer_that_another_browser_asked_for_identifies_nobody(meeting: Meeting) -> None:
    way = await meeting.walk()
    meeting.intake.client.cookies.clear()
    assert (await meeting.intake.client.get(way)).headers["location"] == f"{START}/epaonnistui"
    assert (await meeting.intake.client.get(FORM)).status_code == 303


async def test_the_provider_is_asked_in_the_pages_language_with_a_code_challenge(meeting: Meeting) -> None:
    away = await meeting.intake.client.get("/sv/tunnistaudu/tilaa-palkkatodistus")
    asked = {name: value for name, (value,) in parse_qs(urlsplit(away.headers["location"]).query).items()}
    assert asked["ui_locales"] == "sv"
    assert asked["code_challenge_method"] == "S256"
    assert "http://ftn.ficora.fi/2017/loa2" in asked["acr_values"].split()
    assert asked["redirect_uri"] == "http://intake.test/auth/callback"
    assert {"openid", "profile"} == set(asked["scope"].split())


REASONS = [
    ("access_denied", "cancelled", "peruit", "Peruit tunnistautumisen"),
    ("access_denied", "rejected", "ei-tunnistettu", "Pankki ei tunnistanut sinua"),
    ("access_denied", "no-identifier", "ei-henkilotunnusta", "Pankki ei anna henkilötunnustasi"),
    ("access_denied", "nothing-found", "ei-henkilotunnusta", "Pankki ei anna henkilötunnustasi"),
    ("access_denied", "user-without-code", "ei-henkilotunnusta", "Pankki ei anna henkilötunnustasi"),
    ("access_denied", "company-without-id", "yritys", "Nämä ovat yrityksen pankkitunnukset"),
    ("access_denied", "", "keskeytyi", "Tunnistautuminen jäi kesken"),
    ("access_denied", "words of another provider", "keskeytyi", "Tunnistautuminen jäi kesken"),
    ("server_error", "cancelled", "epaonnistui", "Tunnistautuminen ei onnistunut"),
]


@pytest.mark.parametrize(("error", "why", "problem", "title"), REASONS)
async def test_an_identification_that_ends_early_says_why_and_offers_another_try(
    meeting: Meeting, error: str, why: str, problem: str, title: str
) -> None:
    meeting.provider.error, meeting.provider.why = error, why
    answer = await meeting.come_back()
    assert answer.headers["location"] == f"{START}/{problem}"
    page = (await meeting.intake.client.get(answer.headers["location"])).text
    assert f"<h1>{title}</h1>" in page
    assert ("Peruit" in page) == (why == "cancelled" and error == "access_denied")
    assert f'href="{START}"' in page


def test_every_reason_of_our_identity_service_has_a_sentence_of_its_own() -> None:
    assert set(WHY_DENIED) == {"cancelled", "rejected", *NOT_IDENTIFIED.values()}


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("sv", "sv"),
        ("en", "en"),
        ("fi", "fi"),
        (None, "fi"),
        ("sv-FI", "fi"),
        ("../sv", "fi"),
        (["sv"], "fi"),
    ],
)
async def test_who_changed_the_language_on_the_way_comes_back_in_it(
    meeting: Meeting, told: object, shown: str
) -> None:
    meeting.provider.claims = {"locale": told}
    assert (await meeting.come_back()).headers["location"] == START.replace(
        "/fi/tunnistaudu/", f"/{shown}/pyynto/"
    )


NOT_PROVEN: list[dict[str, object]] = [
    {"urn:oid:1.2.246.21": None},
    {"urn:oid:1.2.246.21": "not-a-code"},
    {"urn:oid:1.2.246.21": "A" * 64},
    {"acr": None},
    {"acr": "urn:password-only"},
    {"given_name": ["Anna"]},
    {"auth_time": "soon"},
]


@pytest.mark.parametrize(
    "claims", [{"nonce": "other"}, {"aud": "other"}, {"iss": "http://other"}, {"exp": 1}, *NOT_PROVEN]
)
async def test_a_token_that_does_not_hold_identifies_nobody(
    meeting: Meeting, claims: dict[str, object]
) -> None:
    meeting.provider.claims = claims
    answer = await meeting.come_back()
    assert answer.headers["location"] == f"{START}/epaonnistui"
    assert (await meeting.intake.client.get(FORM)).status_code == 303


async def test_a_token_signed_by_somebody_else_identifies_nobody(meeting: Meeting) -> None:
    await meeting.intake.app.state.identity_client.fetch_jwk_set()
    meeting.provider.key = OKPKey.generate_key("Ed25519", {"kid": "1", "alg": "Ed25519"})
    assert (await meeting.come_back()).headers["location"] == f"{START}/epaonnistui"


@pytest.mark.parametrize(
    "told", [[], ["http://other"], ["{issuer}", "http://other"], ["{issuer}", "{issuer}"]]
)
async def test_the_answer_of_another_provider_identifies_nobody(meeting: Meeting, told: list[str]) -> None:
    meeting.provider.iss = [iss.format(issuer=meeting.provider.issuer) for iss in told]
    assert (await meeting.come_back()).headers["location"] == f"{START}/epaonnistui"
    meeting.provider.iss = [meeting.provider.issuer]
    assert (await meeting.come_back()).headers["location"] == FORM


async def test_an_issuer_that_is_told_without_being_announced_has_to_be_right_too(meeting: Meeting) -> None:
    assert (await meeting.come_back()).headers["location"] == FORM
    meeting.provider.iss = ["http://other"]
    assert (await meeting.come_back()).headers["location"] == f"{START}/epaonnistui"


async def test_an_answer_that_nobody_asked_for_identifies_nobody(meeting: Meeting) -> None:
    answer = await meeting.intake.client.get("/auth/callback?code=once&state=made-up.fi.tilaa-palkkatodistus")
    assert answer.headers["location"] == f"{START}/epaonnistui"
    nowhere = await meeting.intake.client.get("/auth/callback?code=once&state=../evil")
    assert nowhere.status_code == 400
    assert "Tämä tunnistautuminen on jo päättynyt" in nowhere.text


async def test_with_the_provider_away_the_page_says_so(kafka: KafkaConnection, intake_database: str) -> None:
    async with running_intake(make_settings(kafka, intake_database)) as intake:
        page = await intake.client.get(START)
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert "Tunnistautuminen ei toimi juuri nyt" in page.text


@pytest.mark.parametrize("problem", PROBLEMS)
async def test_an_address_that_names_a_problem_is_a_page_like_any_other(
    meeting: Meeting, problem: str
) -> None:
    assert (await meeting.intake.client.get(f"{START}/{problem}")).status_code == 200


async def test_only_services_that_ask_for_it_lead_to_a_bank(meeting: Meeting) -> None:
    assert (await meeting.intake.client.get("/fi/tunnistaudu/pyyda-laskukopio")).status_code == 404


async def test_a_copied_cookie_is_worth_nothing_once_the_visit_has_ended(meeting: Meeting) -> None:
    await meeting.come_back()
    client = meeting.intake.client
    copied = dict(client.cookies)
    assert (await client.get(FORM)).status_code == 200
    assert (await client.post("/fi/lopeta")).status_code == 303
    settings = meeting.intake.app.state.site.settings
    async with running_intake(settings) as elsewhere:
        for process in (meeting.intake, elsewhere):
            process.client.cookies = httpx.Cookies(copied)
            shown = await process.client.get(FORM)
            assert (shown.status_code, shown.headers.get("location")) == (303, START)
            assert "Max-Age=0" in shown.headers["set-cookie"]
            process.client.cookies = httpx.Cookies(copied)
            assert (await process.client.post(FORM, data={"email": "a@example.com"})).status_code == 403


async def test_every_cookie_of_a_visit_ends_with_it_and_the_next_visit_is_another(meeting: Meeting) -> None:
    client = meeting.intake.client
    await meeting.come_back()
    earlier = dict(client.cookies)
    await meeting.come_back()
    await client.post("/fi/lopeta")
    client.cookies = httpx.Cookies(earlier)
    assert (await client.get(FORM)).status_code == 303
    await meeting.come_back()
    assert (await client.get(FORM)).status_code == 200


async def test_while_the_database_is_away_visits_go_on_and_end_at_least_in_the_process_that_was_asked(
    meeting: Meeting,
) -> None:
    await meeting.come_back()
    client = meeting.intake.client
    copied = dict(client.cookies)
    async with open_database("postgresql://intake:x@127.0.0.1:9/intake") as nobody:
        meeting.intake.app.state.ended_sessions = EndedSessions(nobody, open_while_away=True)
        assert (await client.get(FORM)).status_code == 200
        assert (await client.post("/fi/lopeta")).status_code == 303
        client.cookies = httpx.Cookies(copied)
        assert (await client.get(FORM)).status_code == 303


async def test_what_was_ended_is_kept_only_for_as_long_as_a_cookie_could_last(
    meeting: Meeting, intake_database: str
) -> None:
    async with open_database(intake_database) as sessions:
        async with sessions.begin() as session:
            rows = (
                "insert into ended_sessions values ('over', now() - interval '1 second'), ('not yet', now() "
                "+ interval '1 minute')"
            )
            await session.execute(text(rows))
        await meeting.come_back()
        await meeting.intake.client.post("/fi/lopeta")
        async with sessions() as session:
            kept = await session.execute(
                text("select id, until - now() from ended_sessions where id <> 'not yet'")
            )
            ((_, left),) = kept.all()
    assert timedelta(minutes=59) < left <= timedelta(minutes=60)


async def test_no_word_of_the_provider_comes_into_the_log(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting.provider.error = meeting.provider.why = "131052-308T"
    log = CapturingLogger()
    monkeypatch.setattr(identify, "log", log)
    assert "/tunnistaudu/" in (await meeting.come_back()).headers["location"]
    assert [call.kwargs["reason"] for call in log.calls] == ["other"]
    assert "308T" not in repr(log.calls)
