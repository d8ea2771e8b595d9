"""The event of a submitted request, from intake to tracker."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.events.event import Event, Moment
from shared.events.topics import SUBMITTED
from shared.events.vocabulary import Language


class RequestSubmitted(Event):
    """What tracker needs to register a request without reading the catalogue.

    Its CloudEvents id is the request id.

    `sealed_form` is for tracker, `sealed_contact` for notifier. `body_digest` is a keyed digest of the body:
    the same request id with another digest means another body under a used key, and the first one is kept.
    """

    type: ClassVar = "request.submitted.v1"
    topic: ClassVar = SUBMITTED

    service: str
    service_title: str = Field(description="The service's name in the citizen's language")
    service_title_fi: str = Field(description="The same for the handlers")
    role: Literal["person", "company"]
    language: Language
    authentication: Literal["none", "strong"]
    channel: Literal["site", "api"]
    queue: str
    due_at: Moment
    retention_days: int = Field(ge=1, description="How long tracker keeps the request after it is closed")
    submitted_at: Moment
    body_digest: str
    sealed_form: str
    sealed_contact: str
    answer_promised: bool = Field(
        default=True, description="False where the citizen asked for no answer, as with feedback"
    )
