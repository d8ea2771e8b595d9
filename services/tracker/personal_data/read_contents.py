"""Reads answers and texts, encrypted or as an earlier version wrote them in clear."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from services.tracker.models import HistoryEntry, TrackedRequest
from services.tracker.personal_data.at_rest import AtRest
from services.tracker.personal_data.submitted_form import Answer

ANSWERS = TypeAdapter(list[Answer])


def answers_of(request: TrackedRequest, at_rest: AtRest) -> Sequence[Answer]:
    """Return the answers of a request; raises `CannotDecrypt`."""
    if request.answers_box is None:
        return ANSWERS.validate_python(request.answers)
    return ANSWERS.validate_json(at_rest.decrypt_answers(request.answers_box, request.request_id))


def text_of(entry: HistoryEntry, at_rest: AtRest) -> str | None:
    """Return what the citizen was told by an entry, if anything; raises `CannotDecrypt`."""
    return entry.text if entry.text_box is None else at_rest.decrypt_text(entry.text_box, entry.event_id)
