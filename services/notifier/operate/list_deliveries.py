"""The list of deliveries for operators: the newest first, by state or by request. No row shows an address."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.notifier.delivery_states import DeliveryState
from services.notifier.models import Delivery
from shared import canary


class DeliveryView(BaseModel):
    """One delivery as operators see it."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: int
    channel: str = Field(description="How it is delivered, such as `mail`")
    request_id: UUID
    event_id: str = Field(description="CloudEvents id of the lifecycle event that it is about")
    work_number: str
    service_title: str
    template: str
    language: str
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None = Field(
        description="Null once it is finished, and while an earlier one of the same request is open"
    )
    last_reply: str | None = Field(
        description="The codes of the reply, such as `550 5.1.1`; words may hold an address and are not kept"
    )
    message_id: str
    sending: int = Field(
        description="1 is the one that the event caused; each further one was ordered by a person"
    )
    returned_at: datetime | None = Field(
        description="When a server that had taken this sending reported that it did not arrive"
    )
    return_status: str | None = Field(description="The enhanced status code of that report, such as `5.1.1`")
    created_at: datetime
    finished_at: datetime | None
    settled_by: str | None = Field(description="Who closed it without a delivery")
    settled_note: str | None = Field(description="What they noted")


class DeliveryPage(BaseModel):
    """Some deliveries, newest first; `next` is the `before` of the following page, null on the last one."""

    deliveries: Sequence[DeliveryView]
    next: int | None


async def list_deliveries(
    session: AsyncSession,
    *,
    state: DeliveryState | None,
    request_id: UUID | None,
    before: int | None,
    limit: int,
) -> DeliveryPage:
    """Return a page of deliveries."""
    query = (
        select(Delivery)
        .where(col(Delivery.work_number) != canary.WORK_NUMBER)
        .order_by(col(Delivery.id).desc())
        .limit(limit + 1)
    )
    if state:
        query = query.where(col(Delivery.state) == state)
    if request_id:
        query = query.where(col(Delivery.request_id) == request_id)
    if before is not None:
        query = query.where(col(Delivery.id) < before)
    rows = (await session.scalars(query)).all()
    shown = [DeliveryView.model_validate(row) for row in rows[:limit]]
    return DeliveryPage(deliveries=shown, next=shown[-1].id if len(rows) > limit else None)
