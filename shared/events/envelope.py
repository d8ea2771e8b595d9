"""Events on the wire: CloudEvents 1.0 in Kafka's binary mode, and back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Generic, TypeVar

from pydantic import ValidationError
from uuid_utils.compat import uuid7

from shared.events import mail_outcomes, request_commands, request_lifecycle, request_submitted
from shared.events.event import EVENTS, Event
from shared.rejected import Rejected

__all__ = ["Envelope", "Message", "decode", "encode", "mail_outcomes", "request_commands", "request_lifecycle", "request_submitted"]

E_co = TypeVar("E_co", bound=Event, covariant=True)
Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka record to be sent: key, value and headers as bytes."""

    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Envelope(Generic[E_co]):
    """One event with its CloudEvents context. A new one gets a UUIDv7 as `id` and the present as `time`."""

    event: E_co
    source: str
    id: str = field(default_factory=lambda: str(uuid7()))
    time: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    traceparent: str | None = None


def encode(envelope: Envelope[Event]) -> Message:
    """Turn an event into a record, keyed by its request."""
    event = envelope.event
    headers = context_headers(event.type, envelope.id, envelope.source, envelope.time, envelope.traceparent)
    return Message(str(event.request_id).encode(), event.__pydantic_serializer__.to_json(event), headers)


def context_headers(type_: str, id_: str, source: str, time: datetime, traceparent: str | None) -> Headers:
    """Write an event's CloudEvents context; an outbox that keeps only the data's bytes needs it apart."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type_.encode()),
        ("ce_time", time.isoformat().encode()),
        ("content-type", b"application/json"),
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def decode(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> Envelope[Event]:
    """Read a record back; raises `Rejected` (`no-event`, `unknown-version`, `unknown-type`, `bad-data`) where it is none of ours."""
    context = _context(headers)
    if context.get("ce_specversion") != "1.0":
        raise Rejected("no-event", "ce_specversion is not 1.0")
    missing = [name for name in ("ce_id", "ce_source", "ce_type", "ce_time") if not context.get(name)]
    if missing or value is None:
        raise Rejected("no-event", f"missing: {', '.join(missing) or 'data'}")
    model = EVENTS.get(context["ce_type"])
    if model is None:
        raise Rejected("unknown-type", context["ce_type"][:100])
    try:
        event = model.model_validate_json(value)
        time = datetime.fromisoformat(context["ce_time"])
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, fault["loc"])) or "data" for fault in error.errors(include_input=False)}))
        raise Rejected("bad-data", f"{model.type}: {fields}"[:500]) from None
    except ValueError:
        raise Rejected("bad-data", "ce_time") from None
    return Envelope(event, context["ce_source"], context["ce_id"], time, context.get("traceparent"))


def _context(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    try:
        return {name: (value or b"").decode() for name, value in headers if name.startswith("ce_") or name == "traceparent"}
    except (UnicodeDecodeError, AttributeError):
        raise Rejected("no-event", "headers are not text") from None
