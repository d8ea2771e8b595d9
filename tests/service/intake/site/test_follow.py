"""Following a request.

A mistyped number is told as such, and nothing tells an unknown number from a wrong address.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from shared.kafka.connection import KafkaConnection
from tests.infra.serving import free_socket, serving
from tests.service.intake.running_intake import Running, make_settings, running_intake

NUMBER, EMAIL = "482913053", "aino.koskimies@example.com"
STATUS = {
    "request_id": "018f3c1e-0000-7000-8000-000000000000",
    "work_number": NUMBER,
    "service_title": "Pyydä laskukopio",
    "state": "waiting_for_customer",
    "registered_at": "2026-11-24T07:41:00Z",
    "due_at": "2026-11-26T14:00:00Z",
    "timeline": [
        {"state": "received", "occurred_at": "2026-11-24T07:41:00Z", "text": None},
        {
            "state": "waiting_for_customer",
            "occurred_at": "2026-11-25T07:41:00Z",
            "text": "Mikä lasku?\n<b>Kerro</b> numero.",
        },
    ],
}
"""As tracker answers."""
ERASED = STATUS | {
    "state": "closed",
    "contents_removed_at": "2028-11-24T07:41:00Z",
    "timeline": [{"state": "received", "occurred_at": "2026-11-24T07:41:00Z", "text": None}],
}


def back_office(known_status: Mapping[str, object] = STATUS) -> FastAPI:
    """Make what stands for identity's token endpoint and tracker's status API."""
    app = FastAPI(openapi_url=None)

    @app.get("/.well-known/openid-configuration")
    async def metadata(request: Request) -> dict[str, str]:
        base = str(request.base_url).rstrip("/")
        return {"issuer": base, "token_endpoint": f"{base}/token", "jwks_uri": f"{base}/jwks"}

    @app.post("/token")
    async def token() -> dict[str, object]:
        return {"access_token": "access", "token_type": "Bearer", "expires_in": 300}

    @app.post("/api/v1/status")
    async def status(request: Request) -> JSONResponse:
        asked = await request.json()
        if asked == {"link": "erased"}:
            return JSONResponse(ERASED)
        known = asked in ({"work_number": NUMBER, "email": EMAIL}, {"link": "signed"})
        return JSONResponse(known_status) if known else JSONResponse({}, 404)

    return app


@pytest.fixture
async def intake(kafka: KafkaConnection, intake_database: str) -> AsyncIterator[Running]:
    """Return an intake that can ask how a request is getting on."""
    place, address = free_socket()
    settings = make_settings(kafka, intake_database, tracker_url=address, oidc_issuer=address)
    async with serving(back_office(), place), running_intake(settings) as running:
        yield running


@asynccontextmanager
async def showing(
    kafka: KafkaConnection, database: str, status: Mapping[str, object], language: str = "fi"
) -> AsyncIterator[str]:
    """Return the follow-up page of a request that tracker tells so about."""
    place, address = free_socket()
    settings = make_settings(kafka, database, tracker_url=address, oidc_issuer=address)
    async with serving(back_office(status), place), running_intake(settings) as running:
        yield (await running.client.get(f"/{language}/seuraa/signed")).text


async def follow(intake: Running, **typed: str) -> tuple[int, str]:
    answer = await intake.client.post("/fi/seuraa", data=typed)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("service", "language", "shown"),
    [
        ("pyyda-laskukopio", "en", "Ask for a copy of an invoice"),
        ("pyyda-laskukopio", "sv", "Be om en fakturakopia"),
        ("no-longer-offered", "en", "Pyydä laskukopio"),
    ],
)
async def test_the_services_name_is_in_the_language_of_the_page(
    kafka: KafkaConnection, intake_database: str, service: str, language: str, shown: str
) -> None:
    async with showing(kafka, intake_database, STATUS | {"service": service}, language) as page:
        assert f'<div class="ticket-foot"><span>{shown}</span>' in page


async def test_a_request_is_shown_in_the_citizens_words_with_its_ticket_and_timeline(intake: Running) -> None:
    status, page = await follow(intake, work_number="482 913-053 ", email=EMAIL)
    assert status == 200
    text = page.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert '<strong class="number">482 913 053</strong>' in text
    assert "Odottaa sinua" in text
    assert "Kysymys sinulle" in text
    assert "&lt;b&gt;Kerro&lt;/b&gt;" in text
    assert "Jatkamme, kun olet vastannut" in text
    assert EMAIL not in text


async def test_a_signed_link_shows_the_same_and_a_broken_one_says_so(intake: Running) -> None:
    assert "482" in (await intake.client.get("/fi/seuraa/signed")).text
    broken = await intake.client.get("/sv/seuraa/broken")
    assert broken.status_code == 404
    assert "Länken gäller inte längre" in broken.text


@pytest.mark.parametrize(
    ("language", "said", "state"),
    [
        ("fi", "Poistimme pyynnön tiedot 24.11.2028 klo 9.41.", "Valmis"),
        ("sv", "Vi raderade uppgifterna i det 24.11.2028 kl. 9.41.", "Klart"),
        ("en", "We removed its details on 24 November 2028 at 9:41.", "Done"),
    ],
)
async def test_one_whose_contents_were_removed_says_so_and_keeps_its_number_and_state(
    intake: Running, language: str, said: str, state: str
) -> None:
    page = (await intake.client.get(f"/{language}/seuraa/erased")).text.replace(
        "\N{NARROW NO-BREAK SPACE}", " "
    )
    assert said in page
    assert '<strong class="number">482 913 053</strong>' in page
    assert state in page


async def test_an_unknown_number_and_a_wrong_address_get_the_same_answer(intake: Running) -> None:
    unknown = await follow(intake, work_number="000000000", email=EMAIL)
    wrong = await follow(intake, work_number=NUMBER, email="other@example.com")
    assert unknown[0] == wrong[0] == 404
    assert re.findall(r'class="error"[^>]*>(.*?)<', unknown[1]) == re.findall(
        r'class="error"[^>]*>(.*?)<', wrong[1]
    )


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("482 913 054", "jokin niistä on kirjoitettu väärin"),
        ("482 931 053", "kaksi on vaihtanut paikkaa"),
        ("482 913 05", "Tarkista, ettei yhtään puutu"),
        ("482 913 O53", "Työnumerossa on vain numeroita"),
        ("", "Kirjoita työnumero"),
    ],
)
async def test_a_mistyped_number_is_told_as_such(intake: Running, typed: str, told: str) -> None:
    status, page = await follow(intake, work_number=typed, email=EMAIL)
    assert status == 422
    assert told in page
    assert f'value="{EMAIL}"' in page


@pytest.mark.parametrize("charset", ["utf-7", "undefined", "unicode_escape"])
async def test_a_form_in_an_encoding_of_nobodys_browser_is_refused(intake: Running, charset: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="work_number"\r\n\r\n+2AA-\\ud800\r\n--b--\r\n'
    for address in ("/fi/seuraa", "/fi/pyynto/pyyda-laskukopio"):
        headers = {
            "Content-Type": f"multipart/form-data; boundary=b; charset={charset}",
            "Origin": "http://intake.test",
        }
        assert (await intake.client.post(address, content=body, headers=headers)).status_code == 415


async def test_the_front_pages_box_asks_for_the_address_next(intake: Running) -> None:
    status, page = await follow(intake, work_number="482 913 053")
    assert status == 200
    assert 'value="482 913 053"' in page
    assert "error-summary" not in page


async def test_whoever_asks_too_often_is_told_when_to_try_again(
    kafka: KafkaConnection, intake_database: str
) -> None:
    async with running_intake(
        make_settings(kafka, intake_database, status_attempts_per_minute=1, limits_times=1)
    ) as intake:
        await follow(intake, work_number=NUMBER, email=EMAIL)
        answer = await intake.client.post("/fi/seuraa", data={"work_number": NUMBER, "email": EMAIL})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert re.search("Yritä uudelleen noin [12] minuutin kuluttua", answer.text), (
        answer.text
    )  # the window slides


async def test_a_signed_link_is_no_guess_and_opens_as_often_as_one_likes(
    kafka: KafkaConnection, intake_database: str
) -> None:
    place, address = free_socket()
    settings = make_settings(
        kafka,
        intake_database,
        tracker_url=address,
        oidc_issuer=address,
        status_attempts_per_minute=1,
        limits_times=1,
    )
    async with serving(back_office(), place), running_intake(settings) as intake:
        assert [(await intake.client.get("/fi/seuraa/signed")).status_code for _ in range(11)] == [200] * 11


async def test_with_the_tracker_away_the_page_says_that_the_request_is_safe(
    kafka: KafkaConnection, intake_database: str
) -> None:
    async with running_intake(make_settings(kafka, intake_database)) as intake:
        status, page = await follow(intake, work_number=NUMBER, email=EMAIL)
    assert status == 503
    assert "pyyntösi on tallessa" in page
