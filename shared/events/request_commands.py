"""Commands that a back office sends over Kafka, the same as over tracker's API.

A text for the citizen is sealed to tracker (purpose `command`).
"""

from typing import ClassVar

from pydantic import Field

from shared.events.event import Event
from shared.events.topics import COMMANDS


class RequestCommand(Event):
    """What every command carries; the CloudEvents id makes a repeat the same command."""

    topic: ClassVar = COMMANDS  # the demo back office's; others have their own

    actor: str = Field(
        min_length=1,
        max_length=100,
        description="For whom the back office says it acts; who acts is the user whose topic this came by",
    )


class CommandWithText(RequestCommand):
    """A command whose text goes to the customer: JSON `{"text": "…"}`, sealed."""

    sealed_text: str


class TakeRequest(RequestCommand):
    """Take the request under work."""

    type: ClassVar = "request.take.v1"


class AskCustomer(CommandWithText):
    """Ask the customer something."""

    type: ClassVar = "request.ask_customer.v1"


class CustomerAnswered(RequestCommand):
    """Take the request up again: the customer has answered, for example by phone."""

    type: ClassVar = "request.customer_answered.v1"


class ResolveRequest(CommandWithText):
    """Resolve the request with a text for the customer."""

    type: ClassVar = "request.resolve.v1"


class RejectRequest(CommandWithText):
    """Reject the request with a reason for the customer."""

    type: ClassVar = "request.reject.v1"


class CloseRequest(RequestCommand):
    """Close a resolved or rejected request."""

    type: ClassVar = "request.close.v1"


class ReopenRequest(RequestCommand):
    """Take a resolved, rejected or closed request up again."""

    type: ClassVar = "request.reopen.v1"
