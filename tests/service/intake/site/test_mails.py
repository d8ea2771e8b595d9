"""Whether a mail went, waits or came back is told on the pages, and its address can be corrected there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from services.intake.limits import RECEIPTS_FROM_ONE
from services.intake.submit.recent_requests import Progress
from services.intake.texts import texts_in
from shared.events.vocabulary import LANGUAGES, Language
from shared.kafka.connection import KafkaConnection
from tests.infra.serving import free_socket, serving
from tests.service.intake.running_intake import Running, make_settings, running_intake
from tests.service.intake.site.test_follow import EMAIL, NUMBER, STATUS, back_office
from tests.service.intake.site.test_thanks import FEEDBACK, send

RIGHT = "aino@oikea.fi"
STATES = ["sending", "deferred", "sent", "failed", "returned", "settled"]


class Tracker:
    """Tracker's status API: one request, whose mails stand as is said."""

    def __init__(self, template: str, state: str, request_state: str = "received") -> None:
        self.status: dict[str, Any] = STATUS | {
            "state": request_state,
            "mails": [{"template": template, "state": state}],
        }
        self.corrections: list[dict[str, str]] = []
        self.answer = 200

    def app(self) -> FastAPI:
        """Make what serves it."""
        app = back_office(self.status)

        @app.post("/api/v1/status/address")
        async def correct(request: Request) -> Response:
            self.corrections.append(await request.json())
            return Response(status_code=self.answer)

        @app.get("/api/v1/status/{request_id}")
        async def state(request_id: UUID) -> JSONResponse:
            return JSONResponse(self.status | {"request_id": str(request_id)})

        return app


@asynccontextmanager
async def beside(
    tracker: Tracker, kafka: KafkaConnection, database: str, **changes: object
) -> AsyncIterator[Running]:
    place, address = free_socket()
    settings = make_settings(kafka, database, tracker_url=address, oidc_issuer=address, **changes)
    async with serving(tracker.app(), place), running_intake(settings) as running:
        yield running


def lead_of(page: str) -> str:
    found = re.search(r'<p class="lead">(.*?)</p>', page, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("state", STATES)
async def test_the_thank_you_page_tells_how_the_receipt_stands(
    kafka: KafkaConnection, intake_database: str, state: str
) -> None:
    async with beside(Tracker("receipt", state), kafka, intake_database) as intake:
        thanks = await send(intake, FEEDBACK)
        # Before there is a number no mail can have gone.
        assert "Lähetämme vahvistuksen osoitteeseen" in lead_of((await intake.client.get(thanks)).text)
        now = datetime.now(timezone.utc)
        intake.intake.recent.note(
            UUID(thanks.rsplit("/", 1)[1]),
            Progress(NUMBER, "received", now, now + timedelta(days=2), "Palaute"),
            now,
        )
        page = (await intake.client.get(thanks)).text
    assert lead_of(page) == texts_in("fi")["thanks"]["receipts"][state].format(email=EMAIL)
    assert ("Korjaa osoite ja lähetä uudelleen" in page) == (state in {"failed", "returned"})
    assert f'data-receipt="{state}"' in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
async def test_without_the_cookie_the_thank_you_page_tells_the_same_but_names_no_address(
    kafka: KafkaConnection, intake_database: str, state: str, language: Language
) -> None:
    async with beside(Tracker("receipt", state), kafka, intake_database) as intake:
        thanks = await send(intake, FEEDBACK)
        now = datetime.now(timezone.utc)
        progress = Progress(
            NUMBER, "received", now, now + timedelta(days=2), "Lähetä palautetta", "laheta-palautetta"
        )
        intake.intake.recent.note(UUID(thanks.rsplit("/", 1)[1]), progress, now)
        intake.client.cookies.clear()
        page = (await intake.client.get(thanks.replace("/fi/", f"/{language}/"))).text
    texts = texts_in(language)["follow"]
    assert lead_of(page) == texts["mail_states"][state].format(mail=texts["mail_names"]["receipt"])
    assert f'data-receipt="{state}"' in page
    assert EMAIL not in page
    assert (f'action="/{language}/seuraa/osoite"' in page) == (state in {"failed", "returned"})
    assert {"fi": "Lähetä palautetta", "sv": "Skicka respons", "en": "Send feedback"}[language] in page


@pytest.mark.parametrize(
    ("template", "request_state"),
    [("receipt", "received"), ("question", "waiting_for_customer"), ("resolution", "resolved")],
)
@pytest.mark.parametrize("state", STATES)
async def test_the_follow_up_page_tells_how_the_mail_of_the_state_stands(
    kafka: KafkaConnection, intake_database: str, template: str, request_state: str, state: str
) -> None:
    async with beside(Tracker(template, state, request_state), kafka, intake_database) as intake:
        page = (await intake.client.get("/fi/seuraa/signed")).text
    texts = texts_in("fi")["follow"]
    assert texts["mail_states"][state].format(mail=texts["mail_names"][template]) in page
    assert ("Vastaus on lähetetty sähköpostiisi" in page) == (state == "sent" and template == "resolution")
    assert ("Korjaa osoite ja lähetä uudelleen" in page) == (state in {"failed", "returned"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_every_mail_has_its_sentence(language: Language) -> None:
    texts = texts_in(language)
    assert set(texts["thanks"]["receipts"]) == set(texts["follow"]["mail_states"]) == set(STATES)
    assert set(texts["follow"]["mail_names"]) == {"receipt", "question", "resolution", "rejection"}


CORRECTION = {"work_number": "482 913 053", "email": EMAIL, "corrected": f" {RIGHT} "}
OURS = {"Origin": "http://intake.test"}


async def test_the_address_is_corrected_by_number_and_old_address(
    kafka: KafkaConnection, intake_database: str
) -> None:
    tracker = Tracker("receipt", "failed")
    async with beside(tracker, kafka, intake_database) as intake:
        answer = await intake.client.post("/fi/seuraa/osoite", data=CORRECTION, headers=OURS)
    assert answer.status_code == 200
    assert f"Lähetämme perille menemättömät viestit uudelleen osoitteeseen {RIGHT}" in answer.text
    assert tracker.corrections == [{"work_number": NUMBER, "email": EMAIL, "corrected_email": RIGHT}]


async def test_the_thank_you_page_knows_the_corrected_address(
    kafka: KafkaConnection, intake_database: str
) -> None:
    async with beside(Tracker("receipt", "failed"), kafka, intake_database) as intake:
        thanks = await send(intake, FEEDBACK)
        await intake.client.post("/fi/seuraa/osoite", data=CORRECTION, headers=OURS)
        assert f"osoitteeseen {RIGHT}" in lead_of((await intake.client.get(thanks)).text)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"work_number": "482 913 054"}, "jokin niistä on kirjoitettu väärin"),
        ({"email": ""}, "Kirjoita sähköpostiosoite, jonka annoit pyynnössä"),
        ({"corrected": ""}, "Kirjoita oikea sähköpostiosoite"),
        ({"corrected": "aino@oikea"}, "Kirjoita sähköpostiosoite kokonaisuudessaan"),
        ({"corrected": f" {EMAIL.upper()} "}, "Tämä on osoite, johon viesti ei mennyt perille"),
    ],
)
async def test_what_is_wrong_is_told_and_what_was_typed_stays(
    kafka: KafkaConnection, intake_database: str, wrong: dict[str, str], told: str
) -> None:
    tracker, typed = Tracker("receipt", "failed"), CORRECTION | wrong
    async with beside(tracker, kafka, intake_database) as intake:
        answer = await intake.client.post("/fi/seuraa/osoite", data=typed, headers=OURS)
    assert answer.status_code == 422
    assert told in answer.text
    assert all(f'value="{value.strip()}"' in answer.text for value in typed.values())
    assert tracker.corrections == []


