"""The input and the result of `submit_request`."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.intake.citizen.identity import Identity
from services.intake.form.catalogue import Service
from services.intake.form.validate_form import ValidForm
from shared.events.vocabulary import Language


@dataclass(frozen=True, slots=True)
class Submission:
    """One sending of a form.

    `idempotency_key` is the caller's key or the form's token. `caller` separates the keys of identified
    callers.
    """

    service: Service
    form: ValidForm
    language: Language
    channel: Literal["site", "api"]
    idempotency_key: str | None
    identity: Identity | None = None
    caller: str = ""
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request is stored: by Kafka, or by the spool if `spooled`."""

    request_id: UUID
    spooled: bool
