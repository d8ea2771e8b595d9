"""Which event reports which action."""

from collections.abc import Mapping
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

EVENT_OF: Mapping[Action, type[RequestLifecycle]] = {
    "register": RequestRegistered,
    "take": RequestAssigned,
    "resolve": RequestResolved,
    "close": RequestClosed,
    "reopen": RequestReopened,
}
"""The actions with an event of their own; every other one is reported as `request.state_changed.v1`."""


def event_of(action: Action) -> type[RequestLifecycle]:
    """Return the event that reports an action."""
    return EVENT_OF.get(action, RequestStateChanged)


def lifecycle_event(request: TrackedRequest, action: Action, **facts: Any) -> RequestLifecycle:  # noqa: ANN401  the events' own fields
    """Make the event of a step that was just taken; facts that an event has no field for are left out."""
    return event_of(action).model_validate({**_facts(request), **facts})


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
