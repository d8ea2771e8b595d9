"""What the API's answers look like."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.tracker.domain import Action, State
from services.tracker.handle_request import By
from services.tracker.models import TrackedRequest
from services.tracker.show_request import Happened, Person, WholeRequest
from services.tracker.submitted_form import Answer
from shared.authorize import Caller


class RequestSummary(BaseModel):
    """A request in a list: no e-mail, no phone, never a henkilötunnus."""

    model_config = ConfigDict(from_attributes=True)

    request_id: UUID
    work_number: str
    service: str
    service_title: str
    service_title_fi: str
    role: str
    language: str
    channel: str
    queue: str
    state: State
    assignee: str | None
    first_name: str
    last_name: str
    submitted_at: datetime
    registered_at: datetime
    due_at: datetime
    resolved_at: datetime | None


class RequestPage(BaseModel):
    """A page of requests, newest first; `next` is the cursor of the page after it."""

    requests: list[RequestSummary]
    next: str | None


class RequestDetail(RequestSummary):
    """One request in full."""

    authentication: str
    person: Person
    answers: list[Answer]
    timeline: list[Happened]
    possible: list[Action]


class Settlement(BaseModel):
    """How a matter was settled in another way."""

    note: str | None = Field(None, max_length=1_000, description="What was done, and what the citizen was told; needed where one waits")


def operator_of(caller: Caller) -> By:
    """Name the operator, or the operators' system, that calls."""
    return By("client" if caller.subject in {caller.client_id, ""} else "staff", caller.subject[:100] or caller.client_id[:100])


def summary(request: TrackedRequest) -> RequestSummary:
    """Put a request into a list."""
    return RequestSummary.model_validate(request)


def detail(whole: WholeRequest) -> RequestDetail:
    """Give a request in full."""
    return RequestDetail(
        **summary(whole.request).model_dump(),
        authentication=whole.request.authentication,
        person=whole.person,
        answers=[Answer.model_validate(answer) for answer in whole.request.answers],
        timeline=list(whole.timeline),
        possible=list(whole.possible),
    )
