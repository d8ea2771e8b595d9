"""Tracker over HTTP: the back-office API, the citizens' status for intake, and the operators' console."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from services.tracker.api.routes import api_routes
from services.tracker.console.install import install_console
from services.tracker.resources import open_resources
from services.tracker.settings import Settings
from shared.auth.authorize import TokenVerifier
from shared.auth.ended_sessions import EndedSessions
from shared.database.engine import ping
from shared.process.logs import configure_logs
from shared.settings import read_settings
from shared.web.build_app import build_app
from shared.web.default_headers import DefaultHeaders
from shared.web.health import health_routes
from shared.web.well_known import well_known_routes

AUDIENCE = "tracker"
MAX_BODY_BYTES = 100_000


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the app; `None` reads the environment."""
    settings = settings or read_settings(Settings)
    configure_logs(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as app.state.resources:
            app.state.sessions = app.state.resources.sessions
            app.state.ended_sessions = EndedSessions(app.state.sessions, open_while_away=False)
            yield

    async def database() -> None:
        await ping(app.state.sessions)

    async def kafka() -> None:
        await app.state.resources.producer.check()

    app = build_app(
        "Asiointi: tracker",
        lifespan,
        add_headers=partial(DefaultHeaders, secure=settings.public_url.startswith("https://")),
        version="1",
        max_body_size=MAX_BODY_BYTES,
    )
    app.include_router(health_routes({"database": database}, informative={"kafka": kafka}))
    app.include_router(
        well_known_routes(closed=("/",), contact=settings.security_contact, public_url=settings.public_url)
    )
    verifier = TokenVerifier(settings.oidc_issuer, AUDIENCE, backchannel_url=settings.oidc_backchannel_url)
    app.include_router(api_routes(verifier))
    install_console(app, settings)
    return app
