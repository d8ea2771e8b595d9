"""The floor of the HTTP services: submit, resolve, and a bare endpoint to compare intake with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import FastAPI, Request, Response
from uuid_utils.compat import uuid7

from proof.bench.floors.records import (
    BARE,
    SUBMITTED,
    FloorSettings,
    NewRequest,
    Resolution,
    Submitted,
    producer,
)
from proof.bench.floors.tracker import relay
from shared.crypto.sealing import Sealer, public_key_of

CONNECTIONS = 8
RESOLVE = """
with resolved as (
    update bench_requests set state = 'resolved' where request_id = $1 and state = 'received'
        returning request_id, number, contact
)
insert into bench_history (request_id, value)
select request_id, convert_to(
    json_build_object('request_id', request_id, 'number', number, 'contact', contact, 'text',
        $2::text)::text, 'UTF8')
from resolved
"""


def serve(settings: FloorSettings) -> None:
    """Serve on uvicorn, as the product's apps do, until the process is ended."""
    uvicorn.run(
        create_app(settings),
        host="127.0.0.1",
        port=settings.port,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
    )


def create_app(settings: FloorSettings) -> FastAPI:
    """Return the app."""
    to_tracker, to_notifier = (
        Sealer(public_key_of(key)) for key in (settings.tracker_key, settings.notifier_key)
    )
    wake = asyncio.Event()

    app = FastAPI(lifespan=partial(_open, settings, wake))

    @app.post("/bare", status_code=202)
    async def submit_bare(body: NewRequest, request: Request) -> dict[str, UUID]:
        """Parse, produce, answer after the ack: as FastAPI's own documentation writes an endpoint."""
        request_id = uuid7()
        await request.app.state.producer.send_and_wait(
            settings.topic(BARE), body.model_dump_json().encode(), str(request_id).encode()
        )
        return {"request_id": request_id}

    @app.post("/api/v1/requests")
    async def submit(request: Request) -> Response:
        """Parse, seal twice, produce, answer after the ack."""
        body, request_id = NewRequest.model_validate_json(await request.body()), uuid7()
        submitted = Submitted(
            request_id=request_id,
            service=body.service,
            language=body.language,
            form=to_tracker.seal(body.form.model_dump_json().encode(), purpose="form", request_id=request_id),
            contact=to_notifier.seal(body.form.email.encode(), purpose="contact", request_id=request_id),
        )
        value, key = submitted.model_dump_json().encode(), str(request_id).encode()
        await (await request.app.state.producer.send(settings.topic(SUBMITTED), value, key))
        return Response(f'{{"request_id":"{request_id}"}}', 202, media_type="application/json")

    @app.post("/api/v1/requests/{request_id}/resolve")
    async def resolve(request_id: UUID, request: Request) -> Response:
        """Parse, seal the text, change the state and write the history in one transaction.

        The relay publishes it.
        """
        text = Resolution.model_validate_json(await request.body()).text
        sealed = to_notifier.seal(text.encode(), purpose="text", request_id=request_id)
        await request.app.state.pool.execute(RESOLVE, request_id, sealed)
        wake.set()
        return Response(status_code=204)

    return app


@asynccontextmanager
async def _open(settings: FloorSettings, wake: asyncio.Event, app: FastAPI) -> AsyncIterator[None]:
    pool = asyncpg.create_pool(settings.database, min_size=1, max_size=CONNECTIONS)
    async with producer(settings.kafka) as app.state.producer, pool as app.state.pool:
        relaying = asyncio.create_task(relay(settings, app.state.producer, wake))
        yield
        relaying.cancel()
