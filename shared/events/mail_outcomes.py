"""What became of a mail: notifier → tracker."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.events.event import Event, Moment
from shared.events.topics import MAIL_OUTCOMES


class MailOutcome(Event):
    """What every outcome carries."""

    topic: ClassVar = MAIL_OUTCOMES

    cause_id: str = Field(description="CloudEvents id of the lifecycle event that the mail is about")
    template: str = Field(description="`receipt`, `question`, `resolution`, `rejection`")
    message_id: str
    attempt: int = Field(ge=1)
    occurred_at: Moment


class MailSent(MailOutcome):
    """The mail server took the mail."""

    type: ClassVar = "mail.sent.v1"


class MailDeferred(MailOutcome):
    """The mail server did not take the mail now; it is tried again at `retry_at`."""

    type: ClassVar = "mail.deferred.v1"
    reply: Literal["4xx", "connection"]
    retry_at: Moment


class MailFailed(MailOutcome):
    """The mail will not be tried again by itself."""

    type: ClassVar = "mail.failed.v1"
    reply: Literal["4xx", "5xx", "connection", "bad-address", "unwritable"]
