"""Tracker asks intake for its spool with a token of its own, and says when it cannot."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Response

from services.tracker.ask_intake import Intake, IntakeAway, open_intake
from tests.infra.issuer import Issuer
from tests.infra.serving import free_socket, serving
from tests.service.tracker.office import make_settings

SPOOL = '{"waiting": 1, "oldest_at": "2026-11-24T10:00:00Z", "requests": [{"request_id": "%s", "spooled_at": "2026-11-24T10:00:00Z"}]}'
ID = "0190163d-8694-739b-aea5-966c26f8ad91"


@asynccontextmanager
async def asking(issuer: Issuer, answer: Callable[[], Response]) -> AsyncIterator[Intake]:
    """Give intake's side, where intake answers so."""
    place, address = free_socket()
    app = FastAPI()
    app.get("/api/v1/spool")(answer)
    async with serving(app, place), open_intake(make_settings(oidc_issuer=issuer.address, intake_url=f"{address}/")) as intake:
        assert intake
        yield intake


async def test_the_spool_is_read_with_one_token(issuer: Issuer) -> None:
    async with asking(issuer, lambda: Response(SPOOL % ID, media_type="application/json")) as intake:
        for _ in range(3):
            told = await intake.spool()
            assert (told.waiting, str(told.requests[0].request_id)) == (1, ID)
    assert issuer.asked == 1


async def test_a_refused_token_is_replaced_once(issuer: Issuer) -> None:
    answers = [Response(status_code=401), Response(SPOOL % ID), Response(status_code=401), Response(status_code=401)]
    async with asking(issuer, lambda: answers.pop(0)) as intake:
        assert (await intake.spool()).waiting == 1
        with pytest.raises(IntakeAway):
            await intake.spool()
    assert issuer.asked == 3


@pytest.mark.parametrize("answer", [Response(status_code=503), Response("no json"), Response('{"waiting": "many"}')])
async def test_what_is_no_answer_is_told(issuer: Issuer, answer: Response) -> None:
    async with asking(issuer, lambda: answer) as intake:
        with pytest.raises(IntakeAway):
            await intake.spool()


async def test_identity_or_intake_away_is_told(issuer: Issuer) -> None:
    for settings in (
        make_settings(oidc_issuer="http://127.0.0.1:9", intake_url="http://127.0.0.1:9"),
        make_settings(oidc_issuer=issuer.address, intake_url="http://127.0.0.1:9"),
    ):
        async with open_intake(settings) as intake:
            assert intake
            with pytest.raises(IntakeAway):
                await intake.spool()


async def test_without_an_address_there_is_nobody_to_ask() -> None:
    async with open_intake(make_settings()) as intake:
        assert intake is None
