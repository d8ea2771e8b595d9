"""Identity's HTTP: settings, resources, routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Response
from starlette.staticfiles import StaticFiles

from services.identity.bank.routes import routes as bank_routes
from services.identity.citizen.return_from_bank import routes as tupas_routes
from services.identity.clean_up import clean_up_forever
from services.identity.login.errors import OAuthError, on_oauth_error
from services.identity.oidc import authorize, discovery, token, userinfo
from services.identity.pages import FOLDER, STATIC_URL, GuardPages
from services.identity.resources import Using, open_resources
from services.identity.settings import Settings
from services.identity.show_problems import show_problem
from services.identity.staff import tell_accounts
from services.identity.staff.accounts import follow_settings
from services.identity.staff.log_in import routes as staff_routes
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
    """Make the app; without settings they are read from the environment."""
    settings = settings or read_settings(Settings)
    configure_logs(settings.log_level)
    warn_of_unnamed_proxies(settings.issuer)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources:
            app.state.resources, app.state.sessions = resources, resources.sessions
            await follow_settings(resources.sessions, settings.staff)
            counts = exchange_counts(resources.limits, resources.sessions)
            async with running_beside(clean_up_forever(resources.sessions), counts):
                yield

    led_to = [
        *(uri for client in settings.clients for uri in client.redirect_uris),
        *(bank.url for bank in settings.banks.values() if bank.url),
    ]
    guard = partial(GuardPages, issuer=settings.issuer, led_to=led_to)
    app = build_app("Identity", lifespan, add_headers=guard, openapi_url=None, max_body_size=LARGEST_BODY)
    app.add_exception_handler(OAuthError, on_oauth_error)
    app.add_exception_handler(Problem, show_problem)
    for routes in (
        discovery.routes,
        authorize.routes,
        token.routes,
        userinfo.routes,
        tupas_routes,
        staff_routes,
        tell_accounts.routes,
        bank_routes,
    ):
        app.include_router(routes)
    app.include_router(health_routes({"database": lambda: ping(app.state.sessions)}))
    app.include_router(
        well_known_routes(closed=("/",), contact=settings.security_contact, public_url=settings.issuer)
    )
    app.mount(LOOK_URL, look_files())
    app.mount(STATIC_URL, StaticFiles(directory=FOLDER / "static"))

    @app.get("/bank-colours.css", include_in_schema=False)
    async def bank_colours(resources: Using) -> Response:
        return Response(
            resources.pages.bank_colours,
            media_type="text/css",
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )

    return app
