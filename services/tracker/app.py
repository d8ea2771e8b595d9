"""Tracker over HTTP: the back-office API, the citizens' status for intake, and the operators' console."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec

from fastapi import FastAPI

from services.tracker.api.dead_letters import dead_letter_routes
from services.tracker.api.failed_mails import failed_mail_routes
from services.tracker.api.ledger import ledger_routes
from services.tracker.api.requests import request_routes
from services.tracker.api.returned_mails import returned_mail_routes
from services.tracker.api.skipped import skipped_routes
from services.tracker.api.status import status_routes
from services.tracker.api.unsendable import unsendable_routes
from services.tracker.resources import open_resources
from services.tracker.settings import TrackerSettings
from shared.api_viewer.viewer import install_api_viewer
from shared.authorize import TokenVerifier
from shared.database import ping
from shared.guard_answers import GuardAnswers
from shared.health import health_routes
from shared.logs import configure_logs
from shared.problems import install_problems
from shared.settings import read_settings
from shared.utf8_forms import Utf8Forms

AUDIENCE = "tracker"
CONSOLE = "services.tracker.console"
MAX_BODY_BYTES = 100_000


def create_app(settings: TrackerSettings | None = None) -> FastAPI:
    """Make the app; `None` reads the environment."""
    settings = settings or read_settings(TrackerSettings)
    configure_logs(settings.log_level)
    verifier = TokenVerifier(settings.oidc_issuer, AUDIENCE, backchannel_url=settings.oidc_backchannel_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as app.state.resources:
            app.state.sessions = app.state.resources.sessions
            yield

    async def database() -> None:
        await ping(app.state.sessions)

    async def kafka() -> None:
        await app.state.resources.producer.check()

    app = FastAPI(title="Asiointi: tracker", version="1", lifespan=lifespan, max_body_size=MAX_BODY_BYTES, docs_url=None, redoc_url=None)
    app.add_middleware(Utf8Forms)
    app.add_middleware(GuardAnswers, secure=settings.public_url.startswith("https://"))
    install_problems(app)
    install_api_viewer(app)
    app.include_router(health_routes({"database": database}, informative={"kafka": kafka}))
    app.include_router(request_routes(verifier))
    app.include_router(status_routes(verifier))
    app.include_router(dead_letter_routes(verifier))
    app.include_router(ledger_routes(verifier))
    app.include_router(skipped_routes(verifier))
    app.include_router(unsendable_routes(verifier))
    app.include_router(failed_mail_routes(verifier))
    app.include_router(returned_mail_routes(verifier))

    @app.get("/.well-known/sealing-key", tags=["keys"])
    async def sealing_key() -> dict[str, str]:
        """Give the public key that texts of commands are sealed to (HPKE, ML-KEM-768 + X25519, HKDF-SHA256, AES-256-GCM)."""
        return {"public_key": app.state.resources.keyring.public_key}

    if find_spec(CONSOLE):
        import_module(CONSOLE).install_console(app, settings)
    return app
