"""Builds the HTTP application of identity from settings, resources and routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from services.identity.clean_up import clean_up_forever
from services.identity.login.errors import OAuthError, on_oauth_error
from services.identity.pages import FOLDER, STATIC_URL, GuardPages
from services.identity.resources import open_resources
from services.identity.routes import ROUTES
from services.identity.settings import Settings
from services.identity.show_problems import show_problem
from services.identity.staff.accounts import apply_settings
from shared.database.engine import ping
from shared.limits.exchange import exchange_counts
from shared.limits.proxies import warn_of_unnamed_proxies
from shared.look.look import LOOK_URL, look_files
from shared.process.logs import configure_logs
from shared.process.loops import running_beside
from shared.settings import read_settings
from shared.web.build_app import build_app
from shared.web.health import health_routes
from shared.web.problems import Problem
from shared.web.well_known import well_known_routes

LARGEST_BODY = 64 * 1024


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the app; without settings they are read from the environment."""
    settings = settings or read_settings(Settings)
    configure_logs(settings.log_level)
    warn_of_unnamed_proxies(settings.issuer)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources:
            app.state.resources, app.state.sessions = resources, resources.sessions
            await apply_settings(resources.sessions, settings.staff)
            counts = exchange_counts(resources.limits, resources.sessions)
            async with running_beside(clean_up_forever(resources.sessions), counts):
                yield

    guard = partial(GuardPages, issuer=settings.issuer, form_targets=settings.form_targets)
    app = build_app("Identity", lifespan, add_headers=guard, openapi_url=None, max_body_size=LARGEST_BODY)
    app.add_exception_handler(OAuthError, on_oauth_error)
    app.add_exception_handler(Problem, show_problem)
    for routes in ROUTES:
        app.include_router(routes)
    app.include_router(health_routes({"database": lambda: ping(app.state.sessions)}))
    contact, public_url = settings.security_contact, settings.issuer
    app.include_router(well_known_routes(closed=("/",), contact=contact, public_url=public_url))
    app.mount(LOOK_URL, look_files())
    app.mount(STATIC_URL, StaticFiles(directory=FOLDER / "static"))
    return app
