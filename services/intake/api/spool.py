"""Operators' API for the spool: which requests wait for Kafka. It shows ids and times only."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from services.intake.api.models import problem
from services.intake.resources import Resources
from services.intake.settings import Settings
from services.intake.submit.spool import MAX_COUNTED, SpoolAway
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.process.logs import get_log
from shared.web.problems import NotFound, Unavailable

log = get_log(__name__)

AUDIENCE = "intake"


class SpooledRequest(BaseModel):
    """One request that waits for Kafka."""

    request_id: UUID
    spooled_at: datetime
    refused: str | None = Field(
        default=None, description="Why Kafka will never take it as it is, such as `too-large`"
    )


class SpoolAnswer(BaseModel):
    """All that wait: how many, and the oldest thousand by id."""

    waiting: int = Field(description=f"Counted up to {MAX_COUNTED}")
    oldest_at: datetime | None
    requests: list[SpooledRequest]


def spool_routes(settings: Settings) -> APIRouter:
    """Return the routes under `/api/v1/spool`, for tokens with the scope `operate`."""
    routes = APIRouter(tags=["operators"])
    verifier = TokenVerifier(settings.oidc_issuer, AUDIENCE, backchannel_url=settings.oidc_backchannel_url)
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get(
        "/api/v1/spool", summary="What waits for Kafka", responses={503: problem("The database is away")}
    )
    async def spool(request: Request, _: Operator) -> SpoolAnswer:
        """Return the requests that were accepted while Kafka was away and are not on their topic yet."""
        resources: Resources = request.app.state.resources
        try:
            waiting = await resources.spool.waiting()
        except SpoolAway as error:
            raise Unavailable("The spool's database is away") from error
        requests = [
            SpooledRequest(request_id=request_id, spooled_at=since, refused=refused)
            for request_id, since, refused in waiting.oldest
        ]
        return SpoolAnswer(
            waiting=waiting.count, oldest_at=requests[0].spooled_at if requests else None, requests=requests
        )

    @routes.post(
        "/api/v1/spool/{request_id}/send-again",
        status_code=202,
        summary="Publish what Kafka refused",
        responses={404: problem("Nothing")},
    )
    async def send_again(request: Request, request_id: UUID, operator: Operator) -> None:
        """Publish a request again that Kafka refused, once the cause is repaired."""
        resources: Resources = request.app.state.resources
        try:
            found = await resources.spool.send_again(request_id)
        except SpoolAway as error:
            raise Unavailable("The spool's database is away") from error
        if not found:
            raise NotFound("Kafka refused no such request")
        log.info("spooled_sent_again", request_id=str(request_id), by=operator.subject[:100])

    return routes
