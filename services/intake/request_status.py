"""How a request is getting on, as tracker's status API tells its sender. Pure."""

from datetime import datetime

from pydantic import BaseModel, Field


class Step(BaseModel):
    """A state, since when, and what the citizen was told with it."""

    state: str
    occurred_at: datetime
    text: str | None = None


class RequestStatus(BaseModel):
    """The request and its story in public terms, oldest first; the title is in the request's language."""

    work_number: str
    service_title: str
    state: str
    received_at: datetime = Field(validation_alias="registered_at")
    due_at: datetime
    timeline: list[Step]


class RequestState(BaseModel):
    """Number and state of one request; one whose record was set aside has no number."""

    work_number: str | None
    state: str
