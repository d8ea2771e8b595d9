"""Serves the public site and the submission API: `uvicorn --factory services.intake.app:create_app`."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from services.intake import api_catalogue
from services.intake.api import install_api
from services.intake.api_spool import spool_routes
from services.intake.catalogue import load_catalogue
from services.intake.open_intake import open_intake
from services.intake.settings import Settings
from services.intake.site.routes import install_site
from shared.api_viewer.viewer import install_api_viewer
from shared.guard_answers import GuardAnswers
from shared.health import health_routes
from shared.logs import configure_logs
from shared.problems import install_problems
from shared.settings import read_settings
from shared.utf8_forms import Utf8Forms

DESCRIPTION = """
Send a citizen's or a company's request for a service, and ask for its work number.

1. `GET /api/v1/services` tells what is on offer; `GET /api/v1/services/{code}` what its form asks, as JSON Schema.
2. `POST /api/v1/requests` with an `Idempotency-Key` sends a request. It is kept safely when the answer arrives.
3. `GET /api/v1/requests/{request_id}` gives the work number, as soon as there is one; the citizen gets it by e-mail.

Errors are problem details (RFC 9457). Personal data is sealed before it leaves this service.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the app; `None` reads the environment. A wrong catalogue or setting stops the boot, a server that is away does not."""
    chosen = settings or read_settings(Settings)
    configure_logs(chosen.log_level)
    catalogue = load_catalogue()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_intake(chosen, catalogue) as intake:
            app.state.intake = intake
            # What was made by now lives for ever: a full collection over it would hold up every answer for a tenth of a second.
            gc.collect()
            gc.freeze()
            yield
            gc.unfreeze()

    app = FastAPI(
        title="Asiointi",
        version="1",
        summary="Municipal customer service",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.public_url = chosen.public_url.rstrip("/")
    app.add_middleware(Utf8Forms)
    app.add_middleware(GuardAnswers, secure=app.state.public_url.startswith("https://"))
    install_problems(app)
    install_api(app)
    # One of the two is enough to accept a request.
    app.include_router(health_routes({name: partial(_check, app, name) for name in ("kafka", "database")}, enough=any))
    for routes in (api_catalogue.routes, spool_routes(chosen)):
        app.include_router(routes)
    install_api_viewer(app)
    install_site(app, chosen)
    return app


async def _check(app: FastAPI, part: str) -> None:
    await app.state.intake.checks[part]()
