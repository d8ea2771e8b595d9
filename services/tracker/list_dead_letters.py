"""The operators' list of dead letters: why, from where, since when; what they hold stays sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.models import DeadLetter

MOST = 200
WAITING = (col(DeadLetter.redriven_at).is_(None), col(DeadLetter.dismissed_at).is_(None))
"""Of those that no operator has dealt with."""


@dataclass(frozen=True, slots=True)
class DeadLetterLine:
    """One dead letter; `key` is the request id if the record had one, `bytes` the length of its value."""

    id: int
    origin_topic: str
    origin_partition: int
    origin_offset: int
    origin_group: str
    reason: str
    detail: str
    buried_at: datetime
    key: str
    bytes: int
    redriven_at: datetime | None
    redriven_by: str | None
    dismissed_at: datetime | None
    dismissed_by: str | None


async def list_dead_letters(
    session: AsyncSession, *, waiting_only: bool = True, before: int | None = None, limit: int = 50
) -> Sequence[DeadLetterLine]:
    """Give dead letters, newest first; `before` is the id that the page before ended with."""
    found = select(DeadLetter).order_by(col(DeadLetter.id).desc()).limit(min(limit, MOST))
    if waiting_only:
        found = found.where(*WAITING)
    if before is not None:
        found = found.where(col(DeadLetter.id) < before)
    return [line(letter) for letter in await session.scalars(found)]


def line(letter: DeadLetter) -> DeadLetterLine:
    """Put a dead letter into a list."""
    return DeadLetterLine(
        letter.id,
        letter.origin_topic,
        letter.origin_partition,
        letter.origin_offset,
        letter.origin_group,
        letter.reason,
        letter.detail,
        letter.buried_at,
        (letter.key or b"").decode(errors="replace")[:100],
        len(letter.value or b""),
        letter.redriven_at,
        letter.redriven_by,
        letter.dismissed_at,
        letter.dismissed_by,
    )
