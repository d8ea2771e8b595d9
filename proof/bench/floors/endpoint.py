"""Intake's floor: parses the same body, awaits the same ack, and nothing else. `uvicorn --factory proof.bench.floors.endpoint:create_app`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from uuid_utils.compat import uuid7

from proof.bench.floors.records import NewRequest, producer
from proof.bench.floors.settings import BARE, FloorSettings


def create_app() -> FastAPI:
    """Make the app from the environment."""
    settings = FloorSettings.read(os.environ)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with producer(settings.kafka) as app.state.producer:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/v1/requests")
    async def submit(request: Request) -> Response:
        body, request_id = NewRequest.model_validate_json(await request.body()), uuid7()
        await (await request.app.state.producer.send(BARE, body.model_dump_json().encode(), str(request_id).encode()))
        return Response(f'{{"request_id":"{request_id}"}}', 202, media_type="application/json")

    return app
