"""What is sent in, and what comes of it."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.intake.citizen.identity import Identity
from services.intake.form.catalogue import Service
from services.intake.form.validate_form import ValidForm
from shared.events.vocabulary import Language


@dataclass(frozen=True, slots=True)
class Submission:
    """One press of LÄHETÄ. `idempotency_key` is the caller's key or the form's token; `caller` tells one identified caller's keys from another's."""

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
    """The request is kept by Kafka, or by the spool where `spooled`."""

    request_id: UUID
    spooled: bool
