"""Serves the public site and the submission API: `uvicorn --factory services.intake.app:create_app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from services.intake.api.models import DESCRIPTION
from services.intake.api.routes import install_api
from services.intake.form.load_catalogue import load_catalogue
from services.intake.resources import open_resources
from services.intake.settings import Settings
from services.intake.site.routes import install_site
from shared.limits.proxies import warn_of_unnamed_proxies
from shared.process.logs import configure_logs
from shared.settings import read_settings
from shared.web.build_app import build_app
from shared.web.default_headers import DefaultHeaders
from shared.web.health import health_routes
from shared.web.well_known import well_known_routes


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the app; `None` reads the environment.

    An invalid catalogue, text or setting stops the boot; a server that is away does not.
    """
    chosen = settings or read_settings(Settings)
    configure_logs(chosen.log_level)
    warn_of_unnamed_proxies(chosen.public_url)
    catalogue = load_catalogue()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(chosen, catalogue) as resources:
            app.state.resources, app.state.ended_sessions = resources, resources.ended
            yield

    app = build_app(
        "Asiointi",
        lifespan,
        add_headers=partial(DefaultHeaders, secure=chosen.public_url.startswith("https://")),
        version="1",
        summary="Municipal customer service",
        description=DESCRIPTION,
    )
    app.state.public_url = chosen.public_url.rstrip("/")
    install_api(app, chosen)  # first, because routes are searched in order
    # One of the two is enough to accept a request.
    checks = {name: partial(_check, app, name) for name in ("kafka", "database")}
    app.include_router(health_routes(checks, enough=any))
    closed, contact = ("/api/", "/auth/"), chosen.security_contact
    app.include_router(well_known_routes(closed=closed, contact=contact, public_url=chosen.public_url))
    install_site(app, chosen)
    return app


async def _check(app: FastAPI, part: str) -> None:
    await app.state.resources.checks[part]()
