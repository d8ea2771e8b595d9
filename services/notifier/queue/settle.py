"""An operator settles a failed delivery: it is closed without having been delivered, with a note of why."""

from http import HTTPStatus

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.delivery_states import sources
from services.notifier.models import Delivery
from shared.process.logs import get_log
from shared.text.personal_codes import holds_personal_code
from shared.text.typed_text import visible
from shared.web.problems import InvalidFields, NotFound, Problem

log = get_log(__name__)

MAX_NOTE_LENGTH = 1_000


class NotSettleable(Problem):
    """409: the delivery was sent, or is still tried."""

    status = HTTPStatus.CONFLICT
    slug = "not-settleable"
    title = "Only a failed delivery can be settled"


async def settle(session: AsyncSession, delivery_id: int, by: str, note: str | None) -> Delivery:
    """Settle a delivery; a second time changes nothing. `again` takes it up once more.

    Raises `NotFound`, `NotSettleable`, or `InvalidFields` for a note that may not be kept.
    """
    said = _checked(note)
    delivery = await session.get(Delivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise NotFound("There is no such delivery")
    if delivery.state == "settled":
        return delivery
    if delivery.state not in sources("settle"):
        raise NotSettleable(f"It is {delivery.state}")
    delivery.state, delivery.settled_by, delivery.settled_note = "settled", by, said
    await session.flush()
    log.info(
        "delivery_settled",
        channel=delivery.channel,
        delivery=delivery.id,
        request_id=str(delivery.request_id),
        by=by,
    )
    return delivery


def _checked(note: str | None) -> str | None:
    said = visible(note or "", lines=True)
    if len(said) > MAX_NOTE_LENGTH:
        raise InvalidFields([{"field": "note", "message": f"At most {MAX_NOTE_LENGTH} characters"}])
    if holds_personal_code(said):
        raise InvalidFields([{"field": "note", "message": "Leave the henkilötunnus out: the note is kept"}])
    return said or None
