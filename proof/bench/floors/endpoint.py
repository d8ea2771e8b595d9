"""Intake's floor: parses the same body, awaits the same ack, and nothing else. `uvicorn --factory proof.bench.floors.endpoint:create_app`.

Twice: as FastAPI's own documentation writes an endpoint, and as fast as FastAPI can be made to go (body read and answer written by hand).
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from uuid_utils.compat import uuid7

from proof.bench.floors.records import NewRequest, producer
from proof.bench.floors.settings import BARE, FloorSettings

FASTEST = "/fastest"


class Accepted(BaseModel):
    """The answer."""

    request_id: UUID


def create_app() -> FastAPI:
    """Make the app from the environment."""
    settings = FloorSettings.read(os.environ)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with producer(settings.kafka) as app.state.producer:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/v1/requests", status_code=202)
    async def submit(body: NewRequest, request: Request) -> Accepted:
        accepted = Accepted(request_id=uuid7())
        await request.app.state.producer.send_and_wait(BARE, body.model_dump_json().encode(), str(accepted.request_id).encode())
        return accepted

    @app.post(FASTEST)
    async def submit_fastest(request: Request) -> Response:
        body, request_id = NewRequest.model_validate_json(await request.body()), uuid7()
        await (await request.app.state.producer.send(BARE, body.model_dump_json().encode(), str(request_id).encode()))
        return Response(f'{{"request_id":"{request_id}"}}', 202, media_type="application/json")

    return app
