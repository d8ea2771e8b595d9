"""Bodies of tracker's status API: the state of a request as its sender may see it. Pure."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared.events.vocabulary import MEANINGS, Meaning, State


class Step(BaseModel):
    """A state, its time, and the text that the citizen got with it."""

    state: str
    occurred_at: datetime
    text: str | None = None


class MailState(BaseModel):
    """The latest mail of a kind.

    Its state is `sending`, `deferred`, `sent`, `failed`, `returned`, or `settled` by an operator if it did
    not arrive.
    """

    template: str
    state: str

    @property
    def undelivered(self) -> bool:
        """True if it did not arrive and waits for a correct address."""
        return self.state in {"failed", "returned"}


class RequestStatus(BaseModel):
    """The request and its history, oldest first; the title is in the request's language.

    `contents_removed_at` is the end of the retention time, when what was written was removed.
    """

    work_number: str
    service: str = ""
    service_title: str
    state: State
    received_at: datetime = Field(validation_alias="registered_at")
    due_at: datetime
    timeline: list[Step]
    contents_removed_at: datetime | None = None
    mails: list[MailState] = []

    @property
    def undelivered(self) -> list[MailState]:
        """The mails that wait for a correct address.

        None once the contents are removed, because the address is removed with them.
        """
        return [mail for mail in self.mails if mail.undelivered and not self.contents_removed_at]

    @property
    def meaning(self) -> Meaning:
        """What the present state means."""
        return MEANINGS[self.state]

    @property
    def informed_by(self) -> MailState | None:
        """The mail about the present state, if it has one."""
        return next((mail for mail in self.mails if mail.template == self.meaning.mail), None)


class ServiceState(BaseModel):
    """Whether requests get their numbers and their mails; `None` is unknown."""

    numbers: bool | None
    mails: bool | None


class RequestState(BaseModel):
    """Number and state of one request; it has no number if its record was set aside."""

    work_number: str | None
    state: str
    mails: list[MailState] = []
