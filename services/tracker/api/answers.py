"""What the API's answers look like."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.tracker.domain import Action, By
from services.tracker.find.show_request import Happened, Person, WholeRequest
from services.tracker.models import TrackedRequest
from services.tracker.personal_data.submitted_form import Answer
from shared.auth.authorize import Caller
from shared.events.vocabulary import State
from shared.text.personal_codes import hide_personal_codes

Covered: TypeAlias = Annotated[str, AfterValidator(hide_personal_codes)]
"""A text in which a henkilötunnus is covered: an earlier version accepted one there."""


class HandledRequest(BaseModel):
    """A request without its person: what is kept of the answer to a command."""

    model_config = ConfigDict(from_attributes=True, validate_by_name=True)

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
    submitted_at: datetime
    registered_at: datetime
    due_at: datetime
    resolved_at: datetime | None
    contents_removed_at: datetime | None = Field(
        validation_alias="erased_at",
        description="When the retention time was over: what the citizen wrote, and who it was, is removed",
    )


class RequestSummary(HandledRequest):
    """A request in a list: no e-mail, no phone, never a henkilötunnus."""

    first_name: Covered
    last_name: Covered


class CommandAnswer(HandledRequest):
    """A request after a command; the names only for a token that has the scope `requests:read` too."""

    first_name: Covered | None = None
    last_name: Covered | None = None


class RequestPage(BaseModel):
    """A page of requests, newest first; `next` is the cursor of the page after it."""

    requests: list[RequestSummary]
    next: str | None


class RequestDetail(RequestSummary):
    """One request in full; a henkilötunnus is masked for who has not the scope `requests:personal-code`."""

    authentication: str
    person: Person
    answers: list[Answer]
    timeline: list[Happened]
    possible: list[Action]


class Settlement(BaseModel):
    """How a matter was settled in another way."""

    note: str | None = Field(
        None,
        max_length=1_000,
        description="What was done, and what the citizen was told; needed where one waits",
    )


def operator_of(caller: Caller) -> By:
    """Name the operator, or the operators' system, that calls."""
    return By(
        "client" if caller.subject in {caller.client_id, ""} else "staff",
        caller.subject[:100] or caller.client_id[:100],
    )


def summary(request: TrackedRequest) -> RequestSummary:
    """Put a request into a list."""
    return RequestSummary.model_validate(request)


def detail(whole: WholeRequest) -> RequestDetail:
    """Return a request in full."""
    return RequestDetail(
        **summary(whole.request).model_dump(),
        authentication=whole.request.authentication,
        person=whole.person,
        answers=list(whole.answers),
        timeline=list(whole.timeline),
        possible=list(whole.possible),
    )
