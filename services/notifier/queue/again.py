"""An operator has a mail tried again: one that failed, or one whose next try is still far off."""

from http import HTTPStatus

from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.notifier.delivery_states import sources
from services.notifier.models import Delivery
from services.notifier.operate.list_deliveries import DeliveryView
from services.notifier.queue.delivery_lease import CHANNEL
from shared.web.problems import NotFound, Problem


class NotRetriable(Problem):
    """409: the mail was sent, or is about to be."""

    status = HTTPStatus.CONFLICT
    slug = "not-retriable"
    title = "Only a failed or deferred mail can be tried again"


async def retry_delivery(session: AsyncSession, delivery_id: int) -> DeliveryView:
    """Make a mail due now, with its whole time before it again; the worker hears of it with the commit."""
    retried = await session.scalar(
        update(Delivery)
        .where(
            col(Delivery.id) == delivery_id,
            col(Delivery.state).in_(sources("try_again")),
            col(Delivery.contents).is_not(None),
        )
        .values(state="pending", next_attempt_at=func.now(), trying_since=func.now(), finished_at=None)
        .returning(Delivery)
    )
    if retried is None:
        mail = await session.get(Delivery, delivery_id)
        if mail is None:
            raise NotFound("There is no such delivery")
        raise NotRetriable(
            "Its contents are no longer kept" if mail.state == "failed" else f"It is {mail.state}"
        )
    await session.execute(text("select pg_notify(:channel, '')"), {"channel": CHANNEL})
    return DeliveryView.model_validate(retried)
