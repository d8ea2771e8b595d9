"""The operators' API: deliveries of every channel, listed, tried again or settled; and what is mail's own."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from services.notifier.delivery_states import DeliveryState
from services.notifier.mail.bounces.list_reports import UnclearReport, list_reports
from services.notifier.mail.bounces.show_report import ReportText, show_report
from services.notifier.mail.send_again import SendAgain, send_again
from services.notifier.operate.list_deliveries import DeliveryPage, DeliveryView, list_deliveries
from services.notifier.queue.again import ManyAgain, again, many_again
from services.notifier.queue.settle import MAX_NOTE_LENGTH, settle
from services.notifier.resources import GivenResources
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.text.kept_text import KeptText
from shared.web.transaction import Transaction

LARGEST_ID = 2**63 - 1
DeliveryId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
ReportId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The `id` of the list")]


class TriedAgain(BaseModel):
    """The events whose deliveries are tried again.

    `next` is the `after` of the following call, null if none is left.
    """

    events: Sequence[str]
    next: int | None


class Settlement(BaseModel):
    """Why a delivery is closed."""

    note: KeptText | None = Field(
        default=None, max_length=MAX_NOTE_LENGTH, description="What was done instead"
    )


def operator_routes(verifier: TokenVerifier) -> APIRouter:
    """Return the routes; each needs the scope `operate`."""
    asked = require_scope(verifier, "operate")
    routes = APIRouter(prefix="/api/v1", dependencies=[Depends(asked)])
    _add_routes_of_all(routes)
    _add_routes_of_one(routes, verifier)
    _add_routes_of_mail(routes, verifier)
    return routes


def _add_routes_of_all(routes: APIRouter) -> None:
    @routes.get("/deliveries", tags=["deliveries"])
    async def deliveries(
        session: Transaction,
        state: DeliveryState | None = None,
        request_id: UUID | None = None,
        before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeliveryPage:
        """List deliveries, newest first."""
        return await list_deliveries(session, state=state, request_id=request_id, before=before, limit=limit)

    @routes.post("/deliveries/again", tags=["deliveries"])
    @routes.post("/deliveries/retry", tags=["deliveries"], deprecated=True)
    async def try_many_again(session: Transaction, which: ManyAgain) -> TriedAgain:
        """Have many failed deliveries tried again now; call it until `next` is null."""
        rows = await many_again(session, which)
        following = rows[-1].id if len(rows) == which.limit else None
        return TriedAgain(events=[row.event_id for row in rows], next=following)


def _add_routes_of_one(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.post("/deliveries/{delivery_id}/again", tags=["deliveries"], status_code=202)
    @routes.post("/deliveries/{delivery_id}/retry", tags=["deliveries"], status_code=202, deprecated=True)
    async def try_again(session: Transaction, delivery_id: DeliveryId) -> DeliveryView:
        """Have a failed, deferred or settled delivery tried again now."""
        return DeliveryView.model_validate(await again(session, delivery_id))

    @routes.post("/deliveries/{delivery_id}/settle", tags=["deliveries"])
    async def settle_one(
        session: Transaction,
        operator: Operator,
        delivery_id: DeliveryId,
        settlement: Settlement | None = None,
    ) -> DeliveryView:
        """Close a failed delivery without it, because the matter was settled by other means.

        Tracker's ledger watches mails by itself: settle a mail at `/api/v1/failed-mails` there.
        """
        note = settlement.note if settlement else None
        return DeliveryView.model_validate(await settle(session, delivery_id, operator.subject[:100], note))


def _add_routes_of_mail(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  as above

    @routes.post("/deliveries/{delivery_id}/send-again", tags=["deliveries"], status_code=202)
    async def repeat(
        session: Transaction, resources: GivenResources, delivery_id: DeliveryId, order: SendAgain
    ) -> DeliveryView:
        """Have a mail that was sent or failed sent once more, also to a corrected address."""
        return DeliveryView.model_validate(await send_again(session, resources.box, delivery_id, order))

    @routes.get("/reports", tags=["reports"])
    async def reports(
        session: Transaction, limit: Annotated[int, Query(ge=1, le=100)] = 20
    ) -> list[UnclearReport]:
        """List what came back and could not be read, or is about no known mail, newest first."""
        return await list_reports(session, limit)

    @routes.get("/reports/{report_id}", tags=["reports"])
    async def report(
        session: Transaction, resources: GivenResources, operator: Operator, report_id: ReportId
    ) -> ReportText:
        """Return the text of one, with a henkilötunnus covered; who reads it is recorded."""
        return await show_report(session, resources.box, operator, report_id)
