"""The operators' API: which mails there are, what came back unclear, and having mails tried or sent again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from services.notifier.mail.bounces.list_reports import UnclearReport, list_reports
from services.notifier.mail.bounces.show_report import ReportText, show_report
from services.notifier.delivery_states import DeliveryState
from services.notifier.operate.list_deliveries import DeliveryPage, DeliveryView, list_deliveries
from services.notifier.operate.retry_deliveries import RetriedMany, RetryMany, retry_deliveries
from services.notifier.queue.again import retry_delivery
from services.notifier.mail.send_again import SendAgain, send_again
from services.notifier.resources import GivenResources
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.web.transaction import Transaction

LARGEST_ID = 2**63 - 1
ReportId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The `id` of the list")]


def operator_routes(verifier: TokenVerifier) -> APIRouter:
    """Give the routes; each asks for the scope `operate`."""
    asked = require_scope(verifier, "operate")
    routes = APIRouter(prefix="/api/v1", dependencies=[Depends(asked)])
    Operator = Annotated[Caller, Depends(asked)]  # noqa: N806  a type, made for this verifier

    @routes.get("/deliveries", tags=["deliveries"])
    async def deliveries(
        session: Transaction,
        state: DeliveryState | None = None,
        request_id: UUID | None = None,
        before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeliveryPage:
        """List mails, newest first."""
        return await list_deliveries(session, state=state, request_id=request_id, before=before, limit=limit)

    @routes.post("/deliveries/retry", tags=["deliveries"])
    async def retry_many(session: Transaction, which: RetryMany) -> RetriedMany:
        """Have many failed mails tried again now; call it until `next` is null."""
        return await retry_deliveries(session, which)

    @routes.post("/deliveries/{delivery_id}/retry", tags=["deliveries"], status_code=202)
    async def retry(
        session: Transaction, delivery_id: Annotated[int, Path(ge=1, le=LARGEST_ID)]
    ) -> DeliveryView:
        """Have a failed or deferred mail tried again now."""
        return await retry_delivery(session, delivery_id)

    @routes.post("/deliveries/{delivery_id}/send-again", tags=["deliveries"], status_code=202)
    async def repeat(
        session: Transaction,
        resources: GivenResources,
        delivery_id: Annotated[int, Path(ge=1, le=LARGEST_ID)],
        order: SendAgain,
    ) -> DeliveryView:
        """Have a mail that was sent or failed sent once more, also to a corrected address."""
        return await send_again(session, resources.box, delivery_id, order)

    @routes.get("/reports", tags=["reports"])
    async def reports(
        session: Transaction, limit: Annotated[int, Query(ge=1, le=100)] = 20
    ) -> list[UnclearReport]:
        """List what came back and could not be made out, or names no mail of ours, newest first."""
        return await list_reports(session, limit)

    @routes.get("/reports/{report_id}", tags=["reports"])
    async def report(
        session: Transaction, resources: GivenResources, operator: Operator, report_id: ReportId
    ) -> ReportText:
        """Give the text of one, with a henkilötunnus covered; who reads it is recorded."""
        return await show_report(session, resources.box, operator, report_id)

    return routes
