"""Events about a request's life, from tracker to notifier, intake and the back office."""

from typing import ClassVar

from pydantic import Field

from shared.events.event import Event, Moment, WorkNumber
from shared.events.topics import LIFECYCLE
from shared.events.vocabulary import Actor, Language, State


class RequestLifecycle(Event):
    """What every lifecycle event carries; none holds a name, an e-mail or a henkilötunnus in clear.

    `actor` is a staff username or a client id, never a citizen. `sealed_contact` and `sealed_message`
    (`{"text"}`) are for notifier.
    """

    topic: ClassVar = LIFECYCLE

    work_number: str = WorkNumber
    service: str
    service_title: str
    language: Language
    queue: str
    state: State
    actor_kind: Actor
    actor: str | None = None
    submitted_at: Moment
    due_at: Moment
    occurred_at: Moment
    sealed_contact: str


class RequestRegistered(RequestLifecycle):
    """The request was registered and has its work number."""

    type: ClassVar = "request.registered.v1"
    answer_promised: bool = Field(
        default=True, description="False where the citizen asked for no answer, as with feedback"
    )


class RequestAssigned(RequestLifecycle):
    """Somebody took the request."""

    type: ClassVar = "request.assigned.v1"
    assignee: str


class RequestStateChanged(RequestLifecycle):
    """The state changed without an event of its own (waiting for the customer, in progress, rejected)."""

    type: ClassVar = "request.state_changed.v1"
    previous_state: State
    sealed_message: str | None = Field(
        default=None, description="The question to the customer or the reason for the rejection"
    )


class RequestResolved(RequestLifecycle):
    """The back office handled the request; the resolution is for the citizen."""

    type: ClassVar = "request.resolved.v1"
    sealed_message: str


class RequestReopened(RequestLifecycle):
    """A resolved request is being handled again."""

    type: ClassVar = "request.reopened.v1"


class RequestClosed(RequestLifecycle):
    """The request is closed."""

    type: ClassVar = "request.closed.v1"


class RequestMessageAdded(RequestLifecycle):
    """A message was added to the request's timeline."""

    type: ClassVar = "request.message_added.v1"
    sealed_message: str | None = None


class RequestContactCorrected(RequestLifecycle):
    """The citizen's e-mail address was corrected; later mails go to the new one in `sealed_contact`."""

    type: ClassVar = "request.contact_corrected.v1"


class RequestErased(Event):
    """The service's retention time is over, and tracker has removed the request's contents.

    Readers that hold a copy must remove it too. The work number, the state and the times are kept.
    """

    type: ClassVar = "request.erased.v1"
    topic: ClassVar = LIFECYCLE

    work_number: str = WorkNumber
    service: str
    queue: str
    state: State
    closed_at: Moment
    retention_days: int = Field(ge=1)
    occurred_at: Moment


class RequestCommandRefused(Event):
    """A command from `requests.commands` could not be carried out; the answer to its sender."""

    type: ClassVar = "request.command_refused.v1"
    topic: ClassVar = LIFECYCLE

    command_id: str
    command_type: str
    reason: str = Field(description="The same slug as the API's problem")
    detail: str = ""
    occurred_at: Moment
