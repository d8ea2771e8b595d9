"""An operator has a mail tried again: one that failed, or one whose next try is still far off."""

from http import HTTPStatus

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery_lease import CHANNEL
from services.notifier.list_deliveries import DeliveryView
from services.notifier.models import Delivery
from shared.problems import NotFound, Problem


class NotRetriable(Problem):
    """409: the mail was sent, or is about to be."""

    status = HTTPStatus.CONFLICT
    slug = "not-retriable"
    title = "Only a failed or deferred mail can be tried again"


async def retry_delivery(session: AsyncSession, delivery_id: int) -> DeliveryView:
    """Make a mail due now, with its whole time before it again; the worker hears of it with the commit."""
    retried = await session.scalar(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state.in_(("failed", "deferred")))
        .values(state="pending", next_attempt_at=func.now(), trying_since=func.now(), finished_at=None)
        .returning(Delivery)
    )
    if retried is None:
        state = await session.scalar(select(Delivery.state).where(Delivery.id == delivery_id))
        raise NotRetriable(f"It is {state}") if state else NotFound("There is no such delivery")
    await session.execute(text("select pg_notify(:channel, '')"), {"channel": CHANNEL})
    return DeliveryView.model_validate(retried)
