"""Identity's HTTP: settings, resources, routes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI, Response
from starlette.staticfiles import StaticFiles

from services.identity.bank.routes import routes as bank_routes
from services.identity.citizen.return_from_bank import routes as tupas_routes
from services.identity.clean_up import cleaning_up
from services.identity.oidc import authorize, discovery, token, userinfo
from services.identity.oidc.errors import OAuthError, on_oauth_error
from services.identity.pages import FOLDER, STATIC_URL, GuardPages
from services.identity.resources import Using, make_resources
from services.identity.settings import Settings
from services.identity.show_problems import show_problem
from services.identity.staff.accounts import follow_settings
from services.identity.staff.log_in import routes as staff_routes
from shared.database import open_database, ping
from shared.health import health_routes
from shared.logs import configure_logs
from shared.look.look import LOOK_URL, look_files
from shared.problems import Problem, install_problems
from shared.settings import read_settings
from shared.utf8_forms import Utf8Forms

LARGEST_BODY = 64 * 1024


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the app; without settings they are read from the environment."""
    settings = settings or read_settings(Settings)
    configure_logs(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            sessions = await stack.enter_async_context(open_database(settings.database_url.get_secret_value(), most=settings.database_connections))
            app.state.sessions, app.state.resources = sessions, make_resources(settings, sessions)
            await follow_settings(sessions, settings.staff)
            await stack.enter_async_context(cleaning_up(sessions))
            yield

    app = FastAPI(title="Identity", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, max_body_size=LARGEST_BODY)
    app.add_middleware(Utf8Forms)
    led_to = [*(uri for client in settings.clients for uri in client.redirect_uris), *(bank.url for bank in settings.banks.values() if bank.url)]
    app.add_middleware(GuardPages, issuer=settings.issuer, led_to=led_to)
    app.add_exception_handler(OAuthError, on_oauth_error)
    install_problems(app)
    app.add_exception_handler(Problem, show_problem)
    for routes in (discovery.routes, authorize.routes, token.routes, userinfo.routes, tupas_routes, staff_routes, bank_routes):
        app.include_router(routes)
    app.include_router(health_routes({"database": lambda: ping(app.state.sessions)}))
    app.mount(LOOK_URL, look_files())
    app.mount(STATIC_URL, StaticFiles(directory=FOLDER / "static"))

    @app.get("/bank-colours.css", include_in_schema=False)
    async def bank_colours(resources: Using) -> Response:
        return Response(resources.pages.bank_colours, media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"})

    return app
