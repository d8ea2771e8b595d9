"""Notifier's HTTP: what became of the mails, for operators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Path, Query

from services.notifier.bounces.list_reports import UnclearReport, list_reports
from services.notifier.contents import ContentsBox
from services.notifier.list_deliveries import DeliveryPage, DeliveryState, DeliveryView, list_deliveries
from services.notifier.parts_there import kafka_there, mail_server_there
from services.notifier.retry_deliveries import RetriedMany, RetryMany, retry_deliveries
from services.notifier.retry_delivery import retry_delivery
from services.notifier.send_again import SendAgain, send_again
from services.notifier.settings import Settings
from shared.api_viewer.viewer import install_api_viewer
from shared.authorize import TokenVerifier, require_scope
from shared.database import open_database, ping
from shared.guard_answers import GuardAnswers
from shared.health import health_routes
from shared.logs import configure_logs
from shared.problems import install_problems
from shared.settings import read_settings
from shared.transaction import Transaction

LARGEST_BODY = 256 * 1024
LARGEST_ID = 2**63 - 1


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the app; without settings they are read from the environment."""
    settings = settings or read_settings(Settings)
    configure_logs(settings.log_level)
    box = ContentsBox(settings.sealing_private_keys.get_secret_value())
    verifier = TokenVerifier(settings.oidc_issuer, "notifier", backchannel_url=settings.oidc_backchannel_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_database(settings.database_url.get_secret_value(), most=settings.database_connections) as sessions:
            app.state.sessions = sessions
            yield

    app = FastAPI(title="Notifier", lifespan=lifespan, max_body_size=LARGEST_BODY, docs_url=None, redoc_url=None)
    app.add_middleware(GuardAnswers, secure=settings.site_url.startswith("https://"))
    install_problems(app)
    install_api_viewer(app)
    # Listing and retrying need the database alone; mail server and Kafka are reported only.
    app.include_router(
        health_routes(
            {"database": lambda: ping(app.state.sessions)}, informative={"smtp": mail_server_there(settings), "kafka": kafka_there(settings)}
        )
    )
    operate = Depends(require_scope(verifier, "operate"))

    @app.get("/api/v1/deliveries", dependencies=[operate], tags=["deliveries"])
    async def deliveries(
        session: Transaction,
        state: DeliveryState | None = None,
        request_id: UUID | None = None,
        before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeliveryPage:
        """List mails, newest first."""
        return await list_deliveries(session, state=state, request_id=request_id, before=before, limit=limit)

    @app.post("/api/v1/deliveries/retry", dependencies=[operate], tags=["deliveries"])
    async def retry_many(session: Transaction, which: RetryMany) -> RetriedMany:
        """Have many failed mails tried again now; call it until `next` is null."""
        return await retry_deliveries(session, which)

    @app.post("/api/v1/deliveries/{delivery_id}/retry", dependencies=[operate], tags=["deliveries"], status_code=202)
    async def retry(session: Transaction, delivery_id: Annotated[int, Path(ge=1, le=LARGEST_ID)]) -> DeliveryView:
        """Have a failed or deferred mail tried again now."""
        return await retry_delivery(session, delivery_id)

    @app.post("/api/v1/deliveries/{delivery_id}/send-again", dependencies=[operate], tags=["deliveries"], status_code=202)
    async def repeat(session: Transaction, delivery_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], order: SendAgain) -> DeliveryView:
        """Have a mail that was sent or failed sent once more, also to a corrected address."""
        return await send_again(session, box, delivery_id, order)

    @app.get("/api/v1/reports", dependencies=[operate], tags=["reports"])
    async def reports(session: Transaction, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[UnclearReport]:
        """List what came back and could not be made out, or names no mail of ours, newest first."""
        return await list_reports(session, box, limit)

    return app
