"""Events about the outcome of a mail, from notifier to tracker."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.events.event import Event, Moment
from shared.events.topics import MAIL_OUTCOMES

CODES = "The mail server's codes, such as `550 5.1.1`, or what kept it from answering"


class MailOutcome(Event):
    """What every outcome carries."""

    topic: ClassVar = MAIL_OUTCOMES

    cause_id: str = Field(description="CloudEvents id of the lifecycle event that the mail is about")
    template: str = Field(description="`receipt`, `question`, `resolution`, `rejection`")
    message_id: str
    sending: int = Field(
        default=1,
        ge=1,
        description="1 is the one that the event caused; each further one was ordered by a person",
    )
    attempt: int = Field(ge=1)
    occurred_at: Moment


class MailSent(MailOutcome):
    """The mail server took the mail."""

    type: ClassVar = "mail.sent.v1"


class MailDeferred(MailOutcome):
    """The mail server did not take the mail now; it is tried again at `retry_at`."""

    type: ClassVar = "mail.deferred.v1"
    reply: Literal["4xx", "connection"]
    codes: str | None = Field(default=None, max_length=100, description=CODES)
    retry_at: Moment


class MailFailed(MailOutcome):
    """The mail will not be tried again by itself."""

    type: ClassVar = "mail.failed.v1"
    reply: Literal["4xx", "5xx", "connection", "bad-address", "unwritable"]
    codes: str | None = Field(
        default=None,
        max_length=100,
        description="The mail server's codes, such as `550 5.1.1`, or what kept it from answering",
    )


class MailBounced(MailOutcome):
    """A server that had accepted the mail reported a failure (`hard`), a delay (`soft`) or something else.

    `status` is the enhanced status code (RFC 3463), `diagnostic` the class of the SMTP reply, both as in the
    report.
    """

    type: ClassVar = "mail.bounced.v1"
    bounce: Literal["hard", "soft", "unclear"]
    status: str | None = Field(default=None, pattern=r"^[245]\.\d{1,3}\.\d{1,3}$")
    diagnostic: Literal["4xx", "5xx"] | None = None
