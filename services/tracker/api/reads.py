"""For auditors: who was shown which requests."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import col, select

from services.tracker.models import Read
from services.tracker.personal_data.record_read import Purpose
from shared.auth.authorize import TokenVerifier, require_scope
from shared.events.event import Moment
from shared.events.vocabulary import Actor
from shared.text.kept_text import KeptText
from shared.web.transaction import Transaction

MAX_LIMIT = 200
LARGEST_ID = 2**63 - 1


class ReadLine(BaseModel):
    """One read."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    read_at: datetime
    reader_kind: Actor = Field(description="`staff`, or `client` for a system")
    reader: str = Field(description="Staff username or client id")
    purpose: Purpose
    reason: str | None = Field(description="What a person typed who had a henkilötunnus shown")
    request_ids: list[UUID] = Field(
        description="What was shown: one request, or the page of a list or search"
    )
    position: int | None = Field(description="Place in the chain; null for the seconds until it is joined")


class ReadPage(BaseModel):
    """Reads, newest first; `next` is the `before_id` of the next page."""

    reads: list[ReadLine]
    next: int | None


def reads_routes(verifier: TokenVerifier) -> APIRouter:
    """Return `/api/v1/reads`."""
    routes = APIRouter(
        prefix="/api/v1/reads",
        tags=["auditors"],
        dependencies=[Depends(require_scope(verifier, "requests:audit"))],
    )

    @routes.get("", summary="List who read what")
    async def list_them(
        session: Transaction,
        *,
        request_id: UUID | None = None,
        reader: Annotated[KeptText | None, Query(max_length=100)] = None,
        read_after: Moment | None = None,
        read_before: Moment | None = None,
        before_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    ) -> ReadPage:
        """Reading this list is not recorded itself."""
        found = select(Read).order_by(col(Read.id).desc()).limit(limit + 1)
        if request_id is not None:
            found = found.where(col(Read.request_ids).contains([request_id]))
        if reader is not None:
            found = found.where(col(Read.reader) == reader)
        if read_after is not None:
            found = found.where(col(Read.read_at) > read_after)
        if read_before is not None:
            found = found.where(col(Read.read_at) < read_before)
        if before_id is not None:
            found = found.where(col(Read.id) < before_id)
        reads = list(await session.scalars(found))
        page = [ReadLine.model_validate(each) for each in reads[:limit]]
        return ReadPage(reads=page, next=page[-1].id if len(reads) > limit else None)

    return routes
