"""Looking into tracker's tables, and the usual first step of a test."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.on_request_submitted import on_request_submitted
from shared.database.engine import Sessions
from shared.events.envelope import Envelope
from shared.events.event import Event
from tests.service.tracker.builders import submission


async def fetch_rows(sessions: Sessions, query: str, **values: object) -> Sequence[Row[Any]]:
    async with sessions() as session:
        return (await session.execute(text(query), values)).all()


async def register(sessions: Sessions, keyring: Keyring, *submissions: Envelope[Event]) -> None:
    """Hand submissions to the handler as one batch."""
    async with sessions.begin() as session:
        await on_request_submitted(session, submissions, keyring=keyring)


async def register_one(sessions: Sessions, keyring: Keyring, sent: Envelope[Event] | None = None) -> UUID:
    """Register a request, of the usual kind unless another is given, and give its id."""
    sent = sent or submission()
    await register(sessions, keyring, sent)
    return sent.event.request_id


async def history_types(sessions: Sessions, request_id: UUID) -> list[str]:
    """Return the types of what happened to a request."""
    found = await fetch_rows(
        sessions, "select type from history where request_id = :id order by id", id=request_id
    )
    return [row.type for row in found]
