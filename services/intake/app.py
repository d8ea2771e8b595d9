"""Serves the public site and the submission API: `uvicorn --factory services.intake.app:create_app`."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from services.intake.api import services as api_catalogue
from services.intake.api.models import DESCRIPTION
from services.intake.api.requests import install_api
from services.intake.api.spool import spool_routes
from services.intake.form.catalogue import load_catalogue
from services.intake.resources import open_resources
from services.intake.settings import Settings
from services.intake.site.routes import install_site
from shared.limits.proxies import warn_of_unnamed_proxies
from shared.process.logs import configure_logs
from shared.settings import read_settings
from shared.web.build_app import build_app
from shared.web.guard_answers import GuardAnswers
from shared.web.health import health_routes
from shared.web.well_known import well_known_routes


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the app; `None` reads the environment. A wrong catalogue or setting stops the boot, a server that is away does not."""
    chosen = settings or read_settings(Settings)
    configure_logs(chosen.log_level)
    warn_of_unnamed_proxies(chosen.public_url)
    catalogue = load_catalogue()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(chosen, catalogue) as resources:
            app.state.resources, app.state.ended_sessions = resources, resources.ended
            # What was made by now lives for ever: a full collection over it would hold up every answer for a tenth of a second.
            gc.collect()
            gc.freeze()
            yield
            gc.unfreeze()

    app = build_app(
        "Asiointi",
        lifespan,
        guard=partial(GuardAnswers, secure=chosen.public_url.startswith("https://")),
        version="1",
        summary="Municipal customer service",
        description=DESCRIPTION,
    )
    app.state.public_url = chosen.public_url.rstrip("/")
    install_api(app)
    # One of the two is enough to accept a request.
    app.include_router(
        health_routes({name: partial(_check, app, name) for name in ("kafka", "database")}, enough=any)
    )
    site_files = well_known_routes(
        closed=("/api/", "/auth/"), contact=chosen.security_contact, public_url=chosen.public_url
    )
    app.include_router(site_files)
    for routes in (api_catalogue.routes, spool_routes(chosen)):
        app.include_router(routes)
    install_site(app, chosen)
    return app


async def _check(app: FastAPI, part: str) -> None:
    await app.state.resources.checks[part]()
