"""An operator lays a dead letter aside for good: it was poison, or was dealt with in another way."""

from datetime import datetime, timezone
from http import HTTPStatus

from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.models import DeadLetter
from shared.logs import get_log
from shared.problems import NotFound, Problem

log = get_log(__name__)


class AlreadyRedriven(Problem):
    """409: the dead letter went back to its topic."""

    status = HTTPStatus.CONFLICT
    slug = "already-redriven"
    title = "The dead letter was sent back"


async def dismiss_dead_letter(session: AsyncSession, dead_letter_id: int, by: str) -> DeadLetter:
    """Lay a dead letter aside; it stays in the table, and can still be sent back. A second time changes nothing.

    Raises `NotFound`, `AlreadyRedriven`.
    """
    letter = await session.get(DeadLetter, dead_letter_id, with_for_update=True)
    if letter is None:
        raise NotFound("There is no such dead letter")
    if letter.redriven_at is not None:
        raise AlreadyRedriven
    if letter.dismissed_at is None:
        letter.dismissed_at, letter.dismissed_by = datetime.now(timezone.utc), by
        log.info("dead_letter_dismissed", dead_letter_id=dead_letter_id, topic=letter.origin_topic, by=by)
    return letter
