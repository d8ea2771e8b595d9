"""The public page of the service's state.

What does not work is said, and what nobody knows is not said to work.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from services.intake.texts import texts_in
from shared.events.vocabulary import LANGUAGES, Language
from shared.kafka.connection import KafkaConnection
from shared.web.health import failure_of
from tests.eventually import eventually
from tests.infra.serving import free_socket, serving
from tests.service.intake.running_intake import NOBODY, Running, make_settings, running_intake
from tests.service.intake.site.test_follow import back_office

WELL: dict[str, bool | None] = {"numbers": True, "mails": True}
PARTS = ["form", "number", "identification", "following", "mail"]
NO_DATABASE = "postgresql://intake:x@127.0.0.1:9/intake"


class Others:
    """Identity and tracker: `ready` is what identity's `/readyz` says, `told` what tracker tells.

    `None`: it does not answer as it should.
    """

    def __init__(
        self, *, ready: int = 200, told: dict[str, bool | None] | None = WELL, seconds: float = 0.0
    ) -> None:
        self.ready, self.told, self.seconds = ready, told, seconds
        self.asked = 0

    def app(self) -> FastAPI:
        """Make what serves both."""
        app = back_office()

        @app.get("/readyz")
        async def readyz() -> JSONResponse:
            await asyncio.sleep(self.seconds)
            return JSONResponse({}, self.ready)

        @app.get("/api/v1/status")
        async def service() -> JSONResponse:
            self.asked += 1
            await asyncio.sleep(self.seconds)
            return JSONResponse(self.told) if self.told else JSONResponse({}, 503)

        return app


@asynccontextmanager
async def beside(
    others: Others, kafka: KafkaConnection, database: str, **changes: object
) -> AsyncIterator[Running]:
    place, address = free_socket()
    settings = make_settings(kafka, database, tracker_url=address, oidc_issuer=address, **changes)
    async with serving(others.app(), place), running_intake(settings) as running:
        await eventually(lambda: _kafka_is_there(running))
        yield running


async def _kafka_is_there(running: Running) -> bool:
    return await failure_of(running.intake.topic.check) is None


def states_of(page: str, language: Language = "fi") -> dict[str, str]:
    """Read what the page says of each part."""
    texts = texts_in(language)["state_page"]
    names = {text: part for part, text in texts["parts"].items()}
    said = {texts["works"]: "works", texts["away"]: "away", texts["unknown"]: "unknown"}
    rows = re.findall(
        r"<li><span>(.*?)</span><span class=\"nowrap\"><span [^>]*></span>(.*?)</span></li>", page
    )
    return {names[name]: said[state] for name, state in rows}


async def page_of(intake: Running, language: Language = "fi") -> str:
    return (await intake.client.get(f"/{language}/palvelun-tila")).text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_all_is_well_when_everything_works(
    kafka: KafkaConnection, intake_database: str, language: Language
) -> None:
    async with beside(Others(), kafka, intake_database) as intake:
        page = await page_of(intake, language)
    assert states_of(page, language) == dict.fromkeys(PARTS, "works")
    assert texts_in(language)["state_page"]["well"] in page


TOLD: list[dict[str, bool | None] | None] = [
    None,
    *({"numbers": n, "mails": m} for n, m in product((True, False, None), repeat=2)),
]


@pytest.mark.parametrize("ready", [200, 503])
@pytest.mark.parametrize("told", TOLD)
async def test_no_combination_says_that_all_works_when_one_part_does_not(
    kafka: KafkaConnection, intake_database: str, ready: int, told: dict[str, bool | None] | None
) -> None:
    async with beside(Others(ready=ready, told=told), kafka, intake_database) as intake:
        page = await page_of(intake)
    words = {True: "works", False: "away", None: "unknown"}
    facts = told or {"numbers": None, "mails": None}
    expected = {
        "form": "works",
        "number": words[facts["numbers"]],
        "identification": words[ready == 200],
        "following": words[told is not None],
        "mail": words[facts["mails"]],
    }
    assert states_of(page) == expected
    texts = texts_in("fi")["state_page"]
    assert (texts["well"] in page) == (set(expected.values()) == {"works"})
    for part, state in expected.items():
        assert all((texts["troubles"][part][said] in page) == (state == said) for said in ("away", "unknown"))


async def test_with_both_stores_away_no_request_is_said_to_be_safe() -> None:
    settings = make_settings(
        KafkaConnection("127.0.0.1:9"), NO_DATABASE, tracker_url=NOBODY, oidc_issuer=NOBODY
    )
    async with running_intake(settings) as intake:
        page = await page_of(intake)
    assert states_of(page) == {
        "form": "away",
        "number": "unknown",
        "identification": "away",
        "following": "away",
        "mail": "unknown",
    }
    assert "Pyyntöjä ei voi lähettää juuri nyt" in page
    assert "on tallessa" not in page


async def test_one_store_is_enough_for_forms(kafka: KafkaConnection) -> None:
    async with beside(Others(), kafka, NO_DATABASE) as intake:
        assert states_of(await page_of(intake))["form"] == "works"


async def test_a_provider_without_readyz_works_where_it_answers(
    kafka: KafkaConnection, intake_database: str
) -> None:
    async with beside(Others(ready=404), kafka, intake_database) as intake:
        assert states_of(await page_of(intake))["identification"] == "works"


async def test_a_reading_is_shared_and_kept_for_some_seconds(
    kafka: KafkaConnection, intake_database: str
) -> None:
    others = Others(seconds=0.2)
    async with beside(others, kafka, intake_database) as intake:
        await asyncio.gather(*(page_of(intake) for _ in range(20)))
        await page_of(intake)
    assert others.asked == 1


async def test_who_does_not_answer_is_not_waited_for(kafka: KafkaConnection, intake_database: str) -> None:
    async with beside(Others(seconds=30), kafka, intake_database) as intake:
        began = time.monotonic()
        page = await page_of(intake)
        assert time.monotonic() - began < 15, "the others answer after 30 s"
    states = states_of(page)
    assert (states["identification"], states["following"], states["number"]) == ("away", "away", "unknown")