@pytest.mark.parametrize(
    ("status", "told"), [(404, "Emme löydä pyyntöä"), (409, "ovat menneet perille"), (503, "Vika on meillä")]
)
async def test_what_tracker_refuses_is_told(
    kafka: KafkaConnection, intake_database: str, status: int, told: str
) -> None:
    tracker = Tracker("receipt", "failed")
    tracker.answer = status
    async with beside(tracker, kafka, intake_database) as intake:
        answer = await intake.client.post("/fi/seuraa/osoite", data=CORRECTION, headers=OURS)
    assert answer.status_code == status
    assert told in answer.text


async def test_another_site_corrects_no_address(kafka: KafkaConnection, intake_database: str) -> None:
    tracker = Tracker("receipt", "failed")
    async with beside(tracker, kafka, intake_database) as intake:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (
                await intake.client.post("/fi/seuraa/osoite", data=CORRECTION, headers=headers)
            ).status_code == 403
    assert tracker.corrections == []


async def test_corrections_count_as_look_ups(kafka: KafkaConnection, intake_database: str) -> None:
    tracker = Tracker("receipt", "failed")
    async with beside(
        tracker, kafka, intake_database, status_attempts_per_minute=1, limits_times=1
    ) as intake:
        await intake.client.post("/fi/seuraa", data={"work_number": NUMBER, "email": EMAIL})
        answer = await intake.client.post("/fi/seuraa/osoite", data=CORRECTION, headers=OURS)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert tracker.corrections == []


async def test_an_address_is_counted_only_once_number_and_old_address_are_proven(
    kafka: KafkaConnection, intake_database: str
) -> None:
    tracker = Tracker("receipt", "failed")
    async with beside(
        tracker, kafka, intake_database, status_attempts_per_minute=100, limits_times=1
    ) as intake:
        guessed = CORRECTION | {"email": "arvaus@example.com"}
        guesses = [
            (await intake.client.post("/fi/seuraa/osoite", data=guessed, headers=OURS)).status_code
            for _ in range(RECEIPTS_FROM_ONE.most + 1)
        ]
        assert set(guesses) == {404}
        assert tracker.corrections == []
        known = [
            (await intake.client.post("/fi/seuraa/osoite", data=CORRECTION, headers=OURS)).status_code
            for _ in range(RECEIPTS_FROM_ONE.most + 1)
        ]
    assert known == [200] * RECEIPTS_FROM_ONE.most + [429]
    assert len(tracker.corrections) == RECEIPTS_FROM_ONE.most
