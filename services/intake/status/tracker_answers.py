"""How a request is getting on, as tracker's status API tells its sender. Pure."""

from datetime import datetime

from pydantic import BaseModel, Field


class Step(BaseModel):
    """A state, since when, and what the citizen was told with it."""

    state: str
    occurred_at: datetime
    text: str | None = None


TOLD_BY = {
    "received": "receipt",
    "waiting_for_customer": "question",
    "resolved": "resolution",
    "closed": "resolution",
    "rejected": "rejection",
}
"""Which mail brings the citizen what a state is about."""


class MailState(BaseModel):
    """The latest mail of a kind: `sending`, `deferred`, `sent`, `failed`, `returned`, or `settled` by an operator where it did not arrive."""

    template: str
    state: str

    @property
    def undelivered(self) -> bool:
        """Say whether it waits for the right address."""
        return self.state in {"failed", "returned"}


class RequestStatus(BaseModel):
    """The request and its story in public terms, oldest first; the title is in the request's language.

    `contents_removed_at` is when the service's retention time was over: what was written is no longer there.
    """

    work_number: str
    service: str = ""
    service_title: str
    state: str
    received_at: datetime = Field(validation_alias="registered_at")
    due_at: datetime
    timeline: list[Step]
    contents_removed_at: datetime | None = None
    mails: list[MailState] = []

    @property
    def undelivered(self) -> list[MailState]:
        """Give the mails that wait for the right address; none once the contents are removed, an address with them."""
        return [mail for mail in self.mails if mail.undelivered and not self.contents_removed_at]

    @property
    def told_by(self) -> MailState | None:
        """Give the mail that brings what the state is about."""
        return next((mail for mail in self.mails if mail.template == TOLD_BY.get(self.state)), None)


class ServiceState(BaseModel):
    """Whether requests get their numbers and their mails; nothing where that is not known."""

    numbers: bool | None
    mails: bool | None


class RequestState(BaseModel):
    """Number and state of one request; one whose record was set aside has no number."""

    work_number: str | None
    state: str
    mails: list[MailState] = []
