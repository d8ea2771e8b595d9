"""For intake: the status of a request, as its citizen may see it."""

from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, model_validator

from services.tracker.follow_request import FollowedStatus, NotRegistered, Status, follow_by_link, follow_by_number, read_status
from services.tracker.resources import GivenResources
from shared.authorize import TokenVerifier, require_scope
from shared.transaction import Transaction


class StatusQuestion(BaseModel):
    """Either a work number and the e-mail given with the request, or the token of a mail's link."""

    work_number: str | None = Field(None, max_length=60)
    email: str | None = Field(None, max_length=320)
    link: str | None = Field(None, max_length=200)

    @model_validator(mode="after")
    def _whole(self) -> "StatusQuestion":
        if self.link is None and (self.work_number is None or self.email is None):
            raise ValueError("give work_number and email, or link")
        return self


def status_routes(verifier: TokenVerifier) -> APIRouter:
    """Give the routes of `/api/v1/status`."""
    routes = APIRouter(prefix="/api/v1/status", tags=["status"], dependencies=[Depends(require_scope(verifier, "requests:status"))])

    @routes.post("")
    async def follow(session: Transaction, resources: GivenResources, question: StatusQuestion) -> FollowedStatus:
        if question.link is not None:
            return await follow_by_link(session, question.link, resources.keyring)
        return await follow_by_number(session, question.work_number or "", question.email or "", resources.keyring)

    @routes.get("/{request_id}")
    async def status(session: Transaction, request_id: UUID) -> Status | NotRegistered:
        return await read_status(session, request_id)

    return routes
