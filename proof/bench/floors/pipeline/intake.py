"""First hop: parse, seal twice, produce, answer after the ack. `uvicorn --factory proof.bench.floors.pipeline.intake:create_app`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from uuid_utils.compat import uuid7

from proof.bench.floors.records import Contact, NewRequest, Submitted, producer
from proof.bench.floors.settings import SUBMITTED, FloorSettings
from shared.crypto.sealing import Sealer


def create_app() -> FastAPI:
    """Make the app from the environment."""
    settings = FloorSettings.read(os.environ)
    to_tracker, to_notifier = map(Sealer, settings.sealed_to)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with producer(settings.kafka) as app.state.producer:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/v1/requests")
    async def submit(request: Request) -> Response:
        body, request_id = NewRequest.model_validate_json(await request.body()), uuid7()
        contact = Contact(email=body.form.email, first_name=body.form.first_name)
        submitted = Submitted(
            request_id=request_id,
            service=body.service,
            language=body.language,
            form=to_tracker.seal(body.form.model_dump_json().encode(), purpose="form", request_id=request_id),
            contact=to_notifier.seal(contact.model_dump_json().encode(), purpose="contact", request_id=request_id),
        )
        await (await request.app.state.producer.send(SUBMITTED, submitted.model_dump_json().encode(), str(request_id).encode()))
        return Response(f'{{"request_id":"{request_id}"}}', 202, media_type="application/json")

    return app
