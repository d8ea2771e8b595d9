"""Tracker asks intake for its spool with a token of its own, and says when it cannot."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Response

from services.tracker.clients.back_channel import open_back_channel
from services.tracker.clients.intake import Intake, IntakeAway
from tests.infra.issuer import Issuer
from tests.infra.serving import free_socket, serving
from tests.service.tracker.builders import make_settings

SPOOL = (
    '{"waiting": 1, "oldest_at": "2026-11-24T10:00:00Z", "requests": [{"request_id": "%s", "spooled_at": '
    '"2026-11-24T10:00:00Z"}]}'
)
ID = "0190163d-8694-739b-aea5-966c26f8ad91"


@asynccontextmanager
async def asking(issuer: Issuer, answer: Callable[[], Response]) -> AsyncIterator[Intake]:
    """Return intake's side, where intake answers so."""
    place, address = free_socket()
    app = FastAPI()
    app.get("/api/v1/spool")(answer)
    async with (
        serving(app, place),
        open_back_channel(make_settings(oidc_issuer=issuer.address)) as credentials,
    ):
        yield Intake(f"{address}/", credentials)


async def test_the_spool_is_read_with_one_token(issuer: Issuer) -> None:
    async with asking(issuer, lambda: Response(SPOOL % ID, media_type="application/json")) as intake:
        for _ in range(3):
            told = await intake.spool()
            assert (told.waiting, str(told.requests[0].request_id)) == (1, ID)
    assert issuer.asked == 1


async def test_a_refused_token_is_replaced_once(issuer: Issuer) -> None:
    answers = [
        Response(status_code=401),
        Response(SPOOL % ID),
        Response(status_code=401),
        Response(status_code=401),
    ]
    async with asking(issuer, lambda: answers.pop(0)) as intake:
        assert (await intake.spool()).waiting == 1
        with pytest.raises(IntakeAway):
            await intake.spool()
    assert issuer.asked == 3


@pytest.mark.parametrize(
    "answer", [Response(status_code=503), Response("no json"), Response('{"waiting": "many"}')]
)
async def test_what_is_no_answer_is_told(issuer: Issuer, answer: Response) -> None:
    async with asking(issuer, lambda: answer) as intake:
        with pytest.raises(IntakeAway):
            await intake.spool()


@pytest.mark.parametrize("identity_is_there", [True, False])
async def test_identity_or_intake_away_is_told(issuer: Issuer, *, identity_is_there: bool) -> None:
    settings = make_settings(oidc_issuer=issuer.address if identity_is_there else "http://127.0.0.1:9")
    async with open_back_channel(settings) as credentials:
        with pytest.raises(IntakeAway):
            await Intake("http://127.0.0.1:9", credentials).spool()
