"""Which event tells the world about which step."""

from typing import Any

from services.tracker.domain import Action
from services.tracker.models import TrackedRequest
from shared.events.request_lifecycle import (
    RequestAssigned,
    RequestClosed,
    RequestContactCorrected,
    RequestLifecycle,
    RequestRegistered,
    RequestReopened,
    RequestResolved,
    RequestStateChanged,
)

EVENT_OF: dict[Action, type[RequestLifecycle]] = {
    "register": RequestRegistered,
    "take": RequestAssigned,
    "ask_customer": RequestStateChanged,
    "customer_answered": RequestStateChanged,
    "resolve": RequestResolved,
    "reject": RequestStateChanged,
    "close": RequestClosed,
    "reopen": RequestReopened,
}


def lifecycle_event(request: TrackedRequest, action: Action, **facts: Any) -> RequestLifecycle:  # noqa: ANN401  the events' own fields
    """Make the event of a step that was just taken; facts that an event has no field for are left out."""
    return EVENT_OF[action].model_validate({**_facts(request), **facts})


def contact_corrected(request: TrackedRequest, **facts: Any) -> RequestContactCorrected:  # noqa: ANN401  as above
    """Make the event of a corrected address."""
    return RequestContactCorrected.model_validate({**_facts(request), **facts})


def _facts(request: TrackedRequest) -> dict[str, Any]:
    return {
        "request_id": request.request_id,
        "work_number": request.work_number,
        "service": request.service,
        "service_title": request.service_title,
        "language": request.language,
        "queue": request.queue,
        "state": request.state,
        "submitted_at": request.submitted_at,
        "due_at": request.due_at,
        "occurred_at": request.changed_at,
        "sealed_contact": request.sealed_contact,
        "assignee": request.assignee,
    }
