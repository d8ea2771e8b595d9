"""Requires a note when an operator settles something that concerns a citizen.

The note goes onto the request's timeline, if there is a request.
"""

from datetime import datetime, timezone
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.tracker.domain import By
from services.tracker.handle.handle_request import PersonalCodeInText
from services.tracker.models import HistoryEntry
from shared.text.personal_codes import holds_personal_code
from shared.text.typed_text import visible
from shared.web.problems import InvalidFields

MAX_NOTE_LENGTH = 1_000
NOTE_NEEDED = InvalidFields(
    [{"field": "note", "message": "Say what was done, and what the citizen was told"}]
)


def read_note(note: str | None) -> str | None:
    """Return what was said, or nothing.

    Raises `InvalidFields` where it cannot be kept, `PersonalCodeInText`.
    """
    said = visible(note or "", lines=True)
    if len(said) > MAX_NOTE_LENGTH:
        raise InvalidFields([{"field": "note", "message": f"At most {MAX_NOTE_LENGTH} characters"}])
    if holds_personal_code(said):
        raise PersonalCodeInText(
            "note", "Leave the henkilötunnus out: the note stays on the request's timeline"
        )
    return said or None


def note_on_timeline(
    session: AsyncSession, request_id: UUID, kind: str, by: By, **details: str | int
) -> None:
    """Enter into a request's history what was done about it outside of its states."""
    now, facts = datetime.now(timezone.utc), details or None
    session.add(
        HistoryEntry(
            request_id=request_id,
            event_id=uuid7(),
            type=kind,
            occurred_at=now,
            actor_kind=by.kind,
            actor=by.name,
            details=facts,
        )
    )
