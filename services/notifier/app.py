"""Notifier's HTTP: what became of the mails, for operators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from services.notifier.operate.parts_there import kafka_there, mail_server_there
from services.notifier.operate.routes import operator_routes
from services.notifier.resources import open_resources
from services.notifier.settings import Settings
from shared.auth.authorize import TokenVerifier
from shared.database.engine import ping
from shared.process.logs import configure_logs
from shared.settings import read_settings
from shared.web.build_app import build_app
from shared.web.default_headers import DefaultHeaders
from shared.web.health import health_routes

LARGEST_BODY = 256 * 1024


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the app; without settings they are read from the environment."""
    settings = settings or read_settings(Settings)
    configure_logs(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as app.state.resources:
            app.state.sessions = app.state.resources.sessions
            yield

    app = build_app(
        "Notifier",
        lifespan,
        add_headers=partial(DefaultHeaders, secure=settings.site_url.startswith("https://")),
        max_body_size=LARGEST_BODY,
    )
    # Listing and retrying need the database alone; mail server and Kafka are reported only.
    app.include_router(
        health_routes(
            {"database": lambda: ping(app.state.sessions)},
            informative={"smtp": mail_server_there(settings), "kafka": kafka_there(settings)},
        )
    )
    app.include_router(
        operator_routes(
            TokenVerifier(settings.oidc_issuer, "notifier", backchannel_url=settings.oidc_backchannel_url)
        )
    )
    return app
