"""`/healthz` and `/readyz`: intake can do its work with Kafka or its database, and says which of them is away."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.intake.resources import Intake
from shared.health import CHECK_SECONDS, Check
from shared.logs import get_log

log = get_log(__name__)

routes = APIRouter(tags=["health"])


@routes.get("/healthz", summary="The process is up")
async def healthz() -> dict[str, str]:
    """Answer without asking anybody."""
    return {"status": "ok"}


@routes.get("/readyz", summary="Requests are accepted", responses={503: {"description": "Both Kafka and the database are away"}})
async def readyz(request: Request) -> JSONResponse:
    """Say what is away: `{"kafka": "ok", "database": "away"}`. One of the two is enough to accept a request."""
    intake: Intake = request.app.state.intake
    states = dict(await asyncio.gather(*(_state(name, check) for name, check in intake.checks.items())))
    return JSONResponse(states, HTTPStatus.OK if "ok" in states.values() else HTTPStatus.SERVICE_UNAVAILABLE)


async def _state(name: str, check: Check) -> tuple[str, str]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001  whatever a driver raises means: away
        log.warning("part_away", part=name, error=type(error).__name__)
        return name, "away"
    return name, "ok"
